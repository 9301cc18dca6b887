"""Owns the rows of silences; the one rule: one is ended, never changed to mean something else, and kept as long as the journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.silence import Silence
from leh_guardian.model.text import dump_json, storable
from leh_guardian.store.transaction import Transaction

_COLUMNS = "id, match, reason, made_by, made_at, until, ended_at, ended_by"


async def add(tx: Transaction, silence: Silence) -> bool:
    """Store a silence; False where one of its id is there already."""
    values = _values(silence)
    places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    return bool(
        await tx.execute(
            f"insert into silences ({_COLUMNS}) values ({places}) on conflict (id) do nothing", *values.values()
        )
    )


async def holding(tx: Transaction, now: datetime) -> list[Silence]:
    """Return those that hold now, oldest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from silences where until > $1 and made_at <= $1 and (ended_at is null or ended_at > $1)"
        " order by made_at, id",
        now,
    )
    return [_silence(row) for row in rows]


async def listed(tx: Transaction, limit: int) -> list[Silence]:
    """Return silences whatever became of them, newest first."""
    rows = await tx.fetch(f"select {_COLUMNS} from silences order by made_at desc, id limit $1", limit)
    return [_silence(row) for row in rows]


async def lock(tx: Transaction, silence_id: UUID) -> Silence | None:
    """Lock and return a silence; None where there is none of that id."""
    row = await tx.fetchrow(f"select {_COLUMNS} from silences where id = $1 for update", silence_id)
    return _silence(row) if row else None


async def prolong(tx: Transaction, silence_id: UUID, until: datetime) -> None:
    """Let a silence that is locked hold until then, if that is later."""
    await tx.execute("update silences set until = greatest(until, $2) where id = $1", silence_id, until)


async def end(tx: Transaction, silence_id: UUID, now: datetime, who: str) -> None:
    """End a silence that is locked."""
    await tx.execute("update silences set ended_at = $2, ended_by = $3 where id = $1", silence_id, now, storable(who))


async def lifted(tx: Transaction, since: datetime) -> list[UUID]:
    """Return those that somebody has ended after `since`."""
    rows = await tx.fetch("select id from silences where ended_at > $1 and until > $1 order by id", since)
    return [row["id"] for row in rows]


async def wake(tx: Transaction, now: datetime, silence_ids: Sequence[UUID]) -> int:
    """Let messages that wait for the end of these silences look again now; returns how many."""
    return await tx.execute(
        "update actions set due_at = $1 where role = 'tell' and status = 'waiting' and due_at > $1"
        " and outcome->'facts'->>'silence' = any($2::text[])",
        now,
        [str(one) for one in silence_ids],
    )


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop what was over before then, a portion; returns how many rows went."""
    return await tx.execute(
        "delete from silences where id in (select id from silences where until < $1 limit $2)", before, portion
    )


def _values(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "match": dump_json(dict(silence.match)),
        "reason": storable(silence.reason),
        "made_by": storable(silence.by),
        "made_at": silence.made_at,
        "until": silence.until,
        "ended_at": silence.ended_at,
        "ended_by": storable(silence.ended_by) or None,
    }


def _silence(row: Any) -> Silence:
    return Silence(
        row["id"],
        json.loads(row["match"]),
        row["reason"],
        row["made_by"],
        row["made_at"],
        row["until"],
        row["ended_at"],
        row["ended_by"] or "",
    )
