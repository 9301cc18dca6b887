"""Which letters are meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from leh_guardian.model.letter import read_letter
from leh_guardian.ports import ReceivedMessage
from leh_guardian.redrive.selection import Selection

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
FAILED = {
    "RequestID": {"DataType": "String", "StringValue": "r"},
    "ErrorCode": {"DataType": "Number", "StringValue": "200"},
    "ErrorMessage": {"DataType": "String", "StringValue": "ThrottlingException: Rate exceeded"},
}


def refusal(selection: dict[str, Any], body: Any = None, *, age: float | None = 600, **attributes: Any) -> str:
    """Why a letter is not meant."""
    body = json.dumps({"case_id": "case_1", "n": 3} if body is None else body).encode()
    sent_at = None if age is None else NOW.timestamp() - age
    message = ReceivedMessage("m", "r", body, attributes=attributes, sent_at=sent_at)
    return Selection.model_validate(selection).refusal(message, read_letter(body, attributes), NOW)


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        ({}, ""),
        ({"older_than": "5m"}, ""),
        ({"older_than": "15m"}, "too young"),
        ({"newer_than": "15m"}, ""),
        ({"newer_than": "5m"}, "too old"),
        ({"cases": ["case_1", "case_2"]}, ""),
        ({"cases": ["case_2"]}, "of another case"),
        ({"errors": ["unknown"]}, ""),
        ({"errors": ["Throttling"]}, "of another error"),
        ({"where": "body.n > `2`"}, ""),
        ({"where": "body.n > `3`"}, "does not fit `where`"),
        ({"where": "body.n"}, ""),
        ({"where": "body.missing"}, "does not fit `where`"),
        ({"where": "length(body.n)"}, "does not fit `where`"),
        ({"where": "contains(cases, 'case_1') && age_seconds > `500` && error == 'unknown'"}, ""),
    ],
)
def test_a_letter_that_does_not_tell_its_error(selection: dict[str, Any], why: str) -> None:
    """Age, case and content are looked at; its error is unknown."""
    assert refusal(selection) == why


@pytest.mark.parametrize(
    ("errors", "why"),
    [(["Throttling"], ""), (["200"], ""), (["unknown"], "of another error"), (["Key"], "of another error")],
)
def test_a_letter_that_tells_its_error(errors: list[str], why: str) -> None:
    """By any part of its type, code or message."""
    assert refusal({"errors": errors}, **FAILED) == why


def test_a_letter_of_unknown_age_is_not_chosen_by_age() -> None:
    """Where the queue does not tell when it was sent, neither side of an age fits."""
    assert refusal({"older_than": "1s"}, age=None) == refusal({"newer_than": "1d"}, age=None) == "of unknown age"


@pytest.mark.parametrize(
    "wrong", [{"where": "body.["}, {"where": "nothing(body)"}, {"older_than": "ten"}, {"case": "x"}]
)
def test_a_selection_that_cannot_be_is_refused_when_the_rules_are_loaded(wrong: dict[str, Any]) -> None:
    """Not at three in the morning."""
    with pytest.raises(ValidationError):
        Selection.model_validate(wrong)
