"""Owns what was taken in: the event log and the inbox; the one rule: an event that matched is planned once, however often it comes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.store.transaction import Transaction


async def log_bodies(tx: Transaction, received_at: datetime, bodies: Sequence[tuple[bool, bytes]]) -> None:
    """Append (matched, body) pairs to the event log: the whole cost of an event that matches nothing."""
    rows = [(received_at, matched, body) for matched, body in bodies]
    await tx.copy_rows("event_log", ["received_at", "matched", "body"], rows)


async def take(tx: Transaction, received_at: datetime, keys: Sequence[UUID]) -> set[UUID]:
    """Enter event keys into the inbox; returns those that were not there yet."""
    rows = await tx.fetch(
        "insert into inbox (event_key, received_at) select k, $2 from unnest($1::uuid[]) k"
        " on conflict do nothing returning event_key",
        # Sorted, so that two replicas with the same duplicates wait for each other instead of deadlocking.
        sorted(set(keys), key=lambda key: key.int),
        received_at,
    )
    return {row["event_key"] for row in rows}


async def known(tx: Transaction, keys: Collection[UUID]) -> set[UUID]:
    """Return those of `keys` that are in the inbox."""
    rows = await tx.fetch("select event_key from inbox where event_key = any($1::uuid[])", list(keys))
    return {row["event_key"] for row in rows}


async def forget(tx: Transaction, *, log_before: datetime, inbox_before: datetime, log_rows: int, portion: int) -> int:
    """Drop old rows, at most `portion` by each reason; returns how many.

    The inbox outlives the longest stay of a message in a queue and its DLQ (14 days each).
    """
    # Each reason by its own index: joined by "or" they are looked for in the whole log.
    old = await tx.execute(
        "delete from event_log where id in"
        " (select id from event_log where received_at < $1 order by received_at limit $2)",
        log_before,
        portion,
    )
    old += await tx.execute(
        "delete from event_log where id in"
        " (select id from event_log where id <= (select max(id) - $1 from event_log) order by id limit $2)",
        log_rows,
        portion,
    )
    return old + await tx.execute(
        "delete from inbox where event_key in"
        " (select event_key from inbox where received_at < $1 order by received_at limit $2)",
        inbox_before,
        portion,
    )
