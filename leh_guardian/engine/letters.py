"""Owns the handlers' way to the memory of dead letters; the one rule: a transaction for each call, none held over the network."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.clock import Clock
from leh_guardian.ports import KeptLetter, LetterHistory, MovedLetter, SentLetter
from leh_guardian.store import letters as store
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction


class Letters:
    """The port `DeadLetters` over guardian's database."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def history(self, queue: str, action: UUID, letters: Mapping[str, UUID]) -> Mapping[str, LetterHistory]:
        """Return what is known of letters ({message id: fingerprint})."""
        async with transaction(self._pool) as tx:
            return await store.history(tx, queue, action, letters)

    async def sent(
        self,
        queue: str,
        action: UUID,
        incident: UUID,
        letters: Mapping[str, SentLetter],
        at: datetime,
        returns_at: datetime,
    ) -> None:
        """Remember that letters were sent back."""
        async with transaction(self._pool) as tx:
            await store.sent(tx, queue, action, incident, letters, at, returns_at)

    async def moved(
        self, queue: str, incident: UUID, *, action: UUID | None = None, most: int = 10_000
    ) -> Sequence[MovedLetter]:
        """Return the newest letters that redrives of an incident, or one action of it, sent back."""
        async with transaction(self._pool) as tx:
            return await store.moved(tx, queue, incident, action=action, most=most)

    async def keep(self, queue: str, incident: UUID, letters: Sequence[KeptLetter]) -> None:
        """Put letters into quarantine."""
        async with transaction(self._pool) as tx:
            await store.keep(tx, queue, incident, letters, self._clock.now())

    async def resting(self, queue: str, *, without: Collection[str] = (), most: int = 10) -> Sequence[KeptLetter]:
        """Return letters that are kept because SQS would have deleted them, the oldest first."""
        async with transaction(self._pool) as tx:
            return await store.resting(tx, queue, without=without, most=most)

    async def poison(self, queue: str, incident: UUID) -> Sequence[str]:
        """Return what an incident keeps in quarantine because it died too often."""
        async with transaction(self._pool) as tx:
            return await store.poison(tx, queue, incident)

    async def count_resting(self, queue: str) -> int:
        """Return how many there are."""
        async with transaction(self._pool) as tx:
            return await store.count_resting(tx, queue)

    async def release(self, queue: str, action: UUID, message_ids: Sequence[str]) -> None:
        """Say that `action` has sent letters out of quarantine."""
        async with transaction(self._pool) as tx:
            await store.release(tx, queue, message_ids, f"action {action}", self._clock.now())
