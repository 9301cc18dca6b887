"""Owns the journal's rows; the one rule: append only, in the transaction of what it tells of.

It is redacted here, whoever writes: reasons quote errors, and errors quote events and other people's answers. What an event
really held is in its incident.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.text import dump_json, storable
from leh_guardian.store.transaction import Transaction
from leh_guardian.telemetry.redaction import redact, redact_all

_LONGEST = 64 * 1024
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
        storable(redact(entry.reason, _LONGEST, phones=False)),
        entry.incident_id,
        entry.action_id,
        entry.rule_id,
        _data(entry),
    )


def _data(entry: Entry) -> str:
    text = dump_json(dict(entry.data))
    # Redacted as a text it may be JSON no more: that only tells whether there is anything to take out.
    return text if redact(text, _LONGEST, phones=False) == text else dump_json(redact_all(json.loads(text)))


async def of_incident(tx: Transaction, incident_id: UUID) -> list[Any]:
    """Return an incident's lines, oldest first."""
    return await tx.fetch(
        "select at, author, kind, reason, action_id, rule_id, data::text from journal where incident_id = $1 order by id",
        incident_id,
    )


async def last_of(tx: Transaction, kind: Kind, target: str, since: datetime) -> datetime | None:
    """Return when the newest line of a kind whose data names `target` was written after `since`; None for none."""
    found: datetime | None = await tx.fetchval(
        "select max(at) from journal where at > $3 and kind = $1 and data->>'target' = $2", kind.value, target, since
    )
    return found


async def newest(tx: Transaction, incident_id: UUID, kind: Kind) -> tuple[datetime, dict[str, Any]] | None:
    """Return when an incident's last line of a kind was written, and its data; None where there is none."""
    row = await tx.fetchrow(
        "select at, data::text from journal where incident_id = $1 and kind = $2 order by id desc limit 1",
        incident_id,
        kind.value,
    )
    return (row["at"], json.loads(row["data"])) if row else None


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop lines of no incident that are older than the retention, at most `portion`; returns how many.

    Those of incidents go with their links (store/journal_chain.py).
    """
    return await tx.execute(
        "delete from journal where id in"
        " (select id from journal where at < $1 and incident_id is null order by at limit $2)",
        before,
        portion,
    )
