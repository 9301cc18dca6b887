"""Owns the marks of a program at work; the one rule: they say that nobody was there, not that harm was meant."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from leh_guardian.uploads.measures.catalogue import measure, share, spread
from leh_guardian.uploads.networks import agent_family, is_scripted
from leh_guardian.uploads.subject import Subject

_SESSION: Final = 1800.0
"""Seconds after which a pause is a break and no gap between two files."""
_ENOUGH_GAPS: Final = 10


@measure
def pace_cv(s: Subject) -> float | None:
    """Spread of the gaps between uploads over their mean, breaks left out: 0 a clock, 1 chance, more a person."""
    return _cv([gap for gap in _gaps(s) if gap <= _SESSION])


@measure
def day_cv(s: Subject) -> float | None:
    """The same over the whole incident, breaks included."""
    return _cv(_gaps(s))


@measure
def span_hours(s: Subject) -> float | None:
    """Hours from the first upload to the last."""
    return (s.made[-1].at - s.made[0].at) / 3600


@measure
def longest_rest_hours(s: Subject) -> float | None:
    """Longest pause between two uploads."""
    return max(_gaps(s), default=0.0) / 3600


@measure
def views_per_upload(s: Subject) -> float | None:
    """Pages that the user looked at from where the uploads came from, for each upload; missing where the log has no views at all."""
    return s.seen_here / len(s.made) if s.world.humans_known else None


@measure
def presence(s: Subject) -> float | None:
    """Views and log-ins of the user in the incident, from anywhere; missing where the log has none at all."""
    return float(len(s.seen)) if s.world.humans_known else None


@measure
def scripted_ratio(s: Subject) -> float | None:
    """Share of uploads whose user agent is a program's own name, or empty."""
    agents = [record.agent for record in s.uploads if record.agent is not None]
    return share(sum(map(is_scripted, agents)), len(agents))


@measure
def agents(s: Subject) -> float | None:
    """Different user agents, version numbers apart."""
    found = {agent_family(record.agent) for record in s.uploads if record.agent is not None}
    return float(len(found)) or None


@measure
def refused_ratio(s: Subject) -> float | None:
    """Share of uploads that were refused (4xx, timeouts and broken connections apart)."""
    told = [record.status for record in s.uploads if record.status is not None]
    return share(sum(400 <= status < 500 and status not in {408, 499} for status in told), len(told))


def _gaps(s: Subject) -> list[float]:
    return [after.at - before.at for before, after in pairwise(s.made)]


def _cv(gaps: list[float]) -> float | None:
    if len(gaps) < _ENOUGH_GAPS:
        return None
    return spread(gaps)
