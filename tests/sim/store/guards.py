"""Owns the twins of store/guards.py; the one rule: as there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.store.incidents import RuleKey
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import RULE_KEYS, RULE_RUNS


async def runs_since(tx: Transaction, since: datetime, rule_ids: Collection[str]) -> dict[str, list[datetime]]:
    """Do as the real one."""
    runs: dict[str, list[datetime]] = defaultdict(list)
    async with statement(tx, "guards.runs_since") as work:
        for row in work.rows(RULE_RUNS):
            if row["rule_id"] in rule_ids and row["started_at"] > since:
                runs[row["rule_id"]].append(row["started_at"])
    return runs


async def last_runs(tx: Transaction, keys: Collection[RuleKey]) -> dict[RuleKey, datetime]:
    """Do as the real one."""
    async with statement(tx, "guards.last_runs") as work:
        return {key: row["last_run_at"] for key in keys for row in work.find(RULE_KEYS, *key)}


async def record_runs(tx: Transaction, runs: Sequence[tuple[RuleKey, datetime, UUID]]) -> None:
    """Do as the real one."""
    if not runs:
        return
    started = [
        {"rule_id": rule_id, "started_at": start, "incident_id": incident_id}
        for (rule_id, _), start, incident_id in runs
    ]
    async with statement(tx, "guards.record_runs") as work:
        await work.insert(RULE_RUNS, started)
    newest: dict[RuleKey, datetime] = {}
    for key, start, _ in runs:
        newest[key] = max(start, newest.get(key, start))
    rows = [{"rule_id": rule_id, "dedup_key": key, "last_run_at": at} for (rule_id, key), at in newest.items()]
    async with statement(tx, "guards.record_runs") as work:
        await work.insert(
            RULE_KEYS,
            rows,
            spare=RULE_KEYS.primary,
            merge=lambda there, new: {"last_run_at": max(there["last_run_at"], new["last_run_at"])},
        )


async def forget(tx: Transaction, before: datetime) -> int:
    """Do as the real one."""
    async with statement(tx, "guards.forget") as work:
        old = await work.delete(RULE_RUNS, work.rows(RULE_RUNS), lambda row: row["started_at"] < before)
    async with statement(tx, "guards.forget") as work:
        return old + await work.delete(RULE_KEYS, work.rows(RULE_KEYS), lambda row: row["last_run_at"] < before)
