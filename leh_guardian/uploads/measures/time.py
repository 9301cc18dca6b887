"""Owns when it happened, by the clock in Seoul; the one rule: it weighs little, for lawyers work at night before a hearing."""

from __future__ import annotations

from typing import Final

from leh_guardian.uploads.measures.catalogue import measure, share
from leh_guardian.uploads.subject import Subject

_SEOUL: Final = 9 * 3600
"""Seconds ahead of UTC; Korea has no summer time."""
_DAY: Final = 86_400


@measure
def night_ratio(s: Subject) -> float | None:
    """Share of uploads from midnight to six in Korea."""
    return share(sum(_hour(record.at) < 6 for record in s.made), len(s.made))


@measure
def working_ratio(s: Subject) -> float | None:
    """Share of uploads from eight to twenty in Korea, Monday to Friday."""
    return share(sum(8 <= _hour(r.at) < 20 and _weekday(r.at) < 5 for r in s.made), len(s.made))


@measure
def hours_of_day(s: Subject) -> float | None:
    """Hours of the day in which there were uploads: people sleep."""
    return float(len({int(_hour(record.at)) for record in s.made}))


def _hour(at: float) -> float:
    return (at + _SEOUL) % _DAY / 3600


def _weekday(at: float) -> int:
    return int((at + _SEOUL) // _DAY + 3) % 7  # 1970 began on a Thursday
