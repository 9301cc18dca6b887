"""Owns the twins of store/timers.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.model.timer import TimerKind
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import INCIDENTS, TIMERS


async def set_timers(tx: Transaction, timers: Sequence[tuple[UUID, TimerKind, datetime]]) -> None:
    """Do as the real one."""
    if timers:
        latest = {(incident_id, kind): due_at for incident_id, kind, due_at in timers}
        rows = [{"incident_id": i, "kind": kind.value, "due_at": due_at} for (i, kind), due_at in latest.items()]
        async with statement(tx, "timers.set_timers") as work:
            await work.insert(TIMERS, rows, spare=TIMERS.unique[0], merge=lambda _, new: {"due_at": new["due_at"]})


async def clear_timers(tx: Transaction, timers: Sequence[tuple[UUID, TimerKind]]) -> None:
    """Do as the real one."""
    if timers:
        keys = [(incident_id, kind.value) for incident_id, kind in timers]
        async with statement(tx, "timers.clear_timers") as work:
            await work.delete(TIMERS, work.rows(TIMERS), lambda row: (row["incident_id"], row["kind"]) in keys)


async def take_due(tx: Transaction, now: datetime) -> tuple[UUID, TimerKind, datetime] | None:
    """Do as the real one."""
    kinds = [kind.value for kind in TimerKind]
    async with statement(tx, "timers.take_due") as work:
        ripe = [row for row in work.rows(TIMERS) if row["due_at"] <= now and row["kind"] in kinds]
        for row in sorted(ripe, key=lambda row: (row["due_at"], row["id"])):
            if await work.locked(INCIDENTS, work.find(INCIDENTS, row["incident_id"]), skip=True):
                gone = await work.delete(TIMERS, [row], lambda row: row["due_at"] <= now)
                return (row["incident_id"], TimerKind(row["kind"]), row["due_at"]) if gone else None
    return None
