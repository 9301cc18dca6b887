"""Owns the twins of store/canaries.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from leh_guardian.model.canary import CANARY
from leh_guardian.model.identity import key
from leh_guardian.model.journal import Kind
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import ACTIONS, INBOX, INCIDENTS, JOURNAL, RULE_KEYS, RULE_RUNS


async def completed(tx: Transaction, nonces: Collection[str]) -> set[str]:
    """Do as the real one."""
    async with statement(tx, "canaries.completed") as work:
        run = {
            row["incident_id"] for row in work.rows(ACTIONS) if (row["handler"], row["status"]) == (CANARY, "succeeded")
        }
        told = {row["incident_id"] for row in work.rows(JOURNAL) if row["kind"] == Kind.PLAN_DONE}
        return {
            row["dedup_key"]
            for row in work.rows(INCIDENTS)
            if (row["rule_id"], row["status"]) == (CANARY, "resolved")
            and row["dedup_key"] in nonces
            and row["id"] in run & told
        }


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "canaries.forget") as work:
        old = sorted(work.rows(INCIDENTS), key=lambda row: row["opened_at"])
        old = [row for row in old if row["rule_id"] == CANARY and row["opened_at"] < before]
        rows = await work.locked(INCIDENTS, old, skip=True, limit=portion)
    if not rows:
        return 0
    gone = [row["id"] for row in rows]
    for table in (JOURNAL, ACTIONS):
        async with statement(tx, "canaries.forget") as work:
            await work.delete(table, [row for row in work.rows(table) if row["incident_id"] in gone])
    async with statement(tx, "canaries.forget") as work:
        await work.delete(INCIDENTS, [row for row in work.rows(INCIDENTS) if row["id"] in gone])
    events = [key(row["event_id"]) for row in rows]
    async with statement(tx, "canaries.forget") as work:
        await work.delete(INBOX, [row for row in work.rows(INBOX) if row["event_key"] in events])
    for table, column in ((RULE_RUNS, "started_at"), (RULE_KEYS, "last_run_at")):
        async with statement(tx, "canaries.forget") as work:
            done = [row for row in work.rows(table) if row["rule_id"] == CANARY and row[column] < before]
            await work.delete(table, done)
    return len(gone)
