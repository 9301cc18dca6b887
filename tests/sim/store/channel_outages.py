"""Owns the twins of store/channel_outages.py; the one rule: as there."""

from __future__ import annotations

import json
from datetime import datetime

from leh_guardian.model.channel_outage import ChannelOutage
from leh_guardian.model.text import storable
from leh_guardian.store import channel_outages as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import ACTIONS, CHANNEL_OUTAGES, Row


async def get(tx: Transaction, channel: str) -> ChannelOutage | None:
    """Do as the real one."""
    async with statement(tx, "channel_outages.get") as work:
        rows = work.find(CHANNEL_OUTAGES, storable(channel))
    return real._outage(rows[0]) if rows else None


async def lock(tx: Transaction, channel: str) -> ChannelOutage:
    """Do as the real one."""
    async with statement(tx, "channel_outages.lock") as work:
        await work.insert(CHANNEL_OUTAGES, [real._values(ChannelOutage(channel))], spare=CHANNEL_OUTAGES.primary)
    async with statement(tx, "channel_outages.lock") as work:
        [row] = await work.locked(CHANNEL_OUTAGES, work.find(CHANNEL_OUTAGES, storable(channel)))
    return real._outage(row)


async def save(tx: Transaction, outage: ChannelOutage) -> None:
    """Do as the real one."""
    values = real._values(outage)
    async with statement(tx, "channel_outages.save") as work:
        for row in await work.locked(CHANNEL_OUTAGES, work.find(CHANNEL_OUTAGES, values["channel"])):
            await work.update(CHANNEL_OUTAGES, row, **values)


async def listed(tx: Transaction) -> list[ChannelOutage]:
    """Do as the real one."""
    async with statement(tx, "channel_outages.listed") as work:
        return [real._outage(row) for row in sorted(work.rows(CHANNEL_OUTAGES), key=lambda row: row["channel"])]


async def hasten(tx: Transaction, channel: str, now: datetime) -> int:
    """Do as the real one."""

    def stuck(row: Row) -> bool:
        if row["role"] != "tell" or row["status"] != "scheduled" or row["due_at"] <= now or not row["failures"]:
            return False
        params = json.loads(row["params"])
        return params.get("channel") == storable(channel) and bool(params.get("failover"))

    async with statement(tx, "channel_outages.hasten") as work:
        rows = await work.locked(ACTIONS, work.rows(ACTIONS), stuck)
        for row in rows:
            await work.update(ACTIONS, row, due_at=now)
    return len(rows)
