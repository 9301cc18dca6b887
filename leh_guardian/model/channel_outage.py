"""Owns when a way to people counts as broken, and when it is tried again; the one rule: one person's wrong number breaks no channel.

Pure: the store keeps it in a row of its own for all replicas (store/channel_outages.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

IN_A_ROW: Final = 3
"""Messages that a channel does not take, one after the other, until it counts as broken."""
FIRST_TRY: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=10)
"""Between two messages that try whether it works again; each pause is twice the one before."""
_MOST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that a channel did not take."""

    action: str
    target: str
    """`person:ID` or `channel:NAME`."""
    lasting: bool
    """Whether the channel said that it would not take it later either."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(data["action"], data["target"], data["lasting"])


@dataclass(frozen=True, slots=True)
class ChannelOutage:
    """What is known of a way to people."""

    channel: str
    failures: tuple[Failure, ...] = ()
    """The newest messages in a row that it did not take, one for each message."""
    worked_at: datetime | None = None
    opened_at: datetime | None = None
    """Since when it counts as broken; None: it does not."""
    reason: str = ""
    lasting: bool = False
    """Whether what it said does not pass by itself: then only a message can tell that it is over."""
    trials: int = 0
    next_try_at: datetime | None = None
    told_at: datetime | None = None
    """When an incident was opened about it."""

    @property
    def broken(self) -> bool:
        """Whether messages go another way."""
        return self.opened_at is not None

    @property
    def whole(self) -> bool:
        """Whether nothing is known against it."""
        return not self.failures and not self.broken

    def failed(self, failure: Failure, reason: str, now: datetime) -> ChannelOutage:
        """Return it after a message that it did not take."""
        others = [one for one in self.failures if one.action != failure.action]
        failures = (*others, failure)[-IN_A_ROW:]
        known = replace(self, failures=failures, reason=reason[:_MOST_REASON])
        if self.broken:
            return replace(known, lasting=failure.lasting)
        # Said by itself it can be about the person alone: another one must have met it, too, or the place itself.
        about_it = not all(one.lasting for one in failures) or len({one.target for one in failures}) > 1
        if len(failures) < IN_A_ROW or not (about_it or failure.target.startswith("channel:")):
            return known
        return known._open(now, failure.lasting)

    def unreachable(self, reason: str, since: datetime, now: datetime) -> ChannelOutage:
        """Return it after looks at it have failed since then; messages that it has taken meanwhile know better."""
        if self.broken or (self.worked_at is not None and self.worked_at >= since):
            return self
        return replace(self, reason=reason[:_MOST_REASON])._open(now, lasting=False)

    def worked(self, now: datetime) -> ChannelOutage:
        """Return it after a message that it has taken, or looks at it that went well."""
        return ChannelOutage(self.channel, worked_at=now)

    def told(self, now: datetime) -> ChannelOutage:
        """Return it once people are told of it."""
        return replace(self, told_at=now)

    def tried(self, now: datetime) -> ChannelOutage | None:
        """Return it when a message tries it now; None while it is too early for that."""
        if not self.broken or self.next_try_at is None or now < self.next_try_at:
            return None
        trials = self.trials + 1
        pause = min(LONGEST_PAUSE, FIRST_TRY * 2 ** min(trials, 10))
        return replace(self, trials=trials, next_try_at=now + pause)

    def _open(self, now: datetime, lasting: bool) -> ChannelOutage:
        return replace(self, opened_at=now, lasting=lasting, trials=0, next_try_at=now + FIRST_TRY, told_at=None)
