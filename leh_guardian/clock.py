"""Owns time: the instants that are stored, compared and slept until, and the seconds that an attempt measures itself by.

The one rule: nothing else reads the wall clock (ruff bans it). I/O deadlines are anyio scopes on loop time, leases compare
PostgreSQL's own clock inside `store/actions.py`, and the daemon dates by that clock, too (`SharedClock`): a replica whose own
is wrong, or jumps, steals nothing, ends no window early and overdraws no budget.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio


class Clock(Protocol):
    """Durable time as an argument: `SharedClock` in the daemon, `FakeClock` in tests."""

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


class SharedClock:
    """The database's clock, carried on by the seconds of this machine: the time that all replicas agree on."""

    _SURE = 1.0
    """Seconds that an answer may take and still be believed at once."""
    _LONGEST = 600.0
    """Seconds after which a slow answer is better than none."""

    def __init__(self, own: Clock) -> None:
        self._own = own
        self._anchor: tuple[float, datetime] | None = None

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC; the machine's own word before the first agreement."""
        if self._anchor is None:
            return self._own.now()
        then, told = self._anchor
        return told + timedelta(seconds=self._own.monotonic() - then)

    def monotonic(self) -> float:
        """Return the machine's seconds."""
        return self._own.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop's monotonic clock."""
        await self._own.sleep(seconds)

    def agree(self, told: datetime, asked: float) -> None:
        """Take over what the database's clock said to a question of the monotonic instant `asked`."""
        answered = self._own.monotonic()
        took, age = answered - asked, answered - self._anchor[0] if self._anchor else self._LONGEST
        if took <= self._SURE or age >= self._LONGEST:
            # Told somewhere between the question and its answer.
            self._anchor = (asked + took / 2, told)

    def ahead(self) -> float:
        """Return by how many seconds the machine's own wall clock is ahead of the shared time."""
        return (self._own.now() - self.now()).total_seconds()


def seconds(count: float) -> timedelta:
    """Return a duration of `count` seconds."""
    return timedelta(seconds=count)
