"""Owns the twins of store/letters.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.text import storable
from leh_guardian.ports import RETENTION, KeptLetter, LetterHistory, MovedLetter, SentLetter
from leh_guardian.store.letters import kept_id, kept_letter, read, told, written
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import QUARANTINE, REDRIVEN_LETTERS


async def history(tx: Transaction, queue: str, action: UUID, letters: Mapping[str, UUID]) -> dict[str, LetterHistory]:
    """Do as the real one."""
    prints = set(letters.values())
    async with statement(tx, "letters.history") as work:
        rows = [r for r in work.rows(REDRIVEN_LETTERS) if r["queue"] == queue and r["fingerprint"] in prints]
    async with statement(tx, "letters.history") as work:
        found = [row for each in letters for row in work.find(QUARANTINE, kept_id(queue, each))]
    return told(letters, action, rows, {row["message_id"] for row in found if row["status"] == "kept"})


async def sent(
    tx: Transaction,
    queue: str,
    action: UUID,
    incident: UUID,
    letters: Mapping[str, SentLetter],
    now: datetime,
    returns_at: datetime,
) -> None:
    """Do as the real one."""
    rows = [
        {
            "queue": queue,
            "message_id": message_id,
            "fingerprint": letter.fingerprint,
            "action_id": action,
            "incident_id": incident,
            "sent_at": now,
            "returns_at": returns_at,
            "evidence": list(letter.evidence),
            "cases": list(letter.cases),
        }
        for message_id, letter in letters.items()
    ]
    async with statement(tx, "letters.sent") as work:
        await work.insert(REDRIVEN_LETTERS, rows, spare=REDRIVEN_LETTERS.primary)


async def moved(
    tx: Transaction, queue: str, incident: UUID, *, action: UUID | None = None, most: int = 10_000
) -> list[MovedLetter]:
    """Do as the real one."""
    async with statement(tx, "letters.moved") as work:
        kept_ = {(r["queue"], r["fingerprint"]) for r in work.rows(QUARANTINE) if r["status"] == "kept"}
        rows = [
            row
            for row in work.rows(REDRIVEN_LETTERS)
            if (row["incident_id"], row["queue"]) == (incident, queue)
            and (action is None or row["action_id"] == action)
            and (queue, row["fingerprint"]) not in kept_
        ]
    rows.sort(key=lambda row: row["message_id"])
    rows.sort(key=lambda row: row["sent_at"], reverse=True)
    told_ = ("message_id", "fingerprint", "sent_at", "returns_at", "evidence", "cases")
    return [MovedLetter(**{name: row[name] for name in told_}) for row in rows[:most]]


async def keep(
    tx: Transaction, queue: str, incident: UUID | None, letters: Sequence[KeptLetter], now: datetime
) -> None:
    """Do as the real one."""
    for letter in letters:
        message = letter.message
        row = {
            "id": kept_id(queue, message.id),
            "queue": queue,
            "message_id": message.id,
            "fingerprint": letter.fingerprint,
            "incident_id": incident,
            "body": message.body,
            "attributes": written(message.attributes),
            "message_group": message.group,
            "trace": message.trace,
            "sent_at": None if message.sent_at is None else datetime.fromtimestamp(message.sent_at, UTC),
            "reason": storable(letter.reason),
            "error": storable(letter.error),
            "evidence": list(letter.evidence),
            "cases": list(letter.cases),
            "redrives": letter.redrives,
            "kept_at": now,
            "source_arn": message.source_arn,
        }
        async with statement(tx, "letters.keep") as work:
            await work.insert(QUARANTINE, [row], spare=QUARANTINE.primary)


async def kept(
    tx: Transaction, *, queue: str | None = None, incident: UUID | None = None, most: int = 1000
) -> list[Any]:
    """Do as the real one."""
    async with statement(tx, "letters.kept") as work:
        rows = [
            row
            for row in work.rows(QUARANTINE)
            if row["status"] == "kept"
            and (queue is None or row["queue"].endswith(f":{queue}"))
            and (incident is None or row["incident_id"] == incident)
        ]
    rows.sort(key=lambda row: (row["kept_at"], row["id"]))
    unsaid = {"body", "attributes", "trace", "fingerprint", "settled_at", "settled_by", "source_arn"}
    return [
        {**{name: row[name] for name in row if name not in unsaid}, "bytes": len(row["body"])} for row in rows[:most]
    ]


async def take(tx: Transaction, letter: UUID) -> Any:
    """Do as the real one."""
    async with statement(tx, "letters.take") as work:
        found = await work.locked(QUARANTINE, work.find(QUARANTINE, letter), lambda row: row["status"] == "kept")
    return {**found[0], "attributes": read(found[0]["attributes"])} if found else None


async def resting(tx: Transaction, queue: str, *, without: Collection[str] = (), most: int = 10) -> list[KeptLetter]:
    """Do as the real one."""
    async with statement(tx, "letters.resting") as work:
        rows = [row for row in work.rows(QUARANTINE) if _rests(row, queue) and row["message_id"] not in without]
    never = datetime.max.replace(tzinfo=UTC)
    rows.sort(key=lambda row: row["sent_at"] or never)
    return [kept_letter({**row, "attributes": read(row["attributes"])}) for row in rows[:most]]


async def poison(tx: Transaction, queue: str, incident: UUID) -> list[str]:
    """Do as the real one."""
    async with statement(tx, "letters.poison") as work:
        rows = [
            row
            for row in work.rows(QUARANTINE)
            if (row["incident_id"], row["queue"], row["status"]) == (incident, queue, "kept")
            and row["redrives"] > 0
            and not row["reason"].startswith(RETENTION)
        ]
        rows.sort(key=lambda row: (row["kept_at"], row["id"]))
        return [name for row in rows for name in (row["evidence"] or [row["message_id"]])]


async def count_resting(tx: Transaction, queue: str) -> int:
    """Do as the real one."""
    async with statement(tx, "letters.count_resting") as work:
        return sum(_rests(row, queue) for row in work.rows(QUARANTINE))


async def release(tx: Transaction, queue: str, message_ids: Sequence[str], who: str, now: datetime) -> None:
    """Do as the real one."""
    ids = {kept_id(queue, message_id) for message_id in message_ids}
    async with statement(tx, "letters.release") as work:
        among = [row for row in work.rows(QUARANTINE) if row["id"] in ids]
        for row in await work.locked(QUARANTINE, among, lambda row: row["status"] == "kept"):
            await work.update(QUARANTINE, row, status="released", settled_by=who, settled_at=now)


def _rests(row: Mapping[str, Any], queue: str) -> bool:
    return row["queue"] == queue and row["status"] == "kept" and str(row["reason"]).startswith(RETENTION)


async def settle(tx: Transaction, letter: UUID, status: str, who: str, now: datetime) -> None:
    """Do as the real one."""
    async with statement(tx, "letters.settle") as work:
        for row in await work.locked(QUARANTINE, work.find(QUARANTINE, letter)):
            await work.update(QUARANTINE, row, status=status, settled_by=who, settled_at=now)


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "letters.forget") as work:
        old = sorted(
            (row for row in work.rows(REDRIVEN_LETTERS) if row["sent_at"] < before), key=lambda row: row["sent_at"]
        )
        return await work.delete(REDRIVEN_LETTERS, old[:portion])
