"""Owns the twins of store/duty_overrides.py; the one rule: as there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from leh_guardian.model.oncall.by_hand import StoredOverride
from leh_guardian.model.text import storable
from leh_guardian.store import duty_overrides as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.locks import Mode
from tests.sim.store.pool import statement
from tests.sim.store.tables import DUTY_OVERRIDES


async def lock_all(tx: Transaction) -> None:
    """Do as the real one."""
    async with statement(tx, "duty_overrides.lock_all") as work:
        await work.database.locks.acquire(work, real._LOCK, Mode.UPDATE)


async def add(tx: Transaction, override: StoredOverride) -> bool:
    """Do as the real one."""
    async with statement(tx, "duty_overrides.add") as work:
        return bool(await work.insert(DUTY_OVERRIDES, [real._values(override)], spare=DUTY_OVERRIDES.primary))


async def standing(tx: Transaction, since: datetime) -> list[StoredOverride]:
    """Do as the real one."""
    async with statement(tx, "duty_overrides.standing") as work:
        rows = [
            row
            for row in work.rows(DUTY_OVERRIDES)
            if row["ends_at"] > since and (row["ended_at"] is None or row["ended_at"] > since)
        ]
    return [real._override(row) for row in sorted(rows, key=lambda row: (row["made_at"], row["id"]))]


async def listed(tx: Transaction, limit: int) -> list[StoredOverride]:
    """Do as the real one."""
    async with statement(tx, "duty_overrides.listed") as work:
        rows = sorted(work.rows(DUTY_OVERRIDES), key=lambda r: r["id"])
    return [real._override(row) for row in sorted(rows, key=lambda r: r["made_at"], reverse=True)[:limit]]


async def lock(tx: Transaction, override_id: UUID) -> StoredOverride | None:
    """Do as the real one."""
    async with statement(tx, "duty_overrides.lock") as work:
        rows = await work.locked(DUTY_OVERRIDES, work.find(DUTY_OVERRIDES, override_id))
    return real._override(rows[0]) if rows else None


async def end(tx: Transaction, override_id: UUID, now: datetime, who: str) -> None:
    """Do as the real one."""
    async with statement(tx, "duty_overrides.end") as work:
        for row in await work.locked(DUTY_OVERRIDES, work.find(DUTY_OVERRIDES, override_id)):
            await work.update(DUTY_OVERRIDES, row, ended_at=now, ended_by=storable(who))


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "duty_overrides.forget") as work:
        old = [row for row in work.rows(DUTY_OVERRIDES) if row["ends_at"] < before]
        return await work.delete(DUTY_OVERRIDES, old[:portion])
