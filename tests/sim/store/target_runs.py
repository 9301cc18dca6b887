"""Owns the twins of store/target_runs.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from leh_guardian.model.guards import Budget, spent
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import TARGET_RUNS


async def take(
    tx: Transaction,
    handler: str,
    target: str,
    action_id: UUID,
    now: datetime,
    budgets: Sequence[Budget],
    *,
    beyond: bool = False,
) -> bool:
    """Do as the real one."""
    row = {"handler": handler, "target": target, "actions": [action_id], "started_at": [now], "newest_at": now}
    async with statement(tx, "target_runs.take") as work:
        while not await work.insert(TARGET_RUNS, [row], spare=TARGET_RUNS.primary):
            there = work.find(TARGET_RUNS, handler, target)
            for held in await work.locked(TARGET_RUNS, there):
                runs = dict(zip(held["actions"], held["started_at"], strict=True))
                if action_id not in runs and not beyond and spent(budgets, list(runs.values()), now):
                    return False
                since = now - max((budget.per for budget in budgets), default=timedelta(0))
                kept = {one: at for one, at in runs.items() if at > since or one == action_id} | {
                    action_id: runs.get(action_id, now)
                }
                ordered = sorted(kept, key=lambda one: (kept[one], one))
                starts = [kept[one] for one in ordered]
                await work.update(TARGET_RUNS, held, actions=ordered, started_at=starts, newest_at=max(starts))
                return True
        return True


async def of(tx: Transaction, handler: str, target: str) -> list[datetime]:
    """Do as the real one."""
    async with statement(tx, "target_runs.of") as work:
        return [at for row in work.find(TARGET_RUNS, handler, target) for at in row["started_at"]]


async def forget(tx: Transaction, before: datetime) -> int:
    """Do as the real one."""
    async with statement(tx, "target_runs.forget") as work:
        return await work.delete(TARGET_RUNS, work.rows(TARGET_RUNS), lambda row: row["newest_at"] < before)
