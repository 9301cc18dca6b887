"""Owns liveness: each loop stamps its progress here; the one rule: waiting on a dead dependency is progress, hanging is not.

A loop that backs off because PostgreSQL is away stamps "blocked" and lives; a loop whose task died, deadlocked or awaits
for ever stops stamping and is seen within its limit. `/livez` and systemd's watchdog both read this and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Loop:
    limit: float
    stamped: float
    note: str = ""


class Progress:
    """The last progress of every critical loop, on a monotonic clock that also counts suspended time."""

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        self._now = monotonic or boottime
        self._loops: dict[str, _Loop] = {}

    def watch(self, name: str, limit: float) -> Callable[..., None]:
        """Watch the loop `name`, which must stamp at least every `limit` seconds; returns its stamp function."""
        self._loops[name] = _Loop(limit, self._now())

        def stamp(note: str = "") -> None:
            loop = self._loops.get(name)
            if loop is not None:
                loop.stamped, loop.note = self._now(), note

        return stamp

    def forget(self, name: str) -> None:
        """Stop watching a loop that ended on purpose."""
        self._loops.pop(name, None)

    def ages(self) -> dict[str, float]:
        """Return seconds since each loop's last stamp."""
        now = self._now()
        return {name: now - loop.stamped for name, loop in self._loops.items()}

    def notes(self) -> dict[str, str]:
        """Return what each loop last said it was doing."""
        return {name: loop.note for name, loop in self._loops.items()}

    def stuck(self) -> dict[str, float]:
        """Return the loops past their limit, with the age of their last stamp in seconds."""
        return {name: age for name, age in self.ages().items() if age > self._loops[name].limit}


def boottime() -> float:
    """Return seconds on a clock that nobody sets and that counts suspended time."""
    # CLOCK_BOOTTIME goes on while a machine sleeps; macOS's monotonic clock is the nearest elsewhere.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
