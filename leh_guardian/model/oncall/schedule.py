"""Owns a schedule: its layers, its filters, and what people changed about it; the one rule: it says who, `duty` says when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.model.oncall.rotation import Rotation

_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """Named days, such as a country's holidays."""

    id: str
    holds: Callable[[date], bool] = field(repr=False)
    """Whether a date is one of them."""
    last: date | None = None
    """The last date it knows anything about; None for all."""
    source: str = ""
    """Where its days are from, such as `holidays 0.109`."""


def is_weekend(day: date) -> bool:
    """Tell whether a date is a Saturday or a Sunday."""
    return day.weekday() >= _SATURDAY


@dataclass(frozen=True, slots=True)
class When:
    """The days on which a layer has duty, by the local date on which a shift's handover began."""

    calendars: tuple[Calendar, ...] = ()
    """Days of any of them; none: every day."""
    weekdays: frozenset[int] = frozenset(range(7))
    """0 for Monday. Both must hold."""

    def holds(self, day: date) -> bool:
        """Tell whether there is duty on a date."""
        if day.weekday() not in self.weekdays:
            return False
        return not self.calendars or any(calendar.holds(day) for calendar in self.calendars)


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation on some days; of a schedule's layers the first that yields somebody wins."""

    name: str
    """Empty where the file has none."""
    rotation: Rotation
    when: When = field(default_factory=When)
    also: bool = False
    """Whether its people are called beside those of the layer that wins."""


@dataclass(frozen=True, slots=True)
class Override:
    """What people changed about a schedule for a time."""

    id: str
    schedule: str
    begin: datetime
    """By the schedule's clocks, without a zone; included."""
    end: datetime
    """Likewise, and not included."""
    by: str
    reason: str
    replace: Mapping[str, str] = field(default_factory=dict)
    """{who is on call: who is instead}; nothing happens where that person is not on call."""
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Announce:
    """Where and how long before a handover is told."""

    channel: str
    before: float = 1800.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who is on call when."""

    id: str
    zone: ZoneInfo
    layers: tuple[Layer, ...]
    name: str = ""
    fallback: tuple[str, ...] = ()
    """Who is called when nobody is on call."""
    overrides: tuple[Override, ...] = ()
    """In the order they were made."""
    announce: Announce | None = None

    def members(self) -> Iterator[str]:
        """Yield everybody whom it may call, some more than once."""
        for layer in self.layers:
            for phase in layer.rotation.phases:
                yield from phase.members
        yield from self.fallback
        for override in self.overrides:
            yield from (*override.add, *override.replace.values())
