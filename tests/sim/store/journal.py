"""Owns the twins of store/journal.py; the one rule: as there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.journal import Entry, Kind
from leh_guardian.store import journal as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import JOURNAL


async def append(tx: Transaction, author: str, at: datetime, entries: Sequence[Entry]) -> None:
    """Do as the real one."""
    if entries:
        rows = [dict(zip(real._COLUMNS, real._row(author, at, entry), strict=True)) for entry in entries]
        async with statement(tx, "journal.append") as work:
            await work.insert(JOURNAL, rows)


async def of_incident(tx: Transaction, incident_id: UUID) -> list[Any]:
    """Do as the real one."""
    columns = ("at", "author", "kind", "reason", "action_id", "rule_id", "data")
    async with statement(tx, "journal.of_incident") as work:
        rows = [row for row in work.rows(JOURNAL) if row["incident_id"] == incident_id]
    return [{name: row[name] for name in columns} for row in sorted(rows, key=lambda row: row["id"])]


async def last_of(tx: Transaction, kind: Kind, target: str, since: datetime) -> datetime | None:
    """Do as the real one."""
    async with statement(tx, "journal.last_of") as work:
        rows = [row for row in work.rows(JOURNAL) if row["at"] > since and row["kind"] == kind.value]
    return max((row["at"] for row in rows if json.loads(row["data"]).get("target") == target), default=None)


async def newest(tx: Transaction, incident_id: UUID, kind: Kind) -> tuple[datetime, dict[str, Any]] | None:
    """Do as the real one."""
    async with statement(tx, "journal.newest") as work:
        rows = [r for r in work.rows(JOURNAL) if (r["incident_id"], r["kind"]) == (incident_id, kind.value)]
    last = max(rows, key=lambda row: row["id"], default=None)
    return (last["at"], json.loads(last["data"])) if last else None


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "journal.forget") as work:
        old = sorted(
            (r for r in work.rows(JOURNAL) if r["at"] < before and r["incident_id"] is None), key=lambda row: row["at"]
        )
        return await work.delete(JOURNAL, old[:portion])
