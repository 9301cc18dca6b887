"""Owns the twins of store/silences.py; the one rule: as there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.model.silence import Silence
from leh_guardian.model.text import storable
from leh_guardian.store import silences as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import ACTIONS, SILENCES, Row


async def add(tx: Transaction, silence: Silence) -> bool:
    """Do as the real one."""
    async with statement(tx, "silences.add") as work:
        return bool(await work.insert(SILENCES, [real._values(silence)], spare=SILENCES.primary))


async def holding(tx: Transaction, now: datetime) -> list[Silence]:
    """Do as the real one."""
    async with statement(tx, "silences.holding") as work:
        rows = [
            row
            for row in work.rows(SILENCES)
            if row["made_at"] <= now < row["until"] and (row["ended_at"] is None or row["ended_at"] > now)
        ]
    return [real._silence(row) for row in sorted(rows, key=lambda row: (row["made_at"], row["id"]))]


async def listed(tx: Transaction, limit: int) -> list[Silence]:
    """Do as the real one."""
    async with statement(tx, "silences.listed") as work:
        rows = sorted(sorted(work.rows(SILENCES), key=lambda r: r["id"]), key=lambda r: r["made_at"], reverse=True)
    return [real._silence(row) for row in rows[:limit]]


async def lock(tx: Transaction, silence_id: UUID) -> Silence | None:
    """Do as the real one."""
    async with statement(tx, "silences.lock") as work:
        rows = await work.locked(SILENCES, work.find(SILENCES, silence_id))
    return real._silence(rows[0]) if rows else None


async def prolong(tx: Transaction, silence_id: UUID, until: datetime) -> None:
    """Do as the real one."""
    async with statement(tx, "silences.prolong") as work:
        for row in await work.locked(SILENCES, work.find(SILENCES, silence_id)):
            await work.update(SILENCES, row, until=max(row["until"], until))


async def end(tx: Transaction, silence_id: UUID, now: datetime, who: str) -> None:
    """Do as the real one."""
    async with statement(tx, "silences.end") as work:
        for row in await work.locked(SILENCES, work.find(SILENCES, silence_id)):
            await work.update(SILENCES, row, ended_at=now, ended_by=storable(who))


async def lifted(tx: Transaction, since: datetime) -> list[UUID]:
    """Do as the real one."""
    async with statement(tx, "silences.lifted") as work:
        rows = [r for r in work.rows(SILENCES) if r["until"] > since and r["ended_at"] and r["ended_at"] > since]
    return sorted(row["id"] for row in rows)


async def wake(tx: Transaction, now: datetime, silence_ids: Sequence[UUID]) -> int:
    """Do as the real one."""
    names = {str(one) for one in silence_ids}

    def waits(row: Row) -> bool:
        if row["role"] != "tell" or row["status"] != "waiting" or row["due_at"] <= now:
            return False
        return (json.loads(row["outcome"] or "{}").get("facts") or {}).get("silence") in names

    async with statement(tx, "silences.wake") as work:
        rows = await work.locked(ACTIONS, work.rows(ACTIONS), waits)
        for row in rows:
            await work.update(ACTIONS, row, due_at=now)
    return len(rows)


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "silences.forget") as work:
        return await work.delete(SILENCES, [row for row in work.rows(SILENCES) if row["until"] < before][:portion])
