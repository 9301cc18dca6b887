"""Owns the kill switch's rows; the one rule: the claim reads them in its own statement (store/actions.py), nobody caches them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from leh_guardian.model.mode import Mode
from leh_guardian.model.text import storable
from leh_guardian.store.transaction import Transaction

EVERYTHING = "*"


async def set_mode(tx: Transaction, scope: str, mode: Mode, reason: str, who: str, now: datetime) -> None:
    """Hold `scope` (a handler's name or '*') at `mode` or below, on every replica, from the next claim on."""
    await tx.execute(
        "insert into control (scope, mode_rank, reason, set_by, set_at) values ($1, $2, $3, $4, $5)"
        " on conflict (scope) do update set mode_rank = excluded.mode_rank, reason = excluded.reason,"
        " set_by = excluded.set_by, set_at = excluded.set_at",
        scope,
        mode.rank,
        storable(reason),
        storable(who),
        now,
    )


async def modes(tx: Transaction) -> list[Any]:
    """Return every scope that is set: scope, mode_rank, reason, set_by, set_at."""
    return await tx.fetch("select scope, mode_rank, reason, set_by, set_at from control order by scope")
