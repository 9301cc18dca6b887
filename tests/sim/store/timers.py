"""Owns the twins of store/timers.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.store.timers import TimerKind
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import TIMERS


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


async def take_due(tx: Transaction, now: datetime) -> tuple[UUID, TimerKind] | None:
    """Do as the real one."""
    kinds = [kind.value for kind in TimerKind]
    async with statement(tx, "timers.take_due") as work:
        among = sorted(work.rows(TIMERS), key=lambda row: row["due_at"])
        due = await work.locked(
            TIMERS, among, lambda row: row["due_at"] <= now and row["kind"] in kinds, skip=True, limit=1
        )
        await work.delete(TIMERS, due)
    return (due[0]["incident_id"], TimerKind(due[0]["kind"])) if due else None
