"""Owns which upload a request in a log is; the one rule: an address that is not the uploader's, or of too few of them, is none.

A version of S3's and a request are one where they have the key in common, each used once, in the order of their times. Requests that
the service itself has signed tell of its own address: they say whose upload that was not, and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from leh_guardian.model.sighting import Screened, Sighting
from leh_guardian.ports import ObjectVersion

_APART: Final = 6 * 3600.0
"""Seconds between a request's time and its object's: a large file on a slow line."""
_ENOUGH: Final = 0.5
"""Share of the burst's uploads whose request must have been told of: of fewer, those that have come say little of the others."""
BLOCKED: Final = 403
"""The status of what WAF refuses."""
_SENT: Final = frozenset({"POST", "PUT"})


@dataclass(frozen=True, slots=True)
class Matched:
    """What requests tell of a burst's uploads."""

    of: Mapping[int, Sighting] = field(default_factory=dict)
    """{place of a version: the request that stored it}."""
    refused: tuple[Sighting, ...] = ()
    """Requests with a presigned address that stored nothing."""
    gone: tuple[Sighting, ...] = ()
    """Such as stored an object of which nothing is listed."""
    told: int = 0
    """Of the burst's uploads such as a request is known of."""
    own: int = 0
    """Of these such as the service stored by itself."""
    untold: int = 0
    """... and such as none is known of."""
    late: int = 0
    """Of these such as were stored after the newest line: nothing of them may have come yet."""
    enough: bool = False
    """Whether the addresses are used at all."""

    def facts(self) -> dict[str, Any]:
        """Return what is told of it."""
        return {
            "told": self.told,
            "by_the_service": self.own,
            "untold": self.untold,
            "not_come_yet": self.late,
            "refused": len(self.refused),
            "used": self.enough,
        }


def matched(
    versions: Sequence[ObjectVersion],
    sightings: Iterable[Sighting],
    begins: datetime,
    newest: float | None,
    *,
    overwritten: bool = True,
) -> Matched:
    """Return which request stored which version.

    Args:
        versions: what is listed.
        sightings: each request once.
        begins: when the burst did.
        newest: the time of the newest line that has come, in seconds since 1970.
        overwritten: whether versions are listed that others have taken the place of; else there is the newest of each key alone.
    """
    places = defaultdict[str, list[int]](list)
    for place in sorted(range(len(versions)), key=lambda each: versions[each].stored_at):
        places[versions[place].key].append(place)
    stored, refused = _by_key(sightings, places)
    of: dict[int, Sighting] = {}
    gone = list[Sighting]()
    parts = {one.keys[0]: one for seen in stored.values() for one in seen if one.part and one.presigned}
    for key, seen in stored.items():
        made = [one for one in seen if not one.part]
        found, left = _in_order(versions, places.get(key, ()), made, newest_first=not overwritten)
        of |= {place: _sender(one, parts.get(key)) for place, one in found.items()}
        gone += [one for one in left if one.presigned and one.whole]
    burst = [place for place, version in enumerate(versions) if version.stored_at >= begins]
    told, own = (
        [place for place in burst if place in of],
        sum(not of[place].presigned for place in burst if place in of),
    )
    late = sum(versions[place].stored_at.timestamp() > (newest or 0.0) for place in burst if place not in of)
    asked = len(burst) - own
    return Matched(
        {place: one for place, one in of.items() if one.presigned},
        tuple(refused),
        tuple(gone),
        len(told),
        own,
        len(burst) - len(told),
        late,
        enough=asked == 0 or (len(told) - own) >= _ENOUGH * asked,
    )


def _by_key(
    sightings: Iterable[Sighting], places: Mapping[str, Sequence[int]]
) -> tuple[dict[str, list[Sighting]], list[Sighting]]:
    """Return what stored something, by the key that is meant, in the order of time; and what was refused."""
    stored, refused = defaultdict[str, list[Sighting]](list), list[Sighting]()
    for one in sorted(sightings, key=lambda each: each.at):
        if one.refused:
            refused += [one] if one.presigned else []
            continue
        key = next((key for key in one.keys if key in places), one.keys[0])
        stored[key].append(one._replace(keys=(key,)))
    return stored, refused


def _sender(begun: Sighting, part: Sighting | None) -> Sighting:
    """Return the request that tells who has sent an object: where the service began an upload in parts, that of the first part."""
    if part is None or begun.whole or begun.presigned or not 0 <= part.at - begun.at <= _APART:
        return begun
    return part


def _in_order(
    versions: Sequence[ObjectVersion], places: Sequence[int], seen: Sequence[Sighting], *, newest_first: bool
) -> tuple[dict[int, Sighting], list[Sighting]]:
    """Pair versions of one key with requests, both in the order of time; return the pairs, and requests without a version."""
    way = -1 if newest_first else 1
    found: dict[int, Sighting] = {}
    left, next_one = list[Sighting](), 0
    ordered = seen[::way]
    for place in places[::way]:
        at = versions[place].stored_at.timestamp()
        while next_one < len(ordered) and (at - ordered[next_one].at) * way > _APART:
            left.append(ordered[next_one])
            next_one += 1
        if next_one < len(ordered) and abs(ordered[next_one].at - at) <= _APART:
            found[place] = ordered[next_one]
            next_one += 1
    return found, [*left, *ordered[next_one:]]


def blocked(screened: Iterable[Screened], cases: Collection[str], ips: Collection[str]) -> list[tuple[Screened, str]]:
    """Return what WAF refused of those who upload, each with the case that it was about.

    A page that another in the same office asked for is none of it: only what sends something to one of the cases is.
    """
    found = list[tuple[Screened, str]]()
    for one in screened:
        if one.action != "BLOCK" or one.method not in _SENT or one.ip not in ips:
            continue
        about = [part for part in one.path.split("/") if part in cases]
        if about:
            found.append((one, about[0]))
    return found
