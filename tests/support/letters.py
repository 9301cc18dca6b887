"""The memory of dead letters without a database: what the contract tests of the store hold PostgreSQL to, kept by a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.ports import KeptLetter, LetterHistory
from leh_guardian.store.letters import told


class Remembered:
    """The port `DeadLetters`; outlives the replicas of a test, as a database does."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.kept: dict[str, KeptLetter] = {}
        """What is in quarantine, by message id."""

    async def history(self, queue: str, action: UUID, letters: Mapping[str, UUID]) -> Mapping[str, LetterHistory]:
        """Tell what is known."""
        rows = [row for (of, _), row in self.rows.items() if of == queue and row["fingerprint"] in letters.values()]
        return told(letters, action, rows, set(self.kept))

    async def sent(self, queue: str, action: UUID, letters: Mapping[str, UUID], at: datetime) -> None:
        """Remember."""
        for message_id, fingerprint in letters.items():
            row = {"message_id": message_id, "fingerprint": fingerprint, "action_id": action, "sent_at": at}
            self.rows.setdefault((queue, message_id), row)

    async def keep(self, queue: str, incident: UUID, letters: Sequence[KeptLetter]) -> None:
        """Keep."""
        for letter in letters:
            self.kept.setdefault(letter.message.id, letter)
