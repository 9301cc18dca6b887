"""Owns the look across accounts; the one rule: what is harmless in one account is not in thirty that began together.

A botnet shows in no single account. Accounts without a past are taken as one, unless they sit where established users sit:
a law firm that signs its people up does so from its own office.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from leh_guardian.uploads.subject import YOUNG, Crowd, Subject, networks, places

_FEWEST: Final = 3
"""Accounts that are a crowd at all."""


def with_crowds(subjects: Sequence[Subject]) -> list[Subject]:
    """Return the subjects, each member of a crowd with it."""
    settled = places(record for s in subjects if s.established for record in (*s.uploads, *s.past))
    members = [s for s in subjects if _without_past(s) and not places(s.uploads) & settled]
    if len(members) < _FEWEST:
        return list(subjects)
    crowd = _crowd(members)
    names = {s.who for s in members}
    return [replace(s, crowd=crowd) if s.who in names else s for s in subjects]


def _without_past(subject: Subject) -> bool:
    if subject.who.user is None:
        return False
    if subject.age_hours is not None:
        return subject.age_hours < YOUNG
    return subject.world.has_history and not subject.past


def _crowd(members: Sequence[Subject]) -> Crowd:
    made = [record for s in members for record in s.made]
    digests = [record.digest for record in made if record.digest]
    views = sum(s.seen_here for s in members)
    return Crowd(
        accounts=len(members),
        places=len(places(made)) or None,
        networks=len(networks(made)) or None,
        views_per_upload=views / len(made) if members[0].world.humans_known else None,
        dup_ratio=1 - len(set(digests)) / len(digests) if digests else None,
    )
