"""The memory of dead letters without a database: what the contract tests of the store hold PostgreSQL to, kept by a test."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.ports import RETENTION, KeptLetter, LetterHistory, MovedLetter, SentLetter
from leh_guardian.store.letters import told


class Remembered:
    """The port `DeadLetters`; outlives the replicas of a test, as a database does."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.kept: dict[str, KeptLetter] = {}
        """What is in quarantine, by message id."""
        self.released: dict[str, KeptLetter] = {}
        """What was."""

    async def history(self, queue: str, action: UUID, letters: Mapping[str, UUID]) -> Mapping[str, LetterHistory]:
        """Tell what is known."""
        rows = [row for (of, _), row in self.rows.items() if of == queue and row["fingerprint"] in letters.values()]
        return told(letters, action, rows, set(self.kept))

    async def sent(
        self,
        queue: str,
        action: UUID,
        incident: UUID,
        letters: Mapping[str, SentLetter],
        at: datetime,
        returns_at: datetime,
    ) -> None:
        """Remember."""
        for message_id, letter in letters.items():
            moved = MovedLetter(message_id, letter.fingerprint, at, returns_at, letter.evidence, letter.cases)
            row = {"action_id": action, "incident_id": incident, "moved": moved}
            row |= {"message_id": message_id, "fingerprint": letter.fingerprint, "sent_at": at}
            self.rows.setdefault((queue, message_id), row)

    async def moved(
        self, queue: str, incident: UUID, *, action: UUID | None = None, most: int = 10_000
    ) -> Sequence[MovedLetter]:
        """Tell what went."""
        kept = {letter.fingerprint for letter in self.kept.values()}
        found = [
            row["moved"]
            for (of, _), row in self.rows.items()
            if of == queue
            and row["incident_id"] == incident
            and row["fingerprint"] not in kept
            and action in {None, row["action_id"]}
        ]
        return sorted(found, key=lambda moved: moved.sent_at, reverse=True)[:most]

    async def keep(self, queue: str, incident: UUID, letters: Sequence[KeptLetter]) -> None:
        """Keep."""
        for letter in letters:
            if letter.message.id not in self.released:
                self.kept.setdefault(letter.message.id, letter)

    async def resting(self, queue: str, *, without: Collection[str] = (), most: int = 10) -> Sequence[KeptLetter]:
        """Tell what is kept for its age alone; one queue is all that a test uses."""
        found = [each for each in self.kept.values() if each.reason.startswith(RETENTION)]
        found = [each for each in found if each.message.id not in without]
        return sorted(found, key=lambda each: each.message.sent_at or 0.0)[:most]

    async def poison(self, queue: str, incident: UUID) -> Sequence[str]:
        """Name it."""
        kept = [each for each in self.kept.values() if each.redrives and not each.reason.startswith(RETENTION)]
        return [name for each in kept for name in (each.evidence or [each.message.id])]

    async def count_resting(self, queue: str) -> int:
        """Count it."""
        return len(await self.resting(queue, most=len(self.kept)))

    async def release(self, queue: str, action: UUID, message_ids: Sequence[str]) -> None:
        """Let go."""
        for message_id in set(message_ids) & set(self.kept):
            self.released[message_id] = self.kept.pop(message_id)
