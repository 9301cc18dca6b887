"""Owns what use is usual, looked at every few minutes; the one rule: it is a help to judge by, and stale it is still one.

New cases are compared with all others: that moves slowly, and would cost every batch of events a look through weeks of use.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from leh_guardian.clock import Clock
from leh_guardian.model.spend.limits import HISTORY, Usual
from leh_guardian.store import circuits, spending
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

PAUSE: Final = 300.0
"""Seconds between two looks."""
_LEAST: Final = 1000
"""Active hours of cases that one in a thousand can be told of."""
_MINUTES: Final = timedelta(hours=26)
"""How long use is kept by the minute: longer than a day's window that slides over it."""
_FORGOTTEN: Final = timedelta(days=60)
_PORTION: Final = 5000


class UsualUse:
    """What use is usual, as of the last look."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self.now = Usual()

    async def run_once(self) -> int:
        """Look, and make hours of old minutes; returns how many minutes went."""
        now = self._clock.now()
        async with transaction(self._pool) as tx:
            self.now = Usual(
                await spending.cohort(tx, now - HISTORY, now, _LEAST),
                await spending.told(tx, now - timedelta(days=1)),
            )
        async with transaction(self._pool) as tx:
            await circuits.forget(tx, now - _FORGOTTEN, _PORTION)
            return await spending.compact(tx, now - _MINUTES, _PORTION)
