"""Owns the twins of store/check_reports.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.model.check import SentReport
from leh_guardian.store import check_reports as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import CHECK_REPORTS, Row


def _sent(row: Row) -> datetime:
    at: datetime = row["sent_at"]
    return at


async def keep(tx: Transaction, report: SentReport) -> None:
    """Do as the real one."""
    row = {
        "action_id": report.action_id,
        "sent_at": report.sent_at,
        "week": report.week,
        "overall": report.overall.value,
    }
    async with statement(tx, "check_reports.keep") as work:
        await work.insert(CHECK_REPORTS, [row], spare=CHECK_REPORTS.primary)


async def untold(tx: Transaction, most: int) -> Sequence[SentReport]:
    """Do as the real one."""
    async with statement(tx, "check_reports.untold") as work:
        found = sorted((row for row in work.rows(CHECK_REPORTS) if not row["told"]), key=_sent)[:most]
        return [real._report(row) for row in await work.locked(CHECK_REPORTS, found, lambda row: not row["told"])]


async def before(tx: Transaction, at: datetime) -> SentReport | None:
    """Do as the real one."""
    async with statement(tx, "check_reports.before") as work:
        earlier = [row for row in work.rows(CHECK_REPORTS) if row["sent_at"] < at]
    return real._report(max(earlier, key=_sent)) if earlier else None


async def tell(tx: Transaction, action_ids: Sequence[UUID]) -> None:
    """Do as the real one."""
    async with statement(tx, "check_reports.tell") as work:
        for row in [row for each in action_ids for row in work.find(CHECK_REPORTS, each)]:
            await work.update(CHECK_REPORTS, row, told=True)


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "check_reports.forget") as work:
        old = sorted((row for row in work.rows(CHECK_REPORTS) if row["sent_at"] < before), key=_sent)
        return await work.delete(CHECK_REPORTS, old[:portion])
