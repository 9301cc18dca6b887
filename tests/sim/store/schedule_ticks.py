"""Owns the twins of store/schedule_ticks.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from leh_guardian.store.schedule_ticks import Decided
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import SCHEDULE_TICKS, Row


async def known(tx: Transaction, rule_ids: Collection[str]) -> dict[str, Decided]:
    """Do as the real one."""
    async with statement(tx, "schedule_ticks.known") as work:
        rows = [row for rule_id in sorted(set(rule_ids)) for row in work.find(SCHEDULE_TICKS, rule_id)]
    return {row["rule_id"]: Decided(row["rule_id"], row["schedule"], row["decided_at"]) for row in rows}


async def save(tx: Transaction, now: datetime, decided: Sequence[Decided]) -> None:
    """Do as the real one."""
    if not decided:
        return
    rows = [
        {"rule_id": one.rule_id, "schedule": one.schedule, "decided_at": one.at, "looked_at": now}
        for one in sorted(decided, key=lambda one: one.rule_id)
    ]
    async with statement(tx, "schedule_ticks.save") as work:
        await work.insert(SCHEDULE_TICKS, rows, spare=SCHEDULE_TICKS.primary, merge=_newer)


async def forget(tx: Transaction, off: Collection[str], kept: Collection[str], before: datetime) -> int:
    """Do as the real one."""

    def gone(row: Row) -> bool:
        return row["rule_id"] in off or (row["rule_id"] not in kept and row["looked_at"] < before)

    async with statement(tx, "schedule_ticks.forget") as work:
        return await work.delete(SCHEDULE_TICKS, work.rows(SCHEDULE_TICKS), gone)


def _newer(there: Row, new: Row) -> Row:
    return {**new, "looked_at": max(there["looked_at"], new["looked_at"])}
