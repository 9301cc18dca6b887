"""How long parked work waits: told, and failed where it is too long or not known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.parked import ParkedTable
from leh_guardian.context import Capabilities
from leh_guardian.handlers.parked_age import ParkedAgeParams, parked_age
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome
from tests.support.attempt import attempt
from tests.support.clock import FakeClock
from tests.support.evidence_server import REGION
from tests.support.gate_tables import Tables
from tests.support.installation import client


async def look(aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, ages: Sequence[Any], **more: Any) -> Outcome:
    """Look at a table in which a piece waits for each of `ages` hours; None: it does not say since when."""
    for name, value in aws_server.environment().items():
        monkeypatch.setenv(name, value)
    clock = FakeClock()
    with client("dynamodb", aws_server.environment()) as dynamo:
        tables = Tables(dynamo)
        for number, age in enumerate(ages):
            since = {} if age is None else {"first_seen": (clock.now() - timedelta(hours=age)).isoformat()}
            tables.put(
                tables.parked, case_id=f"case_{number}", item=f"ev_{number}#1", copy="1", origin="sqs:x", **since
            )
    async with open_aws(REGION) as aws:
        parked = ParkedTable(aws, await aws.client("dynamodb"), tables.parked)
        can = Capabilities(None, {}, None, parked=parked, **{"breaker_table": tables.breaker, **more})  # type: ignore[arg-type]
        return await parked_age(attempt(can, clock=clock), ParkedAgeParams())


@pytest.mark.parametrize(
    ("ages", "kind", "words"),
    [
        ([], NoOp, "nothing is parked"),
        ([1, 2], Done, "2 pieces of work of 2 cases are parked, the oldest for 2:00:00 (case_1)"),
        ([1, 25], Failed, "case_1"),
        ([None], Failed, "since when"),
    ],
)
async def test_the_oldest_decides(
    aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, ages: Sequence[Any], kind: type[Outcome], words: str
) -> None:
    """Within a day it is told, beyond it people are called; nothing is no trouble."""
    outcome = await look(aws_server, monkeypatch, ages)
    assert isinstance(outcome, kind)
    assert words in str(outcome)


async def test_without_circuits_nothing_is_looked_at(aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that does not use them is not asked for a table."""
    outcome = await look(aws_server, monkeypatch, [99], breaker_table=None)
    assert isinstance(outcome, NoOp)


def test_a_moment_is_the_least() -> None:
    """Seconds would call people for what is on its way."""
    with pytest.raises(ValueError, match="greater than or equal"):
        ParkedAgeParams(most=timedelta(seconds=1))
