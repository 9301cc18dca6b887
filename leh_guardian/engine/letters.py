"""Owns the handlers' way to the memory of dead letters; the one rule: a transaction for each call, none held over the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.clock import Clock
from leh_guardian.ports import KeptLetter, LetterHistory
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

    async def sent(self, queue: str, action: UUID, letters: Mapping[str, UUID], at: datetime) -> None:
        """Remember that letters were sent back."""
        async with transaction(self._pool) as tx:
            await store.sent(tx, queue, action, letters, at)

    async def keep(self, queue: str, incident: UUID, letters: Sequence[KeptLetter]) -> None:
        """Put letters into quarantine."""
        async with transaction(self._pool) as tx:
            await store.keep(tx, queue, incident, letters, self._clock.now())
