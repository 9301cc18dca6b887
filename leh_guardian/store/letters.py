"""Owns the memory of dead letters: which went back, which are in quarantine; the one rule: every write may be repeated."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.identity import key
from leh_guardian.model.text import dump_json, storable
from leh_guardian.ports import RETENTION, KeptLetter, LetterHistory, MovedLetter, ReceivedMessage, SentLetter
from leh_guardian.store.transaction import Transaction

_BYTES = "BinaryValue"
_RESTING = f"queue = $1 and status = 'kept' and reason like '{RETENTION}%'"


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


async def sent(
    tx: Transaction,
    queue: str,
    action: UUID,
    incident: UUID,
    letters: Mapping[str, SentLetter],
    now: datetime,
    returns_at: datetime,
) -> None:
    """Remember that letters went back, and until when one that fails again would have returned."""
    # An array of arrays of different lengths is none: ids go as JSON.
    await tx.execute(
        "insert into redriven_letters (queue, message_id, fingerprint, action_id, incident_id, sent_at, returns_at, evidence, cases)"
        " select $1, m, f, $2, $3, $4, $5, array(select json_array_elements_text(e)), array(select json_array_elements_text(c))"
        " from unnest($6::text[], $7::uuid[], $8::json[], $9::json[]) as given(m, f, e, c) on conflict do nothing",
        queue,
        action,
        incident,
        now,
        returns_at,
        list(letters),
        [letter.fingerprint for letter in letters.values()],
        [dump_json(list(letter.evidence)) for letter in letters.values()],
        [dump_json(list(letter.cases)) for letter in letters.values()],
    )


async def moved(
    tx: Transaction, queue: str, incident: UUID, *, action: UUID | None = None, most: int = 10_000
) -> list[MovedLetter]:
    """Return the newest letters that redrives of an incident, or one action of it, sent back; without those in quarantine by now."""
    rows = await tx.fetch(
        "select message_id, fingerprint, sent_at, returns_at, evidence, cases from redriven_letters r"
        " where incident_id = $1 and queue = $2 and ($3::uuid is null or action_id = $3) and not exists"
        " (select 1 from quarantine q where q.queue = r.queue and q.fingerprint = r.fingerprint and q.status = 'kept')"
        " order by sent_at desc, message_id limit $4",
        incident,
        queue,
        action,
        most,
    )
    return [MovedLetter(**dict(row)) for row in rows]


async def keep(
    tx: Transaction, queue: str, incident: UUID | None, letters: Sequence[KeptLetter], now: datetime
) -> None:
    """Put letters into quarantine."""
    for letter in letters:
        message = letter.message
        sent_at = None if message.sent_at is None else datetime.fromtimestamp(message.sent_at, UTC)
        await tx.execute(
            "insert into quarantine (id, queue, message_id, fingerprint, incident_id, body, attributes, message_group, trace,"
            " sent_at, reason, error, evidence, cases, redrives, kept_at, source_arn)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) on conflict do nothing",
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
            message.source_arn,
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


async def resting(tx: Transaction, queue: str, *, without: Collection[str] = (), most: int = 10) -> list[KeptLetter]:
    """Return letters that are kept because SQS would have deleted them, the oldest first."""
    rows = await tx.fetch(
        f"select * from quarantine where {_RESTING} and message_id <> all($2::text[])"
        " order by sent_at, position limit $3",
        queue,
        list(without),
        most,
    )
    return [kept_letter({**row, "attributes": read(row["attributes"])}) for row in rows]


async def poison(tx: Transaction, queue: str, incident: UUID) -> list[str]:
    """Return the evidence, or the message ids, of letters that an incident keeps because they died too often."""
    rows = await tx.fetch(
        "select message_id, evidence from quarantine where incident_id = $1 and queue = $2 and status = 'kept'"
        f" and redrives > 0 and reason not like '{RETENTION}%' order by kept_at, id",
        incident,
        queue,
    )
    return [name for row in rows for name in (row["evidence"] or [row["message_id"]])]


async def count_resting(tx: Transaction, queue: str) -> int:
    """Return how many there are."""
    return int(await tx.fetchval(f"select count(*) from quarantine where {_RESTING}", queue))


async def release(tx: Transaction, queue: str, message_ids: Sequence[str], who: str, now: datetime) -> None:
    """Say that letters were sent out of quarantine."""
    await tx.execute(
        "update quarantine set status = 'released', settled_by = $2, settled_at = $3"
        " where id = any($1::uuid[]) and status = 'kept'",
        [kept_id(queue, message_id) for message_id in message_ids],
        who,
        now,
    )


def kept_letter(row: Mapping[str, Any]) -> KeptLetter:
    """Return a row of the quarantine as the letter that was kept."""
    told_ = {name: row[name] for name in ("fingerprint", "reason", "error", "evidence", "cases", "redrives")}
    return KeptLetter(message=message_of(row), **told_)


def message_of(row: Mapping[str, Any]) -> ReceivedMessage:
    """Return a letter in quarantine, as `take` gives it, as the message that it was."""
    return ReceivedMessage(
        id=row["message_id"],
        receipt="",
        body=row["body"],
        attributes=row["attributes"],
        group=row["message_group"],
        trace=row["trace"],
        sent_at=None if row["sent_at"] is None else row["sent_at"].timestamp(),
        source_arn=row["source_arn"],
    )


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
