"""Owns time: the instants that are stored, compared and slept until, and the seconds that an attempt measures itself by.

The one rule: nothing else reads the wall clock (ruff bans it). I/O deadlines are anyio scopes on loop time, and leases
compare PostgreSQL's own clock inside `store/actions.py`, so that a replica with a wrong clock steals nothing.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio


class Clock(Protocol):
    """Durable time as an argument: `SystemClock` in the daemon, `FakeClock` in tests."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds since some instant, never set back, and counted while the process or the machine stood still."""

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`; a cancellation point even for zero."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that may

    def monotonic(self) -> float:
        """Return the seconds of CLOCK_BOOTTIME, which goes on while a machine sleeps; elsewhere the nearest there is.

        Not the event loop's time: that is read once a round, so a process that was frozen would believe in the past.
        """
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop's monotonic clock."""
        await anyio.sleep(max(0.0, seconds))


def seconds(count: float) -> timedelta:
    """Return a duration of `count` seconds."""
    return timedelta(seconds=count)
