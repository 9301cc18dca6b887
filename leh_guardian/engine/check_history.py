"""Owns the way to what checks came to, and what an action's end keeps of it; the one rule: a transaction for each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from leh_guardian.model.action import ClaimedAction
from leh_guardian.model.check import KeptResult, SentReport, Status
from leh_guardian.store import check_reports, check_results
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction


async def keep(tx: Transaction, claimed: ClaimedAction, facts: Mapping[str, Any], now: datetime) -> None:
    """Write down what an action has found if it is a check: its facts say so by its own handler's name."""
    status = facts.get("status")
    if facts.get("check") == claimed.handler and isinstance(status, str) and status in set(Status):
        await check_results.keep(tx, claimed.id, claimed.rule_id, claimed.handler, now, Status(status), facts)


class StoredChecks:
    """The port `CheckHistory` over guardian's database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def weekly(self, since: datetime, until: datetime, zone: str) -> Sequence[KeptResult]:
        """Return the newest result of each check in each calendar week of a zone."""
        async with transaction(self._pool) as tx:
            return await check_results.weekly(tx, since, until, zone)

    async def sent(self, report: SentReport) -> None:
        """Write down that a report went out; told twice, it is one."""
        async with transaction(self._pool) as tx:
            await check_reports.keep(tx, report)
