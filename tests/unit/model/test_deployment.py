"""Deployments: how a function may be called, and whose deployment changes what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leh_guardian.model.deployment import Deployment, function_name

ARN = "arn:aws:lambda:ap-northeast-2:123456789012:function:leh-ai-worker"


@pytest.mark.parametrize(
    ("called", "name", "alias"),
    [
        ("leh-ai-worker", "leh-ai-worker", None),
        ("leh-ai-worker:live", "leh-ai-worker", "live"),
        ("leh-ai-worker:$LATEST", "leh-ai-worker", None),
        (ARN, "leh-ai-worker", None),
        (f"{ARN}:12", "leh-ai-worker", "12"),
        ("123456789012:function:leh-ai-worker:live", "leh-ai-worker", "live"),
        ("arn:aws-cn:lambda:cn-north-1:123456789012:function:f", "f", None),
        ("function", "function", None),
    ],
)
def test_a_function_by_any_of_its_names(called: str, name: str, alias: str | None) -> None:
    """A name, a partial or a full ARN, with an alias or version, or without."""
    assert function_name(called) == (name, alias)


@pytest.mark.parametrize("called", ["", "a b", "a:b:c", f"{ARN}:", "arn:aws:s3:::bucket", "람다", "a\n", "x" * 141])
def test_what_is_no_function(called: str) -> None:
    """It has no name."""
    assert function_name(called) is None


@pytest.mark.parametrize(
    ("told", "by_person", "waited", "answers"),
    [
        (None, False, None, True),
        (None, False, "live", False),
        ("live", False, "live", True),
        ("live", False, None, False),
        (None, True, "live", True),
        ("test", True, "live", False),
    ],
)
def test_whose_deployment_it_is(told: str | None, by_person: bool, waited: str | None, answers: bool) -> None:
    """New code changes what the bare name runs, a moved alias what the alias runs; a person's word is about all."""
    deployment = Deployment("f", datetime(2026, 11, 22, tzinfo=UTC), "told", "kim", told, by_person=by_person)
    assert deployment.answers(waited) is answers
