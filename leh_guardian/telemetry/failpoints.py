"""Owns the named points at which a test may stop the program; the one rule: production cannot arm them.

A point is a call that does nothing unless a test launcher has armed a callback in this very process: there is no
environment variable and no setting that leads here. `tests/support/daemon.py` arms it to kill or freeze the process
at the n-th hit of a name.
"""

from __future__ import annotations

from collections.abc import Callable

_armed: Callable[[str], None] | None = None


def failpoint(name: str) -> None:
    """Mark the named point of the path; a no-op unless a test has armed it."""
    if _armed is not None:
        _armed(name)


def arm(callback: Callable[[str], None] | None) -> None:
    """Call `callback` with each point's name from now on (None disarms). For tests alone."""
    global _armed  # noqa: PLW0603 - the point of this module is one process-wide switch
    _armed = callback
