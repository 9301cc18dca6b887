"""A check as a step of a rule: what fails and what was not seen calls people, and later steps match its status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.handlers.check_s3_tmp import check_s3_tmp
from leh_guardian.ports.checks import Checking
from leh_guardian.registry import Registry
from leh_guardian.store.pool import Pool
from tests.support.builders import alarm_event
from tests.support.checking import can_check, checking
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.house import House, World, rule_set
from tests.support.s3_outside import BUCKET, REGION, Entry, S3Outside

RULES = """
version: 1
rules:
  - id: tmp
    mode: act
    pattern: {detail: {alarmName: [{prefix: due-}]}}
    dedup: detail.alarmName
    guards: {cooldown: 1s}
    on_failure: ON_FAILURE
    actions:
      - {id: tmp, uses: check_s3_tmp}
      - {uses: look, if: {tmp: {status: [FAIL, UNKNOWN]}}, with: {what: bad}}
      - {id: other, uses: look, if: {tmp: {status: [OK, WARN]}}, with: {what: good}}
"""
RULE = """<Rule><ID>tmp</ID><Status>Enabled</Status><Filter/><Expiration><Days>7</Days></Expiration>
<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"""


@pytest.fixture
async def given(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[S3Outside, Checking]]:
    """A bucket, and what looks at it."""
    with S3Outside() as s3:
        for name, value in s3.environment().items():
            monkeypatch.setenv(name, value)
        s3.rules = RULE
        async with open_aws(REGION) as aws:
            yield s3, checking(aws, bucket=BUCKET)


@pytest.mark.parametrize(
    ("state", "on_failure", "looked", "called"),
    [
        ("good", "escalate", "good", False),
        ("late", "escalate", None, True),
        ("late", "continue", "bad", False),
        ("unseen", "escalate", None, True),
    ],
)
async def test_a_step_of_a_rule(
    given: tuple[S3Outside, Checking],
    pool: Pool,
    tmp_path: Path,
    state: str,
    on_failure: str,
    looked: str | None,
    called: bool,
) -> None:
    """OK goes on; FAIL and UNKNOWN stop the plan and people are told why, or a later step matches the status."""
    s3, checks = given
    clock, world = FakeClock(), World()
    s3.put(Entry("tmp/a", clock.now() - timedelta(days=30 if state == "late" else 1)))
    if state == "unseen":
        s3.faults.always("ListObjectsV2", refuse(403, "AccessDenied"))
    registry = Registry((*world.registry(), check_s3_tmp.__handler__))  # type: ignore[attr-defined]
    rules = rule_set(tmp_path, RULES.replace("ON_FAILURE", on_failure), registry=registry)
    house = House(pool, rules, world, clock, registry=registry, capabilities=can_check(checks))
    await house.take(alarm_event("due-1"))
    await house.work()
    assert list(world.effects) == ([looked] if looked else [])
    assert any("check_s3_tmp" in text for text in world.told) is called
