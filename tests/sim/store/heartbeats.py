"""Owns the twins of store/heartbeats.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from leh_guardian.model.heartbeat import Heard
from leh_guardian.model.text import storable
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import HEARTBEATS, Row
from tests.sim.store.work import Work


async def beat(tx: Transaction, beats: Mapping[str, datetime]) -> set[str]:
    """Do as the real one."""
    sent = {storable(name): at for name, at in beats.items()}
    async with statement(tx, "heartbeats.beat") as work:
        rows = await work.locked(HEARTBEATS, _named(work, sent))
        for row in rows:
            at = sent[row["name"]]
            await work.update(HEARTBEATS, row, seen_at=at if row["seen_at"] is None else max(row["seen_at"], at))
    return {row["name"] for row in rows}


async def expect(tx: Transaction, now: datetime, names: Collection[str]) -> list[Heard]:
    """Do as the real one."""
    async with statement(tx, "heartbeats.expect") as work:
        new = [{"name": name, "since": now, "looked_at": now} for name in sorted(names)]
        await work.insert(HEARTBEATS, new, spare=HEARTBEATS.primary)
    async with statement(tx, "heartbeats.expect") as work:
        rows = await work.locked(HEARTBEATS, _named(work, names))
    return [Heard(row["name"], row["since"], row["seen_at"], row["looked_at"], row["back_at"]) for row in rows]


async def looked(tx: Transaction, now: datetime, names: Collection[str], back: Collection[str]) -> None:
    """Do as the real one."""
    async with statement(tx, "heartbeats.looked") as work:
        for row in await work.locked(HEARTBEATS, _named(work, names)):
            changed = {"back_at": now} if row["name"] in back else {}
            await work.update(HEARTBEATS, row, looked_at=max(row["looked_at"], now), **changed)


async def forget(tx: Transaction, names: Collection[str], before: datetime) -> list[str]:
    """Do as the real one."""
    async with statement(tx, "heartbeats.forget") as work:
        old = [row for row in work.rows(HEARTBEATS) if row["name"] not in names and row["looked_at"] < before]
        await work.delete(HEARTBEATS, old)
    return sorted(row["name"] for row in old)


def _named(work: Work, names: Collection[str]) -> list[Row]:
    return sorted((row for row in work.rows(HEARTBEATS) if row["name"] in names), key=lambda row: str(row["name"]))
