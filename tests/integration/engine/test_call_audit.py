"""Nobody is forgotten: what would have gone on with an incident and is gone is found within a minute, mended, and shouted about."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leh_guardian.app.watching import watches
from leh_guardian.engine.call_audit import FRESH, CallAudit
from leh_guardian.engine.distress import Distress
from leh_guardian.model.plan import Severity
from leh_guardian.model.timer import TimerKind
from leh_guardian.settings import load_settings
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.integration.engine.test_calling import answer
from tests.support.builders import alarm_event
from tests.support.house import ToyChannel
from tests.support.on_call import Called


class Audit:
    """An installation with people in it, and its audit."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.called = Called(pool, folder)
        self.house = self.called.house
        self.audit = CallAudit(pool, self.called.clock, self.house.metrics, replica="one", planned=lambda: None)

    async def run(self) -> str | None:
        """Audit once; returns what keeps the heartbeat back."""
        await self.audit.run_once()
        return self.audit.why_not()

    async def break_by_hand(self, sql: str, *values: Any) -> None:
        """Change the database as a defect would."""
        async with transaction(self.house.pool) as tx:
            await tx.execute(sql, *values)

    def repaired(self, kind: str) -> float:
        """How many timers of this kind were set anew."""
        return self.house.metrics.audit_repairs.labels(kind)._value.get()


@pytest.fixture
def audit(pool: Pool, tmp_path: Path) -> Audit:
    """One with nothing open."""
    return Audit(pool, tmp_path / "rules")


async def test_all_is_well(audit: Audit) -> None:
    """Before the first audit nothing is proved; called, acknowledged, snoozed and resolved ones pass; an old audit proves nothing."""
    assert audit.audit.why_not() == "no audit of calls yet"
    await audit.house.take(alarm_event("down-a"), alarm_event("leak-a"), alarm_event("mend-a"))
    assert await audit.run() is None
    await audit.called.until(1)
    assert await audit.run() is None
    await audit.house.take(alarm_event("down-b"))
    await audit.called.until(2)
    assert await answer(audit.called, "acknowledge")
    await audit.house.take(alarm_event("down-c"))
    await audit.called.until(3)
    assert await answer(audit.called, "snooze", timedelta(minutes=20), "later")
    assert await audit.run() is None
    await audit.called.until(130)
    assert await audit.run() is None
    assert audit.audit.report()["ok"]
    await audit.house.resolve()
    assert await audit.run() is None
    audit.called.clock.advance(seconds=FRESH + 1)
    assert audit.audit.why_not() == "the last audit of calls was 181 s ago"


@pytest.mark.parametrize(
    ("verb", "arguments", "kind", "called_at"),
    [
        (None, (), "escalate", [(1, 2, "slack")]),
        ("acknowledge", (), "unack", [(1, 1, "ops"), (1, 1, "slack")]),
        ("snooze", (timedelta(minutes=20), "later"), "snooze", [(1, 1, "ops"), (1, 1, "slack")]),
    ],
    ids=["triggered", "acknowledged", "snoozed"],
)
async def test_a_lost_timer_is_set_anew(
    audit: Audit, verb: str | None, arguments: tuple[Any, ...], kind: str, called_at: list[tuple[float, int, str]]
) -> None:
    """Whoever deleted it: the next audit finds it gone, people are called at once, the journal and the metrics say so."""
    await audit.house.take(alarm_event("down-a"))
    await audit.called.until(1)
    if verb:
        assert await answer(audit.called, verb, *arguments)
    await audit.break_by_hand("delete from timers")
    before = len(audit.called.calls())
    assert f"1 without {kind}" in str(await audit.run())
    assert f"1 without {kind}" in str(audit.audit.lost())
    assert "audit.repaired" in await audit.house.journal()
    assert audit.repaired(kind) == 1
    await audit.called.until(1)
    assert audit.called.calls()[before:] == called_at
    assert await audit.run() is None
    assert audit.repaired(kind) == 1


