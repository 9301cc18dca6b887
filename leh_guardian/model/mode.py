"""Owns modes: how far a rule, a handler or the whole daemon may go; the one rule: the lowest of all that apply wins."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """How far to go, from nothing to everything."""

    OFF = "off"
    """Nothing that changes anything starts."""
    OBSERVE = "observe"
    """Reads run; what would change something runs dry and the journal tells what it would have done."""
    PROPOSE = "propose"
    """Reads run; what changes something waits for a person's approval."""
    ACT = "act"
    """Everything runs."""

    @property
    def rank(self) -> int:
        """0 for off to 3 for act; the store compares ranks."""
        return _ORDER.index(self)


_ORDER = [Mode.OFF, Mode.OBSERVE, Mode.PROPOSE, Mode.ACT]


def lowest(*modes: Mode) -> Mode:
    """Return the most careful of `modes`."""
    return min(modes, key=lambda mode: mode.rank)
