"""Owns the rows that canaries leave; the one rule: they are gone within hours, and nothing else of the store is touched."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from leh_guardian.model.canary import CANARY
from leh_guardian.model.identity import key
from leh_guardian.model.journal import Kind
from leh_guardian.store.transaction import Transaction


async def completed(tx: Transaction, nonces: Collection[str]) -> set[str]:
    """Return those of `nonces` whose canary went the whole way: planned, run, settled, journalled, its incident closed."""
    rows = await tx.fetch(
        "select i.dedup_key from incidents i where i.rule_id = $1 and i.dedup_key = any($2::text[]) and i.status = 'resolved'"
        " and exists (select 1 from actions a where a.incident_id = i.id and a.handler = $1 and a.status = 'succeeded')"
        " and exists (select 1 from journal j where j.incident_id = i.id and j.kind = $3)",
        CANARY,
        sorted(nonces),
        Kind.PLAN_DONE,
    )
    return {row["dedup_key"] for row in rows}


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop all that canaries taken in before `before` have left, at most `portion` of them; returns how many."""
    rows = await tx.fetch(
        "select id, event_id from incidents where rule_id = $1 and opened_at < $2 order by opened_at limit $3"
        " for update skip locked",
        CANARY,
        before,
        portion,
    )
    if not rows:
        return 0
    gone = [row["id"] for row in rows]
    await tx.execute("delete from journal where incident_id = any($1::uuid[])", gone)
    await tx.execute("delete from actions where incident_id = any($1::uuid[])", gone)
    await tx.execute("delete from incidents where id = any($1::uuid[])", gone)
    await tx.execute("delete from inbox where event_key = any($1::uuid[])", [key(row["event_id"]) for row in rows])
    await tx.execute("delete from rule_runs where rule_id = $1 and started_at < $2", CANARY, before)
    await tx.execute("delete from rule_keys where rule_id = $1 and last_run_at < $2", CANARY, before)
    return len(gone)
