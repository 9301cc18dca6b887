"""Owns the twins of store/provider_outages.py; the one rule: as there."""

from __future__ import annotations

from leh_guardian.model.provider.outage import Outage
from leh_guardian.model.text import storable
from leh_guardian.store import provider_outages as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import PROVIDER_OUTAGES


async def newest(tx: Transaction, provider: str) -> Outage | None:
    """Do as the real one."""
    async with statement(tx, "provider_outages.newest") as work:
        found = work.find(PROVIDER_OUTAGES, storable(provider))
    return real._outage(found[0]) if found else None


async def listed(tx: Transaction) -> list[Outage]:
    """Do as the real one."""
    async with statement(tx, "provider_outages.listed") as work:
        rows = sorted(work.rows(PROVIDER_OUTAGES), key=lambda row: row["provider"])
    return [real._outage(row) for row in rows]


async def follow(tx: Transaction, outage: Outage) -> bool:
    """Do as the real one."""
    values = real._values(outage)
    async with statement(tx, "provider_outages.follow") as work:
        if outage.version == 1:
            return bool(await work.insert(PROVIDER_OUTAGES, [values], spare=PROVIDER_OUTAGES.primary))
        found = work.find(PROVIDER_OUTAGES, values["provider"])
        for row in await work.locked(PROVIDER_OUTAGES, found, lambda row: row["version"] == outage.version - 1):
            await work.update(PROVIDER_OUTAGES, row, **values)
            return True
        return False
