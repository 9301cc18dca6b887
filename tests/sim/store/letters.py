"""Owns the twins of store/letters.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.text import storable
from leh_guardian.ports import KeptLetter, LetterHistory
from leh_guardian.store.letters import kept_id, read, told, written
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


async def sent(tx: Transaction, queue: str, action: UUID, letters: Mapping[str, UUID], now: datetime) -> None:
    """Do as the real one."""
    rows = [
        {"queue": queue, "message_id": message_id, "fingerprint": print_, "action_id": action, "sent_at": now}
        for message_id, print_ in letters.items()
    ]
    async with statement(tx, "letters.sent") as work:
        await work.insert(REDRIVEN_LETTERS, rows, spare=REDRIVEN_LETTERS.primary)


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
    unsaid = {"body", "attributes", "trace", "fingerprint", "settled_at", "settled_by"}
    return [
        {**{name: row[name] for name in row if name not in unsaid}, "bytes": len(row["body"])} for row in rows[:most]
    ]


async def take(tx: Transaction, letter: UUID) -> Any:
    """Do as the real one."""
    async with statement(tx, "letters.take") as work:
        found = await work.locked(QUARANTINE, work.find(QUARANTINE, letter), lambda row: row["status"] == "kept")
    return {**found[0], "attributes": read(found[0]["attributes"])} if found else None


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