async def test_a_message_in_flight_is_enough_and_an_old_one_is_not(audit: Audit) -> None:
    """A message that was due 3 minutes ago and has not gone out goes on with nothing; a claimed one does while its lease lasts."""
    await audit.house.take(alarm_event("down-a"))
    await audit.break_by_hand("delete from timers")
    assert await audit.run() is None
    audit.called.clock.advance(minutes=3)
    why = str(await audit.run())
    assert "1 without escalate" in why
    assert audit.audit.stuck() == "2 messages due for up to 180 s"
    assert audit.house.metrics.oldest_unsent._value.get() == 180
    await audit.break_by_hand("delete from timers")
    await audit.break_by_hand(
        "update actions set status = 'running', lease_until = clock_timestamp() + interval '1 minute' where role = 'tell'"
    )
    assert await audit.run() is None
    await audit.break_by_hand("update actions set lease_until = clock_timestamp() - interval '3 minutes'")
    assert "1 without escalate" in str(await audit.run())


async def test_a_loop_that_is_stuck_is_seen(audit: Audit) -> None:
    """Timers long due fail the audit and are left to the loop, which keeps to their time once it works again."""
    await audit.house.take(alarm_event("down-a"))
    await audit.called.until(1)
    audit.called.clock.advance(minutes=33)
    assert str(await audit.run()).startswith("1 timers due for up to 240 s")
    assert audit.house.metrics.escalation_lateness._value.get() == 240
    assert audit.audit.lost() is None
    await audit.called.until(34)
    assert await audit.run() is None
    assert audit.house.metrics.escalation_lateness._value.get() == 0


async def test_what_needs_no_timer_is_left_alone(audit: Audit) -> None:
    """A policy that has come to its end, an acknowledgement that holds for ever, an incident that calls nobody, one that is over."""
    await audit.house.take(alarm_event("down-a"), alarm_event("down-b"), alarm_event("down-c"), alarm_event("down-d"))
    await audit.called.until(0)
    await audit.break_by_hand("delete from timers")
    await audit.break_by_hand(
        "update incidents set policy = (jsonb_set(policy::jsonb, '{after_last,times}', '0'))::json,"
        " escalation = (jsonb_set(escalation::jsonb, '{step}', '2'))::json where dedup_key = 'down-a'"
    )
    await audit.break_by_hand(
        "update incidents set status = 'acknowledged', severity = $1 where dedup_key = 'down-b'", Severity.SEV4.value
    )
    await audit.break_by_hand("update incidents set escalation = null where dedup_key = 'down-c'")
    await audit.break_by_hand("update incidents set status = 'resolved' where dedup_key = 'down-d'")
    assert await audit.run() is None


async def test_two_replicas_mend_it_once(audit: Audit) -> None:
    """Each asks again under the incident's lock, so the second finds it mended."""
    await audit.house.take(alarm_event("down-a"))
    await audit.called.until(1)
    await audit.break_by_hand("delete from timers")
    other = CallAudit(audit.house.pool, audit.called.clock, audit.house.metrics, replica="two", planned=lambda: None)
    async with transaction(audit.house.pool) as tx:
        [incident] = await tx.fetch("select id from incidents")
    await audit.run()
    assert await other._repair(incident["id"], TimerKind.ESCALATE) is None
    assert (await audit.house.journal()).count("audit.repaired") == 1


async def test_people_are_told_directly(audit: Audit) -> None:
    """Of a lost call at once, of what is stuck once it was so at two audits; each time that it is over, too."""
    settings = load_settings({"LEH_DATABASE_URL": "postgresql://u@db/x", "LEH_QUEUE__ALERTS": "q", "AWS_REGION": "r"})
    auditor: Any = SimpleNamespace(snapshot=SimpleNamespace(failing={}))
    house, seconds = audit.house, [0.0]
    console = ToyChannel(house.world, "console", audit.called.clock)
    cry = Distress(
        list(watches(settings, auditor, audit.audit, None)),
        {"console": console},
        "console",
        audit.called.clock,
        house.metrics,
        lambda: seconds[0],
        replica="one",
    )

    async def told(later: float) -> list[str]:
        seconds[0] += later
        audit.called.clock.advance(seconds=later)
        house.world.notices.clear()
        await audit.run()
        await cry.run_once()
        return [notice.title for notice in house.world.notices]

    assert await told(0) == []
    await house.take(alarm_event("down-a"))
    await audit.called.until(1)
    await audit.break_by_hand("delete from timers")
    assert await told(0) == ["[SEV1] guardian 자체 장애: lost_call"]
    assert await told(60) == ["[복구] guardian: lost_call"]
    await house.work()
    assert await told(40 * 60) == []
    assert await told(60) == []
    assert await told(60) == ["[SEV1] guardian 자체 장애: late_calls"]
    await house.work()
    assert await told(5) == ["[복구] guardian: late_calls"]
