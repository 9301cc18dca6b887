"""Owns the twins of store/call_audit.py; the one rule: as there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from leh_guardian.model.timer import TimerKind
from leh_guardian.store.call_audit import Overdue
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import ACTIONS, INCIDENTS, TIMERS, Row
from tests.sim.store.work import Work

_LACKS = {"triggered": TimerKind.ESCALATE, "snoozed": TimerKind.SNOOZE, "acknowledged": TimerKind.UNACK}
_OPEN = {"scheduled", "waiting", "running"}


async def unattended(
    tx: Transaction, now: datetime, late: datetime, limit: int, among: Sequence[UUID] | None = None
) -> list[tuple[UUID, TimerKind]]:
    """Do as the real one."""
    async with statement(tx, "call_audit.unattended") as work:
        found = [
            (row["id"], _LACKS[row["status"]])
            for row in work.rows(INCIDENTS)
            if row["status"] != "resolved"
            and row["escalation"]
            and (among is None or row["id"] in among)
            and _needs_timer(row)
            and not _goes_on(work, row, now, late)
        ]
    return sorted(found)[:limit]


def _needs_timer(row: Row) -> bool:
    policy, escalation = json.loads(row["policy"]), json.loads(row["escalation"])
    if row["status"] == "acknowledged":
        return policy["ack"]["timeout"].get(row["severity"]) is not None
    times = policy["after_last"]["times"]
    last = escalation["step"] >= len(policy["steps"]) - 1
    ended = last and times is not None and escalation["pending"] is None and escalation["repeats"] >= times
    return row["status"] == "snoozed" or not ended


def _goes_on(work: Work, row: Row, now: datetime, late: datetime) -> bool:
    lacks = _LACKS[row["status"]]
    if any((t["incident_id"], t["kind"]) == (row["id"], lacks.value) for t in work.rows(TIMERS)):
        return True
    messages = [a for a in work.rows(ACTIONS) if a["incident_id"] == row["id"] and a["role"] == "tell"]
    return lacks is TimerKind.ESCALATE and any(_in_flight(work, message, now, late) for message in messages)


def _in_flight(work: Work, row: Row, now: datetime, late: datetime) -> bool:
    if row["status"] == "running":
        return bool(row["lease_until"] > work.database.now())
    return row["status"] in _OPEN and bool(late <= row["due_at"] <= now)


async def overdue(tx: Transaction, late: datetime) -> Overdue:
    """Do as the real one."""
    kinds = [kind.value for kind in TimerKind]
    async with statement(tx, "call_audit.overdue") as work:
        long_ago = work.database.now() - timedelta(minutes=2)
        timers = [row["due_at"] for row in work.rows(TIMERS) if row["due_at"] < late and row["kind"] in kinds]
        messages = [
            row["due_at"]
            for row in work.rows(ACTIONS)
            if row["role"] == "tell" and row["due_at"] < late and _waits(row, long_ago)
        ]
    return Overdue(len(timers), min(timers, default=None), len(messages), min(messages, default=None))


def _waits(row: Row, long_ago: datetime) -> bool:
    if row["status"] == "running":
        return bool(row["lease_until"] < long_ago)
    return row["status"] in {"scheduled", "waiting"}
