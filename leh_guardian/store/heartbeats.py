"""Owns when each heartbeat from outside was last heard; the one rule: rows are made by the file's reading alone, a beat makes none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from leh_guardian.model.heartbeat import Heard
from leh_guardian.model.text import storable
from leh_guardian.store.transaction import Transaction


async def beat(tx: Transaction, beats: Mapping[str, datetime]) -> set[str]:
    """Write down when heartbeats were sent; returns the names that are expected at all. One that is older changes nothing."""
    sent = {storable(name): at for name, at in beats.items()}
    # Locked in order, so that two batches wait for each other instead of deadlocking.
    rows = await tx.fetch(
        "with known as (select name from heartbeats where name = any($1::text[]) order by name for update)"
        " update heartbeats h set seen_at = greatest(h.seen_at, u.at) from known join unnest($1::text[], $2::timestamptz[])"
        " u(name, at) using (name) where h.name = known.name returning h.name",
        list(sent),
        list(sent.values()),
    )
    return {row["name"] for row in rows}


async def expect(tx: Transaction, now: datetime, names: Collection[str]) -> list[Heard]:
    """Lock and return what is known of `names`, by name; what is new is expected from now on."""
    await tx.execute(
        "insert into heartbeats (name, since, looked_at) select n, $2, $2 from unnest($1::text[]) n order by n on conflict do nothing",
        list(names),
        now,
    )
    rows = await tx.fetch(
        "select name, since, seen_at, looked_at, back_at from heartbeats where name = any($1::text[]) order by name for update",
        list(names),
    )
    return [Heard(row["name"], row["since"], row["seen_at"], row["looked_at"], row["back_at"]) for row in rows]


async def looked(tx: Transaction, now: datetime, names: Collection[str], back: Collection[str]) -> None:
    """Write down that guardian has looked at `names`, and is `back` from a standstill for some of them."""
    await tx.execute(
        "update heartbeats set looked_at = greatest(looked_at, $2),"
        " back_at = case when name = any($3::text[]) then $2 else back_at end where name = any($1::text[])",
        list(names),
        now,
        list(back),
    )


async def forget(tx: Transaction, names: Collection[str], before: datetime) -> list[str]:
    """Drop all but `names` that no replica has looked at since then; returns what went."""
    rows = await tx.fetch(
        "delete from heartbeats where name <> all($1::text[]) and looked_at < $2 returning name", list(names), before
    )
    return sorted(row["name"] for row in rows)
