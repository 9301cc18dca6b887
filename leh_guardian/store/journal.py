"""Owns the journal's rows; the one rule: append only, in the transaction of what it tells of.

What it quotes of events is redacted: it is kept for years, read by many, and nothing in it can ever be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.journal import Entry
from leh_guardian.model.text import dump_json, storable
from leh_guardian.store.transaction import Transaction
from leh_guardian.telemetry.logs import data_without_secrets, without_secrets

_COLUMNS = ["at", "author", "kind", "reason", "incident_id", "action_id", "rule_id", "data"]


async def append(tx: Transaction, author: str, at: datetime, entries: Sequence[Entry]) -> None:
    """Append entries in order."""
    if entries:
        await tx.copy_rows("journal", _COLUMNS, [_row(author, at, entry) for entry in entries])


def _row(author: str, at: datetime, entry: Entry) -> tuple[Any, ...]:
    return (
        at,
        author,
        entry.kind.value,
        storable(without_secrets(entry.reason)),
        entry.incident_id,
        entry.action_id,
        entry.rule_id,
        dump_json(data_without_secrets(entry.data)),
    )


async def of_incident(tx: Transaction, incident_id: UUID) -> list[Any]:
    """Return an incident's lines, oldest first."""
    return await tx.fetch(
        "select at, author, kind, reason, action_id, rule_id, data::text from journal where incident_id = $1 order by id",
        incident_id,
    )


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop lines older than the retention, at most `portion`; returns how many."""
    return await tx.execute(
        "delete from journal where id in (select id from journal where at < $1 order by at limit $2)", before, portion
    )
