"""A clock that stands still until a test moves it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import anyio.lowlevel


class FakeClock:
    """Durable time in a test's hands; sleeping moves it on at once."""

    def __init__(self, start: datetime = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the present instant."""
        return self._now

    def monotonic(self) -> float:
        """Return real seconds: leases are real in tests, too."""
        return time.monotonic()

    def advance(self, **duration: float) -> None:
        """Move on by `timedelta(**duration)`."""
        self._now += timedelta(**duration)

    async def sleep(self, seconds: float) -> None:
        """Move on by `seconds` without waiting."""
        self._now += timedelta(seconds=max(0.0, seconds))
        await anyio.lowlevel.checkpoint()
