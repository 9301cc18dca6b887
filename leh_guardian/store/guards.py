"""Owns what guards remember: runs per rule and the last run per key; the one rule: read and written under the rule's lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.store.incidents import RuleKey
from leh_guardian.store.transaction import Transaction


async def runs_since(tx: Transaction, since: datetime, rule_ids: Collection[str]) -> dict[str, list[datetime]]:
    """Return when each rule started runs after `since`."""
    rows = await tx.fetch(
        "select rule_id, started_at from rule_runs where rule_id = any($1::text[]) and started_at > $2",
        list(rule_ids),
        since,
    )
    runs: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        runs[row["rule_id"]].append(row["started_at"])
    return runs


async def last_runs(tx: Transaction, keys: Collection[RuleKey]) -> dict[RuleKey, datetime]:
    """Return when each key last started a run."""
    rows = await tx.fetch(
        "select rule_id, dedup_key, last_run_at from rule_keys join unnest($1::text[], $2::text[]) k(rule_id, dedup_key)"
        " using (rule_id, dedup_key)",
        [rule_id for rule_id, _ in keys],
        [dedup_key for _, dedup_key in keys],
    )
    return {(row["rule_id"], row["dedup_key"]): row["last_run_at"] for row in rows}


async def record_runs(tx: Transaction, runs: Sequence[tuple[RuleKey, datetime, UUID]]) -> None:
    """Remember that runs start: (key, start, incident)."""
    if not runs:
        return
    rules = [rule_id for (rule_id, _), _, _ in runs]
    keys = [dedup_key for (_, dedup_key), _, _ in runs]
    starts = [start for _, start, _ in runs]
    await tx.execute(
        "insert into rule_runs (rule_id, started_at, incident_id)"
        " select * from unnest($1::text[], $2::timestamptz[], $3::uuid[])",
        rules,
        starts,
        [incident_id for _, _, incident_id in runs],
    )
    await tx.execute(
        "insert into rule_keys (rule_id, dedup_key, last_run_at)"
        " select r, d, max(s) from unnest($1::text[], $2::text[], $3::timestamptz[]) u(r, d, s) group by r, d"
        " on conflict (rule_id, dedup_key) do update set last_run_at = greatest(rule_keys.last_run_at, excluded.last_run_at)",
        rules,
        keys,
        starts,
    )


async def forget(tx: Transaction, before: datetime) -> int:
    """Drop what no guard can ask for any more; returns how many rows."""
    old = await tx.execute("delete from rule_runs where started_at < $1", before)
    return old + await tx.execute("delete from rule_keys where last_run_at < $1", before)
