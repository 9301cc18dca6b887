"""Owns the memory of dead letters: which went back, which are in quarantine; the one rule: every write may be repeated."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.identity import key
from leh_guardian.model.text import dump_json, storable
from leh_guardian.ports import KeptLetter, LetterHistory
from leh_guardian.store.transaction import Transaction

_BYTES = "BinaryValue"


def kept_id(queue: str, message_id: str) -> UUID:
    """Return the id of a letter in quarantine."""
    return key(f"{queue}/{message_id}")


async def history(tx: Transaction, queue: str, action: UUID, letters: Mapping[str, UUID]) -> dict[str, LetterHistory]:
    """Return what is known of each of `letters` ({message id: fingerprint})."""
    rows = await tx.fetch(
        "select message_id, fingerprint, action_id, sent_at from redriven_letters where queue = $1 and fingerprint = any($2::uuid[])",
        queue,
        list(letters.values()),
    )
    kept = await tx.fetch(
        "select message_id from quarantine where id = any($1::uuid[]) and status = 'kept'",
        [kept_id(queue, message_id) for message_id in letters],
    )
    return told(letters, action, rows, {row["message_id"] for row in kept})


def told(
    letters: Mapping[str, UUID], action: UUID, rows: Iterable[Mapping[str, Any]], kept: Set[str]
) -> dict[str, LetterHistory]:
    """Make histories of what the tables hold."""
    sent, own, others = set[str](), dict[UUID, datetime](), defaultdict[UUID, set[UUID]](set)
    for row in rows:
        sent.add(row["message_id"])
        if row["action_id"] == action:
            own[row["fingerprint"]] = min(own.get(row["fingerprint"], row["sent_at"]), row["sent_at"])
        else:
            others[row["fingerprint"]].add(row["action_id"])
    return {
        message_id: LetterHistory(
            sent=message_id in sent,
            own_at=own.get(fingerprint),
            redrives=len(others[fingerprint]),
            kept=message_id in kept,
        )
        for message_id, fingerprint in letters.items()
    }


async def sent(tx: Transaction, queue: str, action: UUID, letters: Mapping[str, UUID], now: datetime) -> None:
    """Remember that letters went back."""
    await tx.execute(
        "insert into redriven_letters (queue, message_id, fingerprint, action_id, sent_at)"
        " select $1, m, f, $2, $3 from unnest($4::text[], $5::uuid[]) as given(m, f) on conflict do nothing",
        queue,
        action,
        now,
        list(letters),
        list(letters.values()),
    )


async def keep(
    tx: Transaction, queue: str, incident: UUID | None, letters: Sequence[KeptLetter], now: datetime
) -> None:
    """Put letters into quarantine."""
    for letter in letters:
        message = letter.message
        sent_at = None if message.sent_at is None else datetime.fromtimestamp(message.sent_at, UTC)
        await tx.execute(
            "insert into quarantine (id, queue, message_id, fingerprint, incident_id, body, attributes, message_group, trace,"
            " sent_at, reason, error, evidence, cases, redrives, kept_at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict do nothing",
            kept_id(queue, message.id),
            queue,
            message.id,
            letter.fingerprint,
            incident,
            message.body,
            written(message.attributes),
            message.group,
            message.trace,
            sent_at,
            storable(letter.reason),
            storable(letter.error),
            list(letter.evidence),
            list(letter.cases),
            letter.redrives,
            now,
        )


async def kept(
    tx: Transaction, *, queue: str | None = None, incident: UUID | None = None, most: int = 1000
) -> list[Any]:
    """Return letters in quarantine, oldest first, without their bodies."""
    return await tx.fetch(
        "select id, queue, message_id, incident_id, message_group, sent_at, reason, error, evidence, cases, redrives, status,"
        " kept_at, length(body) as bytes from quarantine where status = 'kept'"
        " and ($1::text is null or queue like '%:' || $1) and ($2::uuid is null or incident_id = $2)"
        " order by kept_at, id limit $3",
        queue,
        incident,
        most,
    )


async def take(tx: Transaction, letter: UUID) -> Any:
    """Return one letter in quarantine, locked, with its body and attributes; None where it is not (or no longer) kept."""
    row = await tx.fetchrow("select * from quarantine where id = $1 and status = 'kept' for update", letter)
    return None if row is None else {**row, "attributes": read(row["attributes"])}


async def settle(tx: Transaction, letter: UUID, status: str, who: str, now: datetime) -> None:
    """Say that a letter was released or discarded."""
    await tx.execute(
        "update quarantine set status = $2, settled_by = $3, settled_at = $4 where id = $1", letter, status, who, now
    )


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop memories of letters that went back before `before`, at most `portion`; letters in quarantine stay."""
    return await tx.execute(
        "delete from redriven_letters where (queue, message_id) in"
        " (select queue, message_id from redriven_letters where sent_at < $1 order by sent_at limit $2)",
        before,
        portion,
    )


def written(attributes: Mapping[str, Any]) -> str:
    """Return message attributes as they are kept."""
    return dump_json(
        {
            name: {
                member: base64.b64encode(part).decode() if member == _BYTES else part
                for member, part in value.items()
                if part not in ([], None)
            }
            for name, value in attributes.items()
        }
    )


def read(text: str) -> dict[str, Any]:
    """Return message attributes as SQS takes them."""
    return {
        name: {member: base64.b64decode(part) if member == _BYTES else part for member, part in value.items()}
        for name, value in json.loads(text).items()
    }
