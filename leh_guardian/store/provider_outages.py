"""Owns the newest outage of each provider; the one rule: a write that does not follow the newest version changes nothing.

Two actions that see one outage at once therefore cannot both own it, and none announces without having just proved that it does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from leh_guardian.model.provider.outage import Outage, Phase
from leh_guardian.model.text import dump_json, storable
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

_COLUMNS = (
    "provider, outage_id, phase, owner, began_at, looked_at, hold_until, ended_at, facts::text, told::text, version"
)


async def newest(tx: Transaction, provider: str) -> Outage | None:
    """Return the newest outage of `provider`, over or not."""
    row = await tx.fetchrow(f"select {_COLUMNS} from provider_outages where provider = $1", storable(provider))
    return _outage(row) if row else None


async def listed(tx: Transaction) -> list[Outage]:
    """Return the newest outage of each provider."""
    return [_outage(row) for row in await tx.fetch(f"select {_COLUMNS} from provider_outages order by provider")]


async def follow(tx: Transaction, outage: Outage) -> bool:
    """Write `outage` in the place of the version before it; False when another write was quicker."""
    values = _values(outage)
    if outage.version == 1:
        return bool(
            await tx.execute(
                "insert into provider_outages (provider, outage_id, phase, owner, began_at, looked_at, hold_until, ended_at,"
                " facts, told, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing",
                *values.values(),
            )
        )
    return bool(
        await tx.execute(
            "update provider_outages set outage_id = $2, phase = $3, owner = $4, began_at = $5, looked_at = $6,"
            " hold_until = $7, ended_at = $8, facts = $9, told = $10, version = $11 where provider = $1 and version = $11 - 1",
            *values.values(),
        )
    )


class StoreOutages:
    """The record as handlers use it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self, provider: str) -> Outage | None:
        """Return the newest outage of `provider`, over or not."""
        async with transaction(self._pool) as tx:
            return await newest(tx, provider)

    async def follow(self, outage: Outage) -> bool:
        """Write `outage` in the place of the version before it; False when another write was quicker."""
        async with transaction(self._pool) as tx:
            return await follow(tx, outage)

    async def held(self, provider: str, now: datetime) -> Outage | None:
        """Return the outage for which redrives into `provider` should wait, or None."""
        found = await self.newest(provider)
        return found if found is not None and found.held(now) else None

    async def all_held(self, now: datetime) -> Sequence[Outage]:
        """Return the outages for which redrives should wait, of all providers."""
        async with transaction(self._pool) as tx:
            return [outage for outage in await listed(tx) if outage.held(now)]


def _values(outage: Outage) -> dict[str, Any]:
    return {
        "provider": storable(outage.provider),
        "outage_id": outage.id,
        "phase": outage.phase.value,
        "owner": outage.owner,
        "began_at": outage.began_at,
        "looked_at": outage.looked_at,
        "hold_until": outage.hold_until,
        "ended_at": outage.ended_at,
        "facts": dump_json(dict(outage.facts)),
        "told": dump_json(dict(outage.told)),
        "version": outage.version,
    }


def _outage(row: Any) -> Outage:
    return Outage(
        provider=row["provider"],
        id=row["outage_id"],
        phase=Phase(row["phase"]),
        owner=row["owner"],
        began_at=row["began_at"],
        looked_at=row["looked_at"],
        hold_until=row["hold_until"],
        ended_at=row["ended_at"],
        facts=json.loads(row["facts"]),
        told=json.loads(row["told"]),
        version=row["version"],
    )
