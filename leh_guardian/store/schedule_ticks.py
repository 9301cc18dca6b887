"""Owns the rows of what is decided of schedules; the one rule: a row is read and written under the lock of its rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from leh_guardian.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Decided:
    """Up to when a rule's schedule is decided."""

    rule_id: str
    schedule: str
    at: datetime


async def known(tx: Transaction, rule_ids: Collection[str]) -> dict[str, Decided]:
    """Return what is decided of rules; those that were never seen are left out."""
    rows = await tx.fetch(
        "select rule_id, schedule, decided_at from schedule_ticks where rule_id = any($1::text[])", list(rule_ids)
    )
    return {row["rule_id"]: Decided(row["rule_id"], row["schedule"], row["decided_at"]) for row in rows}


async def save(tx: Transaction, now: datetime, decided: Sequence[Decided]) -> None:
    """Write what is decided, and that the rules are known `now`."""
    if not decided:
        return
    ordered = sorted(decided, key=lambda one: one.rule_id)
    await tx.execute(
        "insert into schedule_ticks (rule_id, schedule, decided_at, looked_at)"
        " select r, s, d, $4 from unnest($1::text[], $2::text[], $3::timestamptz[]) u(r, s, d)"
        " on conflict (rule_id) do update set schedule = excluded.schedule, decided_at = excluded.decided_at,"
        " looked_at = greatest(schedule_ticks.looked_at, excluded.looked_at)",
        [one.rule_id for one in ordered],
        [one.schedule for one in ordered],
        [one.at for one in ordered],
        now,
    )


async def forget(tx: Transaction, off: Collection[str], kept: Collection[str], before: datetime) -> int:
    """Drop what is decided of rules that are `off`, and of those not `kept` that nobody has known since `before`."""
    return await tx.execute(
        "delete from schedule_ticks where rule_id = any($1::text[]) or (rule_id <> all($2::text[]) and looked_at < $3)",
        sorted(off),
        sorted(kept),
        before,
    )
