"""Owns what people have changed by hand, as every replica takes it up; the one rule: within seconds, whoever was told of it.

Silences that somebody has ended free the messages that they withheld. It is done again for a while: a message that was just being
looked at when the silence ended settles to wait for it a moment later.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from leh_guardian.clock import Clock
from leh_guardian.store import silences
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

LOOK: Final = 3.0
"""Seconds between two looks."""
_SETTLES: Final = timedelta(minutes=2)
"""How long after its end a silence is still looked after: an attempt that takes longer looks anew."""


class Duty:
    """Looks every few seconds what people have changed."""

    def __init__(self, pool: Pool, clock: Clock, *, planned: Callable[[], None]) -> None:
        self._pool = pool
        self._clock = clock
        self._planned = planned

    async def run_once(self) -> int:
        """Look once; returns 0, whatever was found."""
        now = self._clock.now()
        async with transaction(self._pool) as tx:
            lifted = await silences.lifted(tx, now - _SETTLES)
            woken = await silences.wake(tx, now, lifted) if lifted else 0
        if woken:
            self._planned()
        return 0
