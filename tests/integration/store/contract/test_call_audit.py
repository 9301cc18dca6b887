"""What the audit of calls finds: in PostgreSQL and in the small store alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.model.action import Role
from leh_guardian.model.escalation import Escalation, Why
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import Severity
from leh_guardian.model.policy import AfterLast
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions, call_audit, timers
from leh_guardian.store.call_audit import Overdue
from tests.integration.store.contract.conftest import Store
from tests.support.escalation import RUNBOOK
from tests.support.rows import NOW, action, incident

ONE = UUID(int=1)
FINITE = replace(RUNBOOK, after_last=AfterLast(times=2))
LAST = len(RUNBOOK.steps) - 1
CALLED = Escalation(RUNBOOK, 1, step=0)


def minutes(count: float) -> timedelta:
    """Return a length of time."""
    return timedelta(minutes=count)


async def lost(store: Store, now: datetime = NOW, **more: Any) -> list[tuple[int, str]]:
    """Ask as the audit does."""
    found = await store.do(lambda tx: call_audit.unattended(tx, now, now - minutes(2), 10, **more))
    return [(one.int, kind.value) for one, kind in found]


@pytest.mark.parametrize(
    ("changed", "lacks"),
    [
        ({"escalation": CALLED}, "escalate"),
        ({"escalation": CALLED, "status": IncidentStatus.SNOOZED}, "snooze"),
        ({"escalation": CALLED, "status": IncidentStatus.ACKNOWLEDGED}, "unack"),
        ({"escalation": CALLED, "status": IncidentStatus.ACKNOWLEDGED, "severity": Severity.SEV5}, None),
        ({"escalation": CALLED, "status": IncidentStatus.RESOLVED}, None),
        ({}, None),
        ({"escalation": Escalation(FINITE, 1, step=LAST, repeats=1)}, "escalate"),
        ({"escalation": Escalation(FINITE, 1, step=LAST, repeats=2)}, None),
        ({"escalation": Escalation(FINITE, 1, step=LAST, repeats=2, pending=Why.ASKED)}, "escalate"),
        ({"escalation": Escalation(FINITE, 1, step=0, repeats=2)}, "escalate"),
    ],
    ids=[
        *"called snoozed acknowledged held-for-ever resolved nobody-to-call repeats ended raised-after-end".split(),
        "not-at-the-last",
    ],
)
async def test_what_nothing_goes_on_with(store: Store, changed: dict[str, Any], lacks: str | None) -> None:
    """Found without its timer, with which one it lacks; with it, or among others alone, it is not."""
    await store.open(incident(**changed), incident(2))
    assert await lost(store) == ([] if lacks is None else [(1, lacks)])
    assert await lost(store, among=[UUID(int=2)]) == []
    if lacks is not None:
        assert await lost(store, among=[ONE]) == [(1, lacks)]
        set_ = [(ONE, TimerKind(lacks), NOW - minutes(60))]
        await store.do(lambda tx: timers.set_timers(tx, set_))
        assert await lost(store) == []


async def test_a_message_in_flight_goes_on(store: Store) -> None:
    """One that was due a moment ago does; one that is for later, long due, or no message does not."""
    await store.open(*(incident(n, escalation=CALLED) for n in range(1, 5)))
    tell = {"role": Role.TELL, "serialize_key": None}
    await store.plan(
        action(1, 1, **tell),
        action(2, 2, due_at=NOW + minutes(5), **tell),
        action(3, 3, due_at=NOW - minutes(3), **tell),
        action(4, 4),
    )
    assert await lost(store) == [(2, "escalate"), (3, "escalate"), (4, "escalate")]
    await store.do(lambda tx: actions.claim(tx, NOW, Mode.ACT, "one", 9))
    assert await lost(store, NOW + minutes(9)) == [(2, "escalate"), (4, "escalate")]


async def test_what_is_long_due_is_counted(store: Store) -> None:
    """Timers and messages that were due before then, and the oldest of each; what runs under a lease is no message that waits."""
    late = NOW - minutes(2)
    assert await store.do(lambda tx: call_audit.overdue(tx, late)) == Overdue()
    await store.open(incident(), incident(2))
    set_ = [(ONE, TimerKind.ESCALATE, NOW - minutes(9)), (UUID(int=2), TimerKind.RESOLVE, NOW - minutes(5))]
    await store.do(lambda tx: timers.set_timers(tx, [*set_, (ONE, TimerKind.REMIND, NOW)]))
    tell = {"role": Role.TELL, "serialize_key": None}
    await store.plan(
        action(1, due_at=NOW - minutes(7), **tell),
        action(2, due_at=NOW - minutes(3), **tell),
        action(3, due_at=NOW - minutes(1), **tell),
        action(4, due_at=NOW - minutes(8)),
    )
    found = await store.do(lambda tx: call_audit.overdue(tx, late))
    assert found == Overdue(2, NOW - minutes(9), 2, NOW - minutes(7))
    await store.do(lambda tx: actions.claim(tx, NOW, Mode.ACT, "one", 9))
    assert (await store.do(lambda tx: call_audit.overdue(tx, late))).messages == 0
