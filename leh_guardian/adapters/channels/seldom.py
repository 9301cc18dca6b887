"""Owns a look that is taken seldom; the one rule: in between the answer before it counts, its failure included."""

from __future__ import annotations

from leh_guardian.clock import Clock
from leh_guardian.errors import GuardianError, Unavailable
from leh_guardian.model.text import told
from leh_guardian.ports import Pingable

EVERY = 600.0
"""Seconds between two looks at a way to people: `/readyz` looks every five, and a provider's quota is for pages."""
AGAIN = 60.0
"""... and after one that went wrong: whether it lasts decides which way messages go."""


class Seldom:
    """Looks at something at most every ten minutes, every minute while it fails."""

    def __init__(self, inner: Pingable, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._looked: float | None = None
        self._failure: str | None = None

    async def ping(self) -> None:
        """Raise Unavailable with what the last look found wrong, if anything."""
        now = self._clock.monotonic()
        if self._looked is None or now - self._looked >= (EVERY if self._failure is None else AGAIN):
            # Before the look: whoever pings may give up before it ends, and pings again in seconds.
            self._looked, self._failure = now, "no answer in time"
            try:
                await self._inner.ping()
                self._failure = None
            except GuardianError as error:
                self._failure = told(error, 500)
        if self._failure is not None:
            raise Unavailable(self._failure)
