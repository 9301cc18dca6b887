"""Owns what is known of each probe; the one rule: who takes a probe moves its time on, so that nobody else looks meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from leh_guardian.model.probe import Track
from leh_guardian.model.text import storable
from leh_guardian.store.transaction import Transaction

_COLUMNS = "name, next_at, looked_at, down, failures, successes, failing_since, step, seen"


async def take(tx: Transaction, name: str, now: datetime, until: datetime) -> Track | None:
    """Take a probe that is due until `until`, None where it is not; one that nobody knew is due at once."""
    await tx.execute("insert into probes (name, next_at) values ($1, $2) on conflict do nothing", name, now)
    row = await tx.fetchrow(
        f"update probes set next_at = $3 where name = $1 and next_at <= $2 returning {_COLUMNS}", name, now, until
    )
    return _track(row) if row else None


async def lock(tx: Transaction, name: str) -> Track | None:
    """Lock and return what is known of a probe."""
    row = await tx.fetchrow(f"select {_COLUMNS} from probes where name = $1 for update", name)
    return _track(row) if row else None


async def save(tx: Transaction, track: Track) -> None:
    """Write back what is known of a probe that this transaction has locked."""
    await tx.execute(
        "update probes set next_at = $2, looked_at = $3, down = $4, failures = $5, successes = $6, failing_since = $7, step = $8,"
        " seen = $9 where name = $1",
        track.name,
        track.next_at,
        track.looked_at,
        track.down,
        track.failures,
        track.successes,
        track.failing_since,
        storable(track.step),
        storable(track.seen),
    )


async def known(tx: Transaction) -> list[Track]:
    """Return what is known of every probe, by name."""
    return [_track(row) for row in await tx.fetch(f"select {_COLUMNS} from probes order by name")]


async def forget(tx: Transaction, names: Collection[str], before: datetime) -> list[str]:
    """Drop all but `names` that nobody has taken since then; returns what went."""
    rows = await tx.fetch(
        "delete from probes where name <> all($1::text[]) and next_at < $2 returning name", list(names), before
    )
    return sorted(row["name"] for row in rows)


def _track(row: Any) -> Track:
    return Track(
        name=row["name"],
        next_at=row["next_at"],
        looked_at=row["looked_at"],
        down=row["down"],
        failures=row["failures"],
        successes=row["successes"],
        failing_since=row["failing_since"],
        step=row["step"],
        seen=row["seen"],
    )
