"""Owns the way from a clock on the wall to an instant; the one rule: it is gone once, and everything after is compared in UTC.

Python compares two times of the same zone by their wall clocks and knows nothing of an hour that was skipped or lived twice.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_SECOND: Final = timedelta(seconds=1)


@lru_cache(maxsize=8192)
def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return, in UTC, the first instant at which the clocks of `zone` show `wall` (without a zone, whole seconds) or more.

    Of a time that is shown twice that is the first; of one that is never shown, the end of the gap.
    """
    # A wall has no fold, and Python takes two that differ in it for the same.
    at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _shown(at, zone) == wall:
        return at
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), at
    while after - before > _SECOND:
        between = before + (after - before) // (2 * _SECOND) * _SECOND
        if _shown(between, zone) >= wall:
            after = between
        else:
            before = between
    return after


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """Return the date on the calendar of `zone` at an instant."""
    return at.astimezone(zone).date()


def on_date(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant at which the clocks of `zone` first show `at` on `day`, or the end of the gap."""
    return instant(datetime.combine(day, at), zone)


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)
