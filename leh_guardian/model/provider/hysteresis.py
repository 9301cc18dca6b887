"""Owns when a state may be believed; the one rule: what was not seen counts for nothing, neither as bad nor as good.

Bad after two bad looks in a row, or one that the worker's own errors bear out; good after it was seen good for a time. A look
that says nothing changes nothing, and the time over which nobody looked is not time in which it was good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

_BAD_LOOKS = 2


class Look(StrEnum):
    """What one look saw."""

    BAD = "bad"
    GOOD = "good"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """What is believed, and what speaks for a change."""

    believed: Look = Look.UNKNOWN
    bad: int = 0
    """Bad looks since the last good one."""
    good_seconds: float = 0.0
    """Time that was seen good since the last bad look."""
    good_at: datetime | None = None
    """The last look, if it was good."""

    def seen(self, look: Look, now: datetime, stable_for: timedelta, most: timedelta, *, strong: bool = False) -> Self:
        """Return it after a `look`; two good looks further apart than `most` say nothing of what lay between them."""
        if look is Look.UNKNOWN:
            return replace(self, good_at=None)
        if look is Look.BAD:
            bad = self.bad + 1
            believed = Look.BAD if strong or bad >= _BAD_LOOKS else self.believed
            return replace(self, believed=believed, bad=bad, good_seconds=0.0, good_at=None)
        gap = now - self.good_at if self.good_at is not None else None
        more = gap.total_seconds() if gap is not None and timedelta(0) <= gap <= most else 0.0
        good_seconds = self.good_seconds + more
        believed = Look.GOOD if good_seconds >= stable_for.total_seconds() else self.believed
        return replace(self, believed=believed, bad=0, good_seconds=good_seconds, good_at=now)

    def to_json(self) -> dict[str, Any]:
        """Return it as a checkpoint keeps it."""
        good_at = self.good_at.isoformat() if self.good_at else None
        return {"believed": self.believed.value, "bad": self.bad, "good_seconds": self.good_seconds, "good_at": good_at}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Return what `to_json` wrote."""
        good_at = datetime.fromisoformat(kept["good_at"]) if kept["good_at"] else None
        return cls(Look(kept["believed"]), kept["bad"], kept["good_seconds"], good_at)
