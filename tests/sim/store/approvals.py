"""Owns the twins of store/approvals.py; the one rule: as there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from leh_guardian.model.text import storable
from leh_guardian.store.approvals import Approval
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import APPROVALS


async def add(tx: Transaction, action_id: UUID, approval: Approval) -> None:
    """Do as the real one."""
    row = {"action_id": action_id, "who": storable(approval.who), "name": storable(approval.name), "at": approval.at}
    async with statement(tx, "approvals.add") as work:
        await work.insert(APPROVALS, [row], spare=APPROVALS.primary)


async def of_action(tx: Transaction, action_id: UUID) -> list[Approval]:
    """Do as the real one."""
    async with statement(tx, "approvals.of_action") as work:
        rows = [row for row in work.rows(APPROVALS) if row["action_id"] == action_id]
    rows.sort(key=lambda row: (row["at"], row["who"]))
    return [Approval(row["who"], row["name"], row["at"]) for row in rows]


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "approvals.forget") as work:
        old = sorted((row for row in work.rows(APPROVALS) if row["at"] < before), key=lambda row: row["at"])
        return await work.delete(APPROVALS, old[:portion])
