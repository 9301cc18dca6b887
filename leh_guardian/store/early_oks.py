"""Owns the newest OK of each key; the one rule: kept while an alarm that is older than it may still be on its way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from leh_guardian.store.incidents import RuleKey
from leh_guardian.store.transaction import Transaction


async def remember(tx: Transaction, oks: Mapping[RuleKey, datetime]) -> None:
    """Remember when OKs happened at their source."""
    if not oks:
        return
    # Sorted, so that two replicas wait for each other instead of deadlocking.
    keys = sorted(oks)
    await tx.execute(
        "insert into early_oks (rule_id, dedup_key, ok_at)"
        " select * from unnest($1::text[], $2::text[], $3::timestamptz[])"
        " on conflict (rule_id, dedup_key) do update set ok_at = greatest(early_oks.ok_at, excluded.ok_at)",
        [rule_id for rule_id, _ in keys],
        [dedup_key for _, dedup_key in keys],
        [oks[key] for key in keys],
    )


async def newest(tx: Transaction, keys: Collection[RuleKey]) -> dict[RuleKey, datetime]:
    """Return the remembered OKs of `keys`."""
    rows = await tx.fetch(
        "select rule_id, dedup_key, ok_at from early_oks join unnest($1::text[], $2::text[]) k(rule_id, dedup_key)"
        " using (rule_id, dedup_key)",
        [rule_id for rule_id, _ in keys],
        [dedup_key for _, dedup_key in keys],
    )
    return {(row["rule_id"], row["dedup_key"]): row["ok_at"] for row in rows}


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop OKs whose alarm will not come any more, at most `portion`; returns how many."""
    return await tx.execute(
        "delete from early_oks where (rule_id, dedup_key) in"
        " (select rule_id, dedup_key from early_oks where ok_at < $1 order by ok_at limit $2)",
        before,
        portion,
    )
