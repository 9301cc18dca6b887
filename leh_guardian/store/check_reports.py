"""Owns the rows of weekly reports that went out; the one rule: one for each action, and the next one knows the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.check import SentReport, Status
from leh_guardian.store.transaction import Transaction


async def keep(tx: Transaction, report: SentReport) -> None:
    """Write down that a report went out; told twice, it is one."""
    await tx.execute(
        "insert into check_reports (action_id, sent_at, week, overall) values ($1, $2, $3, $4) on conflict do nothing",
        report.action_id,
        report.sent_at,
        report.week,
        report.overall.value,
    )


async def untold(tx: Transaction, most: int) -> Sequence[SentReport]:
    """Return reports that no rule has heard of, the oldest first; locked, so that another replica waits for what becomes of them."""
    rows = await tx.fetch(
        "select action_id, sent_at, week, overall from check_reports where not told order by sent_at limit $1 for update",
        most,
    )
    return [_report(row) for row in rows]


async def before(tx: Transaction, at: datetime) -> SentReport | None:
    """Return the newest report that went out before an instant."""
    row = await tx.fetchrow(
        "select action_id, sent_at, week, overall from check_reports where sent_at < $1 order by sent_at desc limit 1",
        at,
    )
    return _report(row) if row else None


async def tell(tx: Transaction, action_ids: Sequence[UUID]) -> None:
    """Say that rules have heard of reports."""
    await tx.execute("update check_reports set told = true where action_id = any($1::uuid[])", list(action_ids))


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop reports from before an instant, at most `portion`."""
    return await tx.execute(
        "delete from check_reports where action_id in (select action_id from check_reports where sent_at < $1"
        " order by sent_at limit $2)",
        before,
        portion,
    )


def _report(row: Any) -> SentReport:
    return SentReport(row["action_id"], row["sent_at"], row["week"], Status(row["overall"]))
