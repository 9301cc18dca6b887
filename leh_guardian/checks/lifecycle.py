"""Owns what the rules of a bucket's lifecycle mean for a prefix; the one rule: a rule covers what S3 would expire by it.

"Lifecycle configuration elements" (S3 User Guide): a rule is for the keys that begin with its prefix, and only those of them that have
its tags and sizes. Where several cover the same, the earliest expires it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from leh_guardian.ports.checks import LifecycleRule


class Reach(StrEnum):
    """How much of a prefix a rule is for."""

    ALL = "all"
    PART = "part"
    NONE = "none"


def reach(rule: LifecycleRule, prefix: str) -> Reach:
    """Return how much of what begins with `prefix` a rule is for; a disabled rule is for nothing."""
    if not rule.enabled:
        return Reach.NONE
    if prefix.startswith(rule.prefix):
        return Reach.PART if rule.narrowed else Reach.ALL
    return Reach.PART if rule.prefix.startswith(prefix) else Reach.NONE


@dataclass(frozen=True, slots=True)
class Cover:
    """What the rules do with a prefix."""

    days: int | None = None
    """Days after which every object expires; None: not every one does."""
    partial_days: int | None = None
    """... after which some do, by a rule for a part."""
    narrowed: tuple[str, ...] = ()
    """Why those are only a part."""
    noncurrent_days: int | None = None
    noncurrent_kept: int = 0
    delete_markers: bool = False
    abort_days: int | None = None
    rules: tuple[str, ...] = ()
    """Ids of those that are for any of it."""
    disabled: tuple[str, ...] = ()
    """Ids of those that would be, were they enabled."""

    @property
    def bound(self) -> int | None:
        """Days by which age is judged, also where only a part expires."""
        return self.days if self.days is not None else self.partial_days


def cover(rules: Sequence[LifecycleRule], prefix: str, now: datetime) -> Cover:
    """Return what `rules` do with what begins with `prefix`."""
    whole = [rule for rule in rules if reach(rule, prefix) is Reach.ALL]
    part = [rule for rule in rules if reach(rule, prefix) is Reach.PART]
    expires = [days for rule in whole if (days := _days(rule, now)) is not None]
    partly = [(days, rule) for rule in part if (days := _days(rule, now)) is not None]
    noncurrent = [rule for rule in whole if rule.noncurrent_days is not None]
    aborts = [rule.abort_days for rule in whole if rule.abort_days is not None]
    first = min(noncurrent, key=lambda rule: (rule.noncurrent_kept, rule.noncurrent_days), default=None)
    off = [
        rule for rule in rules if not rule.enabled and prefix.startswith(rule.prefix) and _days(rule, now) is not None
    ]
    return Cover(
        days=min(expires, default=None),
        partial_days=min((days for days, _ in partly), default=None),
        narrowed=tuple(rule.narrowed or f"prefix {rule.prefix}" for _, rule in partly),
        noncurrent_days=first.noncurrent_days if first else None,
        noncurrent_kept=first.noncurrent_kept if first else 0,
        # An expiration by days removes lone markers, too ("Removing expired object delete markers").
        delete_markers=any(rule.delete_markers or rule.days is not None for rule in whole),
        abort_days=min(aborts, default=None),
        rules=tuple(rule.id for rule in (*whole, *part)),
        disabled=tuple(rule.id for rule in off),
    )


def _days(rule: LifecycleRule, now: datetime) -> int | None:
    """Return days until expiry; from its date on, a rule with one expires everything at once, before it nothing."""
    if rule.date is not None:
        return 0 if rule.date <= now else None
    return rule.days
