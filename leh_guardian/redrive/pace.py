"""Owns how fast letters go back; the one rule: a little more while all is well, half of it as soon as something dies again."""

from __future__ import annotations

from dataclasses import dataclass

_FIRST = 8
"""A ramp begins with this part of the rate that was asked for, and climbs by as much."""
_SLOWEST = 64
_CLIMB = 10.0
"""Seconds without trouble until it climbs."""


@dataclass
class Pace:
    """A rate in messages a second: constant, or a ramp (additive increase, multiplicative decrease)."""

    limit: float
    ramp: bool
    rate: float = 0.0
    quiet_since: float = 0.0
    """Monotonic seconds."""

    def __post_init__(self) -> None:
        if not self.rate:
            self.rate = self.limit / _FIRST if self.ramp else self.limit

    def went_well(self, now: float) -> None:
        """Climb a step when nothing has died for a while."""
        if self.ramp and now - self.quiet_since >= _CLIMB:
            self.quiet_since = now
            self.rate = min(self.limit, self.rate + self.limit / _FIRST)

    def died_again(self, now: float) -> None:
        """Halve the rate: what was sent has come back."""
        self.quiet_since = now
        self.rate = max(self.limit / _SLOWEST, self.rate / 2)
