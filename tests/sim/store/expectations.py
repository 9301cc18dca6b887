"""Owns the twins of store/expectations.py; the one rule: as there."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from leh_guardian.model.expectation import Expectation
from leh_guardian.model.text import dump_json
from leh_guardian.store.incidents import RuleKey
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import EXPECTATIONS, Row

_FIELDS = "rule_id key mark event_id happened_at heard_at due_at missed_at done_at fired".split()


async def lock(tx: Transaction, keys: Collection[RuleKey]) -> dict[RuleKey, Expectation]:
    """Do as the real one."""
    async with statement(tx, "expectations.lock") as work:
        rows = await work.locked(
            EXPECTATIONS, [row for key in sorted(set(keys)) for row in work.find(EXPECTATIONS, *key)]
        )
        return {(row["rule_id"], row["key"]): _expectation(row) for row in rows}


async def save(tx: Transaction, now: datetime, changed: Sequence[Expectation]) -> None:
    """Do as the real one."""
    if not changed:
        return
    rows = [_row(one) | {"updated_at": now} for one in changed]
    async with statement(tx, "expectations.save") as work:
        await work.insert(EXPECTATIONS, rows, spare=EXPECTATIONS.primary, merge=lambda _, new: new)


async def take_due(
    tx: Transaction, now: datetime, until: datetime, known: Collection[str], gone_before: datetime, count: int
) -> list[Expectation]:
    """Do as the real one."""

    def due(row: Row) -> bool:
        at = row["due_at"]
        return at is not None and at <= now and (row["rule_id"] in known or at < gone_before)

    async with statement(tx, "expectations.take_due") as work:
        among = sorted(
            filter(due, work.rows(EXPECTATIONS)), key=lambda row: (row["due_at"], row["rule_id"], row["key"])
        )
        taken = await work.locked(EXPECTATIONS, among, due, skip=True, limit=count)
        rows = [
            await work.update(
                EXPECTATIONS, row, due_at=until, missed_at=row["missed_at"] or row["due_at"], updated_at=now
            )
            for row in taken
        ]
    return sorted(map(_expectation, rows), key=lambda one: (one.missed_at or now, one.rule_id, one.key))


async def drop(tx: Transaction, keys: Collection[RuleKey]) -> None:
    """Do as the real one."""
    if keys:
        async with statement(tx, "expectations.drop") as work:
            await work.delete(EXPECTATIONS, [row for key in sorted(set(keys)) for row in work.find(EXPECTATIONS, *key)])


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "expectations.forget") as work:
        among = sorted(work.rows(EXPECTATIONS), key=lambda row: row["updated_at"])
        old = await work.locked(
            EXPECTATIONS,
            among,
            lambda row: row["due_at"] is None and row["updated_at"] < before,
            skip=True,
            limit=portion,
        )
        return await work.delete(EXPECTATIONS, old)


def _row(one: Expectation) -> dict[str, Any]:
    event = None if one.envelope is None else dump_json(one.envelope)
    return {name: getattr(one, name) for name in _FIELDS} | {"event": event}


def _expectation(row: Row) -> Expectation:
    event = row["event"]
    return Expectation(**{name: row[name] for name in _FIELDS}, envelope=None if event is None else json.loads(event))
