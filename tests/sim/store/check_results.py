"""Owns the twins of store/check_results.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from leh_guardian.model.check import KeptResult, Status
from leh_guardian.model.text import dump_json
from leh_guardian.store import check_results as real
from leh_guardian.store.check_results import Untold
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import CHECK_RESULTS, Row


def _looked(row: Row) -> datetime:
    at: datetime = row["looked_at"]
    return at


async def keep(
    tx: Transaction, action_id: UUID, rule_id: str, check: str, at: datetime, status: Status, facts: Mapping[str, Any]
) -> None:
    """Do as the real one."""
    async with statement(tx, "check_results.keep") as work:
        before = [row for row in work.rows(CHECK_RESULTS) if row["check_name"] == check and row["looked_at"] <= at]
        last = max(before, key=_looked, default=None)
        since = last["since"] if last is not None and last["status"] == status.value else at
        row = {"action_id": action_id, "check_name": check, "rule_id": rule_id, "looked_at": at, "status": status.value}
        row |= {"since": since, "facts": dump_json(dict(facts))}
        await work.insert(CHECK_RESULTS, [row], spare=CHECK_RESULTS.primary)


async def weekly(tx: Transaction, since: datetime, until: datetime, zone: str) -> list[KeptResult]:
    """Do as the real one."""
    async with statement(tx, "check_results.weekly") as work:
        rows = sorted((row for row in work.rows(CHECK_RESULTS) if since < row["looked_at"] <= until), key=_looked)
    newest = {(row["check_name"], _looked(row).astimezone(ZoneInfo(zone)).isocalendar()[:2]): row for row in rows}
    return [
        real._kept(row)
        for row in sorted(newest.values(), key=lambda row: (row["check_name"], -_looked(row).timestamp()))
    ]


async def untold(tx: Transaction, most: int) -> Sequence[Untold]:
    """Do as the real one."""
    async with statement(tx, "check_results.untold") as work:
        rows = work.rows(CHECK_RESULTS)
        found = sorted((row for row in rows if not row["told"]), key=_looked)[:most]
        told = []
        for row in await work.locked(CHECK_RESULTS, found, lambda row: not row["told"]):
            before = [o for o in rows if o["check_name"] == row["check_name"] and o["looked_at"] < row["looked_at"]]
            last = max(before, key=_looked, default=None)
            status = Status(last["status"]) if last is not None else None
            told.append(Untold(row["action_id"], row["rule_id"], real._kept(row), status))
        return told


async def tell(tx: Transaction, action_ids: Sequence[UUID]) -> None:
    """Do as the real one."""
    async with statement(tx, "check_results.tell") as work:
        for row in [row for each in action_ids for row in work.find(CHECK_RESULTS, each)]:
            await work.update(CHECK_RESULTS, row, told=True)


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "check_results.forget") as work:
        old = sorted((row for row in work.rows(CHECK_RESULTS) if row["looked_at"] < before), key=_looked)
        return await work.delete(CHECK_RESULTS, old[:portion])
