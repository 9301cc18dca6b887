"""Owns the one record of a provider's outage, and what is to be announced of it; the one rule: an announcement has one id for ever.

Several incidents may wait for one provider. The record names the action that looks and announces for all of them; whoever
takes it over goes on under the same ids, so that a receiver can tell a repetition from news.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from leh_guardian.model.identity import key


class Phase(StrEnum):
    """How far an outage is."""

    NOTICED = "noticed"
    """The page is bad and the worker does not feel it: people were told, nothing is held."""
    OPEN = "open"
    OVER = "over"


class Audience(StrEnum):
    """Who is told."""

    TEAM = "team"
    USERS = "users"
    """LEH's own users, who are told nothing of its insides."""


class Occasion(StrEnum):
    """What there is to tell."""

    NOTICE = "notice"
    START = "start"
    UPDATE = "update"
    END = "end"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One message to one audience."""

    audience: Audience
    occasion: Occasion
    number: int = 0
    """Counts the updates."""

    @property
    def topic(self) -> str:
        """What the record remembers it by; of updates it remembers the newest number."""
        return f"{self.audience}/{self.occasion}"

    def id(self, outage: UUID) -> UUID:
        """Return its id, the same whoever sends it and however often."""
        return key(f"outage/{outage}/{self.topic}/{self.number}")


@dataclass(frozen=True, slots=True)
class Outage:
    """The newest outage of a provider."""

    provider: str
    id: UUID
    phase: Phase
    owner: UUID | None
    """The action that looks and announces; None when it gave up."""
    began_at: datetime
    looked_at: datetime
    """The owner's newest look."""
    hold_until: datetime
    """Nobody redrives into it before: renewed by each look, so that a record that nobody looks after holds nothing for ever."""
    ended_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What was seen at the newest look."""
    told: Mapping[str, int] = field(default_factory=dict)
    """{topic: number of the newest announcement that was sent}."""
    version: int = 0
    """Counts the writes: a write that does not follow the newest one is refused."""

    def held(self, now: datetime) -> bool:
        """Whether redrives should wait."""
        return self.phase is Phase.OPEN and now < self.hold_until

    def looked_after(self, now: datetime, patience: timedelta) -> bool:
        """Whether its owner is at work: it looked within `patience`."""
        return self.phase is Phase.OPEN and self.owner is not None and now - self.looked_at < patience

    def report(self) -> dict[str, Any]:
        """Return what `/status` shows."""
        return {
            "phase": self.phase.value,
            "state": self.facts.get("state"),
            "began_at": self.began_at,
            "looked_at": self.looked_at,
            "hold_until": self.hold_until,
            "ended_at": self.ended_at,
            "looked_after": self.owner is not None,
            "told": dict(self.told),
        }

    def with_told(self, sent: Announcement) -> Self:
        """Return it with one more announcement sent."""
        return replace(self, told={**self.told, sent.topic: sent.number})

    def due(self, now: datetime, every: timedelta, audiences: Collection[Audience]) -> list[Announcement]:
        """Return what is to be announced now: nobody hears of an end, or an update, who did not hear of the start."""
        found = (self._due(audience, now, every) for audience in audiences)
        return [announcement for announcement in found if announcement is not None]

    def _due(self, audience: Audience, now: datetime, every: timedelta) -> Announcement | None:
        notice = Announcement(audience, Occasion.NOTICE)
        start = Announcement(audience, Occasion.START)
        end = Announcement(audience, Occasion.END)
        if self.phase is Phase.NOTICED:
            return notice if audience is Audience.TEAM and notice.topic not in self.told else None
        if self.phase is Phase.OVER:
            return end if start.topic in self.told and end.topic not in self.told else None
        if start.topic not in self.told:
            return start
        # After a pause the newest one alone: three updates at once tell nothing more than one.
        update = Announcement(audience, Occasion.UPDATE, (now - self.began_at) // every)
        return update if update.number > self.told.get(update.topic, 0) else None
