"""Owns the rows of overrides that commands have made; the one rule: what was on duty stays known: one is ended, not deleted."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.oncall.by_hand import StoredOverride
from leh_guardian.model.text import dump_json, storable
from leh_guardian.store.transaction import Transaction

_COLUMNS = "id, schedule, begins_at, ends_at, changes, reason, made_by, made_at, ended_at, ended_by"
_LOCK = "leh_guardian/duty-overrides"


async def lock_all(tx: Transaction) -> None:
    """Let nobody else add one until the transaction ends: what is looked at for overlaps is then all there is."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", _LOCK)


async def add(tx: Transaction, override: StoredOverride) -> bool:
    """Store an override; False where one of its id is there already."""
    values = _values(override)
    places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    return bool(
        await tx.execute(
            f"insert into duty_overrides ({_COLUMNS}) values ({places}) on conflict (id) do nothing", *values.values()
        )
    )


async def standing(tx: Transaction, since: datetime) -> list[StoredOverride]:
    """Return those that hold, or held, after `since`, in the order they were made."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from duty_overrides where ends_at > $1 and (ended_at is null or ended_at > $1)"
        " order by made_at, id",
        since,
    )
    return [_override(row) for row in rows]


async def listed(tx: Transaction, limit: int) -> list[StoredOverride]:
    """Return overrides whatever became of them, newest first."""
    rows = await tx.fetch(f"select {_COLUMNS} from duty_overrides order by made_at desc, id limit $1", limit)
    return [_override(row) for row in rows]


async def lock(tx: Transaction, override_id: UUID) -> StoredOverride | None:
    """Lock and return an override; None where there is none of that id."""
    row = await tx.fetchrow(f"select {_COLUMNS} from duty_overrides where id = $1 for update", override_id)
    return _override(row) if row else None


async def end(tx: Transaction, override_id: UUID, now: datetime, who: str) -> None:
    """Take back an override that is locked, from now on."""
    await tx.execute(
        "update duty_overrides set ended_at = $2, ended_by = $3 where id = $1", override_id, now, storable(who)
    )


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop what was over before then, a portion; returns how many rows went."""
    return await tx.execute(
        "delete from duty_overrides where id in (select id from duty_overrides where ends_at < $1 limit $2)",
        before,
        portion,
    )


def _values(override: StoredOverride) -> dict[str, Any]:
    return {
        "id": override.id,
        "schedule": storable(override.schedule),
        "begins_at": override.begins_at,
        "ends_at": override.ends_at,
        "changes": dump_json(override.changes()),
        "reason": storable(override.reason),
        "made_by": storable(override.by),
        "made_at": override.made_at,
        "ended_at": override.ended_at,
        "ended_by": storable(override.ended_by) or None,
    }


def _override(row: Any) -> StoredOverride:
    changes = json.loads(row["changes"])
    return StoredOverride(
        row["id"],
        row["schedule"],
        row["begins_at"],
        row["ends_at"],
        row["made_by"],
        row["reason"],
        row["made_at"],
        changes["replace"],
        tuple(changes["add"]),
        tuple(changes["remove"]),
        row["ended_at"],
        row["ended_by"] or "",
    )
