"""Owns durable time: the one source of the instants that are stored, compared and slept until.

The one rule: nothing else reads the wall clock (ruff bans it). I/O deadlines are anyio scopes on loop time, and
leases compare PostgreSQL's own clock inside `store/actions.py`, so that a replica with a wrong clock steals nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio


class Clock(Protocol):
    """Durable time as an argument: `SystemClock` in the daemon, `FakeClock` in tests."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`; a cancellation point even for zero."""


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that may

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop's monotonic clock."""
        await anyio.sleep(max(0.0, seconds))


def seconds(count: float) -> timedelta:
    """Return a duration of `count` seconds."""
    return timedelta(seconds=count)
