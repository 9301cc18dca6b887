"""Owns which records are judged; the one rule: neither the order of the records nor repeats of them change anything.

The newest 24 hours are the incident, older records the history. Memory is bounded by keeping the newest records only, and
their number is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.uploads.record import Record

INCIDENT: Final = 86_400.0
"""Seconds: the length of the incident."""
MOST: Final = 250_000
"""Records that are judged; three times what a file is expected to hold."""
_AHEAD: Final = timedelta(days=400).total_seconds()
"""A time further ahead of the clock is a broken one: alone it would push the whole incident into the history."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is judged, sorted by time, and what was left out."""

    incident: tuple[Record, ...]
    history: tuple[Record, ...]
    given: int
    """Records that came."""
    repeated: int
    """Of them such as had come before, and were not counted again."""
    left_out: int
    """Of them the oldest, beyond `MOST`."""
    ahead: int
    """Of them such as are dated more than a year ahead of now."""

    @property
    def ends(self) -> float | None:
        """The newest record's time, which is the incident's end."""
        return self.incident[-1].at if self.incident else None


def gather(records: Iterable[Record], now: datetime, window: float = INCIDENT, most: int = MOST) -> Gathered:
    """Take in records in any order; of more than `most` the newest stay."""
    kept: set[Record] = set()
    given = repeated = ahead = left_out = 0
    horizon, oldest = now.timestamp() + _AHEAD, float("-inf")
    for record in records:
        given += 1
        if record.at > horizon:
            ahead += 1
        elif record.at < oldest:
            left_out += 1
        elif record in kept:
            repeated += 1
        else:
            kept.add(record)
            if len(kept) > most + most // 4:
                newest = sorted(kept, key=_order)[-most:]
                left_out += len(kept) - most
                kept, oldest = set(newest), newest[0].at
    ordered = sorted(kept, key=_order)
    left_out += max(0, len(ordered) - most)
    ordered = ordered[-most:]
    begins = ordered[-1].at - window if ordered else 0.0
    split = next((n for n, record in enumerate(ordered) if record.at > begins), len(ordered))
    return Gathered(tuple(ordered[split:]), tuple(ordered[:split]), given, repeated, left_out, ahead)


def _order(record: Record) -> tuple[object, ...]:
    """Return what sorts records by time, and those of one time always alike."""
    r = record
    return (
        r.at,
        r.action,
        r.key or "",
        r.evidence or "",
        r.user or "",
        r.case or "",
        r.ip or "",
        r.status or 0,
        r.size or 0,
    )
