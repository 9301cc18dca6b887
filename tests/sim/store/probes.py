"""Owns the twins of store/probes.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from leh_guardian.model.probe import Track
from leh_guardian.model.text import storable
from leh_guardian.store import probes as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import PROBES


async def take(tx: Transaction, name: str, now: datetime, until: datetime) -> Track | None:
    """Do as the real one."""
    async with statement(tx, "probes.take") as work:
        await work.insert(PROBES, [{"name": name, "next_at": now}], spare=PROBES.primary)
    async with statement(tx, "probes.take") as work:
        among = [row for row in work.rows(PROBES) if row["name"] == name]
        rows = await work.locked(PROBES, among, lambda row: bool(row["next_at"] <= now))
        for row in rows:
            await work.update(PROBES, row, next_at=until)
        return real._track({**rows[0], "next_at": until}) if rows else None


async def lock(tx: Transaction, name: str) -> Track | None:
    """Do as the real one."""
    async with statement(tx, "probes.lock") as work:
        rows = await work.locked(PROBES, [row for row in work.rows(PROBES) if row["name"] == name])
        return real._track(rows[0]) if rows else None


async def save(tx: Transaction, track: Track) -> None:
    """Do as the real one."""
    changed = asdict(track) | {"step": storable(track.step), "seen": storable(track.seen)}
    async with statement(tx, "probes.save") as work:
        for row in await work.locked(PROBES, [row for row in work.rows(PROBES) if row["name"] == track.name]):
            await work.update(PROBES, row, **{name: value for name, value in changed.items() if name != "name"})


async def known(tx: Transaction) -> list[Track]:
    """Do as the real one."""
    async with statement(tx, "probes.known") as work:
        return [real._track(row) for row in sorted(work.rows(PROBES), key=lambda row: str(row["name"]))]


async def forget(tx: Transaction, names: Collection[str], before: datetime) -> list[str]:
    """Do as the real one."""
    async with statement(tx, "probes.forget") as work:
        old = [row for row in work.rows(PROBES) if row["name"] not in names and row["next_at"] < before]
        await work.delete(PROBES, old)
    return sorted(row["name"] for row in old)
