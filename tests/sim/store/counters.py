"""Owns the twins of store/counters.py; the one rule: as there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from leh_guardian.model.window import Amount
from leh_guardian.store.counters import Counted
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import COUNTERS, Row


async def add(tx: Transaction, counted: Sequence[Counted]) -> None:
    """Do as the real one."""
    if not counted:
        return
    rows: dict[tuple[str, str, datetime, str], dict[str, Any]] = {}
    for one in counted:
        at, member = one.amount.at, one.amount.member
        place = (one.series, one.key, at, member)
        row = {"series": one.series, "key": one.key, "at": at, "member": member}
        row |= {"amount": one.amount.amount, "keep_until": one.keep_until}
        rows[place] = row | added(rows[place], row) if place in rows else row
    async with statement(tx, "counters.add") as work:
        await work.insert(COUNTERS, [rows[place] for place in sorted(rows)], spare=COUNTERS.primary, merge=added)


async def crowded(
    tx: Transaction,
    series: str,
    spans: Mapping[str, tuple[datetime, datetime]],
    bound: Decimal,
    *,
    distinct: bool,
) -> dict[str, list[Amount]]:
    """Do as the real one."""
    held: defaultdict[str, list[Amount]] = defaultdict(list)
    async with statement(tx, "counters.crowded") as work:
        for row in work.rows(COUNTERS):
            first, last = spans.get(row["key"], (None, None))
            if row["series"] == series and first is not None and last is not None and first <= row["at"] <= last:
                held[row["key"]].append(Amount(row["at"], row["amount"], row["member"]))
    found = {}
    for key in sorted(held):
        amounts = sorted(held[key], key=lambda one: (one.at, one.member))
        whole = Decimal(len({one.member for one in amounts})) if distinct else sum(one.amount for one in amounts)
        if whole >= bound:
            found[key] = amounts
    return found


async def forget(tx: Transaction, now: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "counters.forget") as work:
        old = sorted((row for row in work.rows(COUNTERS) if row["keep_until"] < now), key=lambda row: row["keep_until"])
        return await work.delete(COUNTERS, old[:portion])


def added(there: Row, new: Row) -> Row:
    """Return what becomes of a bucket to which another amount is added."""
    return {
        "amount": there["amount"] + new["amount"],
        "keep_until": max(there["keep_until"], new["keep_until"]),
    }
