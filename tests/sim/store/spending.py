"""Owns the twins of store/spending.py; the one rule: as there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from leh_guardian.model.spend.hourly import Before
from leh_guardian.model.spend.limits import Scope, Unit
from leh_guardian.store.spending import ALARMS, TOLD, series
from leh_guardian.store.transaction import Transaction
from tests.sim.store.counters import added
from tests.sim.store.pool import statement
from tests.sim.store.tables import CIRCUITS, COUNTERS, Row


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _by_hour(rows: Iterable[Row]) -> dict[tuple[str, datetime], Decimal]:
    """Return what each key used in each of its hours in which it used anything."""
    sums: defaultdict[tuple[str, datetime], Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["key"], _hour(row["at"])] += row["amount"]
    return {place: amount for place, amount in sums.items() if amount > 0}


async def _rows(
    tx: Transaction, what: str, names: Collection[str], since: datetime, until: datetime | None = None
) -> list[Row]:
    async with statement(tx, f"spending.{what}") as work:
        rows = [row for row in work.rows(COUNTERS) if row["series"] in names and row["at"] >= since]
    return [row for row in rows if until is None or row["at"] < until]


async def hours(tx: Transaction, case_id: str, since: datetime, until: datetime) -> list[Decimal]:
    """Do as the real one."""
    tokens = series(Scope.CASE, Unit.TOKENS)
    rows = await _rows(tx, "hours", {tokens, ALARMS}, since - timedelta(hours=1), until)
    own = [row for row in rows if row["key"] == case_id]
    alarms = {_hour(row["at"]) for row in own if row["series"] == ALARMS}
    quiet = [r for r in own if r["series"] == tokens and r["at"] >= since and _hour(r["at"]) not in alarms]
    return list(_by_hour(quiet).values())


async def cohort(tx: Transaction, since: datetime, until: datetime, least: int) -> Decimal | None:
    """Do as the real one."""
    amounts = sorted(_by_hour(await _rows(tx, "cohort", {series(Scope.CASE, Unit.TOKENS)}, since, until)).values())
    if not amounts or len(amounts) < least:
        return None
    # "percentile_disc" (PostgreSQL, "Ordered-Set Aggregate Functions"): the first whose place is the fraction or beyond it.
    return amounts[ceil(Decimal("0.999") * len(amounts)) - 1]


async def active(tx: Transaction, since: datetime) -> int:
    """Do as the real one."""
    return len({row["key"] for row in await _rows(tx, "active", {series(Scope.CASE, Unit.ATTEMPTS)}, since)})


async def told(tx: Transaction, since: datetime) -> bool:
    """Do as the real one."""
    return bool(await _rows(tx, "told", {TOLD}, since))


async def used_since(tx: Transaction, scope: Scope, key: str, since: datetime) -> Mapping[Unit, Decimal]:
    """Do as the real one."""
    return await _used(tx, "used_since", scope, key, since)


async def used_between(
    tx: Transaction, scope: Scope, key: str, since: datetime, until: datetime
) -> Mapping[Unit, Decimal]:
    """Do as the real one."""
    return await _used(tx, "used_between", scope, key, since, until)


async def _used(
    tx: Transaction, what: str, scope: Scope, key: str, since: datetime, until: datetime | None = None
) -> Mapping[Unit, Decimal]:
    names = {series(scope, unit): unit for unit in Unit}
    found = dict.fromkeys(Unit, Decimal(0))
    for row in await _rows(tx, what, names, since, until):
        if row["key"] == key:
            found[names[row["series"]]] += row["amount"]
    return found


async def models_between(
    tx: Transaction, scope: Scope, key: str, since: datetime, until: datetime
) -> Mapping[str, Mapping[Unit, Decimal]]:
    """Do as the real one."""
    names = {series(scope, unit): unit for unit in Unit}
    found: defaultdict[str, dict[Unit, Decimal]] = defaultdict(lambda: dict.fromkeys(Unit, Decimal(0)))
    for row in await _rows(tx, "models_between", names, since, until):
        if row["key"] == key:
            found[row["member"]][names[row["series"]]] += row["amount"]
    return dict(sorted(found.items(), key=lambda one: (-one[1][Unit.USD], -one[1][Unit.TOKENS], one[0])))


async def near(
    tx: Transaction, since: datetime, hour: datetime, until: datetime, least: Mapping[Unit, Decimal]
) -> dict[tuple[str, int], Before]:
    """Do as the real one."""
    units = {series(Scope.CASE, unit): unit for unit in (Unit.TOKENS, Unit.USD)}
    async with statement(tx, "spending.near") as work:
        used = [row for row in work.rows(COUNTERS) if row["series"] in units and since <= row["at"] <= until]
        known = {row["key"]: row for row in work.rows(CIRCUITS) if row["scope"] == Scope.CASE.value}
    earlier: defaultdict[tuple[str, int], dict[Unit, Decimal]] = defaultdict(
        lambda: dict.fromkeys(units.values(), Decimal(0))
    )
    all_: defaultdict[tuple[str, int], dict[Unit, Decimal]] = defaultdict(
        lambda: dict.fromkeys(units.values(), Decimal(0))
    )
    for row in used:
        circuit = known.get(row["key"], {"state": "closed", "version": 0, "cleared_at": None})
        cleared = circuit["cleared_at"]
        if circuit["state"] != "closed" or (cleared and row["at"] <= cleared.replace(microsecond=0)):
            continue
        name = row["key"], circuit["version"]
        all_[name][units[row["series"]]] += row["amount"]
        earlier[name][units[row["series"]]] += row["amount"] if row["at"] < hour else 0
    return {
        name: Before(before, all_[name])
        for name, before in earlier.items()
        if any(before[unit] >= least.get(unit, Decimal("infinity")) for unit in units.values())
    }


async def top(tx: Transaction, scope: Scope, since: datetime, limit: int) -> list[dict[str, Any]]:
    """Do as the real one."""
    names = {series(scope, unit): unit.value for unit in Unit}
    sums: dict[str, dict[str, Any]] = {}
    for row in await _rows(tx, "top", names, since):
        of = sums.setdefault(row["key"], {"key": row["key"], **{unit.value: Decimal(0) for unit in Unit}})
        of[names[row["series"]]] += row["amount"]
    ordered = sorted(sums.values(), key=lambda one: (-one["usd"], -one["tokens"], one["key"]))
    return [{name: one[name] for name in ("key", "usd", "tokens", "attempts")} for one in ordered[:limit]]


async def compact(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""

    def old(row: Row) -> bool:
        return row["series"].startswith("usage/") and row["at"] < before and row["at"] != _hour(row["at"])

    async with statement(tx, "spending.compact") as work:
        minutes = await work.locked(COUNTERS, work.rows(COUNTERS), old, skip=True, limit=portion)
        await work.delete(COUNTERS, minutes)
        rows = [{**row, "at": _hour(row["at"])} for row in minutes]
        await work.insert(COUNTERS, rows, spare=COUNTERS.primary, merge=added)
    return len(minutes)
