"""Owns the twins of store/circuits.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from leh_guardian.model.spend.circuit import GUARDIAN, Circuit, Crowd
from leh_guardian.model.spend.limits import Scope, Tier
from leh_guardian.store import circuits as real
from leh_guardian.store.circuits import Alarm, Key
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import CIRCUITS, SPEND_ALARMS, Row


async def get(tx: Transaction, scope: Scope, key: str, *, lock: bool = False) -> Circuit:
    """Do as the real one."""
    async with statement(tx, "circuits.get") as work:
        rows = work.find(CIRCUITS, scope.value, key)
        if lock:
            rows = await work.locked(CIRCUITS, rows)
    return real._circuit(rows[0]) if rows else Circuit(scope, key)


async def of(tx: Transaction, keys: Collection[Key]) -> dict[Key, Circuit]:
    """Do as the real one."""
    async with statement(tx, "circuits.of") as work:
        rows = [row for scope, key in keys for row in work.find(CIRCUITS, scope.value, key)]
    return {(Scope(row["scope"]), row["key"]): real._circuit(row) for row in rows}


async def listed(tx: Transaction, *, closed: bool = False) -> list[Circuit]:
    """Do as the real one."""
    async with statement(tx, "circuits.listed") as work:
        rows = [row for row in work.rows(CIRCUITS) if closed or row["state"] != "closed"]
    rows = sorted(sorted(rows, key=lambda row: row["key"]), key=lambda row: row["since"], reverse=True)
    return [real._circuit(row) for row in rows]


async def follow(tx: Transaction, circuit: Circuit) -> bool:
    """Do as the real one."""
    row = {
        "scope": circuit.scope.value,
        "key": circuit.key,
        "state": circuit.state.value,
        "tier": circuit.tier and circuit.tier.value,
        "verdict": circuit.verdict and circuit.verdict.value,
    }
    row |= {name: getattr(circuit, name) for name in real._NAMES if name not in row}
    async with statement(tx, "circuits.follow") as work:
        if await work.insert(CIRCUITS, [row], spare=CIRCUITS.primary):
            return True
        there = work.find(CIRCUITS, circuit.scope.value, circuit.key)
        for older in await work.locked(CIRCUITS, there, lambda row: row["version"] < circuit.version):
            await work.update(CIRCUITS, older, **row)
            return True
        return False


async def unpublished(tx: Transaction) -> list[Circuit]:
    """Do as the real one."""
    async with statement(tx, "circuits.unpublished") as work:
        rows = [row for row in work.rows(CIRCUITS) if row["published"] < row["version"]]
    return [real._circuit(row) for row in sorted(rows, key=lambda row: row["since"])[:100]]


async def take_untold(tx: Transaction) -> list[Circuit]:
    """Do as the real one."""
    async with statement(tx, "circuits.take_untold") as work:
        rows = await work.locked(CIRCUITS, _ordered(work.rows(CIRCUITS)), _is_untold, skip=True, limit=100)
        taken = [await work.update(CIRCUITS, row, told=row["version"]) for row in rows]
    return [real._circuit(row) for row in taken]


async def published(tx: Transaction, scope: Scope, key: str, version: int) -> None:
    """Do as the real one."""
    async with statement(tx, "circuits.published") as work:
        for row in await work.locked(CIRCUITS, work.find(CIRCUITS, scope.value, key)):
            await work.update(CIRCUITS, row, published=max(row["published"], version))


async def used(tx: Transaction, newest: Mapping[Key, datetime]) -> None:
    """Do as the real one."""
    async with statement(tx, "circuits.used") as work:
        rows = [row for scope, key in sorted(newest) for row in work.find(CIRCUITS, scope.value, key)]
        for row in await work.locked(CIRCUITS, rows, lambda row: row["state"] in {"open", "forced_open"}):
            at = newest[Scope(row["scope"]), row["key"]]
            await work.update(CIRCUITS, row, last_use_at=max(row["last_use_at"] or at, at))


async def crowd(tx: Transaction, lately: datetime) -> Crowd:
    """Do as the real one."""
    async with statement(tx, "circuits.crowd") as work:
        rows = [row for row in work.rows(CIRCUITS) if row["scope"] != Scope.FLEET]
    opened = [row for row in rows if row["tripped_at"] is not None and row["tripped_at"] > lately]
    return Crowd(sum(row["actor"] == GUARDIAN and row["state"] in {"open", "half_open"} for row in rows), len(opened))


async def newly_told(tx: Transaction, alarms: Mapping[Alarm, datetime], now: datetime) -> set[Alarm]:
    """Do as the real one."""
    told: set[Alarm] = set()
    async with statement(tx, "circuits.newly_told") as work:
        for (scope, key, tier), since in sorted(alarms.items()):
            row = {"scope": scope.value, "key": key, "tier": tier.value, "told_at": now}
            new = bool(await work.insert(SPEND_ALARMS, [row], spare=SPEND_ALARMS.primary))
            there = [] if new else work.find(SPEND_ALARMS, scope.value, key, tier.value)
            for older in await work.locked(SPEND_ALARMS, there, lambda row, since=since: row["told_at"] < since):
                await work.update(SPEND_ALARMS, older, told_at=now)
                new = True
            if new:
                told.add((scope, key, Tier(tier)))
    return told


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""

    def old(row: Row) -> bool:
        return row["state"] == "closed" and row["since"] < before and row["published"] == row["version"]

    async with statement(tx, "circuits.forget") as work:
        told = [row for row in work.rows(SPEND_ALARMS) if row["told_at"] < before]
        gone = await work.delete(SPEND_ALARMS, told[:portion])
    async with statement(tx, "circuits.forget") as work:
        rows = await work.locked(CIRCUITS, work.rows(CIRCUITS), old, skip=True, limit=portion)
        return gone + await work.delete(CIRCUITS, rows)


def _ordered(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["scope"], row["key"]))


def _is_untold(row: Row) -> bool:
    return bool(row["told"] < row["version"])
