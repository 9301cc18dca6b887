"""Owns what the account is; the one rule: being new is no offence, being one of many new ones is worth a look."""

from __future__ import annotations

from leh_guardian.uploads.measures.catalogue import measure, share
from leh_guardian.uploads.subject import Subject

_OTHERS = 3
"""Users that have one content before it is said to go round: two colleagues may have the same letter."""


@measure
def account_age_hours(s: Subject) -> float | None:
    """Hours from the account's creation to the first upload of the incident."""
    return s.age_hours


@measure
def crowd_accounts(s: Subject) -> float | None:
    """Accounts without a past that upload in the incident, from where no established user sits; 1 where this one is none of them."""
    if s.age_hours is None and not s.world.has_history:
        return None
    return float(s.crowd.accounts) if s.crowd else 1.0


@measure
def crowd_places(s: Subject) -> float | None:
    """Different /24 networks that such accounts come from."""
    return float(s.crowd.places) if s.crowd and s.crowd.places else None


@measure
def crowd_networks(s: Subject) -> float | None:
    """Providers (AS numbers, else /16) that such accounts come from."""
    return float(s.crowd.networks) if s.crowd and s.crowd.networks else None


@measure
def crowd_views(s: Subject) -> float | None:
    """Views for each upload of such accounts together."""
    return s.crowd.views_per_upload if s.crowd else None


@measure
def crowd_dup_ratio(s: Subject) -> float | None:
    """Share of such accounts' uploads whose content is among them already."""
    return s.crowd.dup_ratio if s.crowd else None


@measure
def shared_ratio(s: Subject) -> float | None:
    """Share of uploads whose content three users or more have uploaded."""
    digests = [record.digest for record in s.made if record.digest]
    return share(sum(s.world.owners.get(digest, 1) >= _OTHERS for digest in digests), len(digests))
