"""Owns the shape of calendars, schedules and overrides in `oncall.yaml`; the one rule: times are those of the schedule's clocks."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import Field

from leh_guardian.model.oncall.rotation import Advance
from leh_guardian.rules.entries import Entry, Given, Pause
from leh_guardian.rules.oncall.entries import Word
from leh_guardian.rules.oncall.written import SOME, Clock, Day, Moment, Name, Some, Turn, Weekday, Zone


class CalendarEntry(Entry):
    """Named days."""

    source: Annotated[Literal["holidays"] | None, Given] = None
    """`holidays`: the public holidays of `country`. Left out: the days of `extra` alone."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "KR"
    """ISO 3166, such as KR."""
    categories: Annotated[tuple[Name, ...], Some, SOME] = ("public",)
    """Of the package `holidays`: public, bank."""
    extra: dict[str, str] = Field(default_factory=dict)
    """{date: why}: days that the source does not know, or not yet."""
    exclude: tuple[Day, ...] = ()
    """Days of the source that are none here."""


class PhaseEntry(Entry):
    """Who takes turns from a date on."""

    from_: Annotated[Day, Field(alias="from")]
    """The date of its first handover."""
    members: Annotated[tuple[Name, ...], Some, SOME]
    """In their order."""


class HandoverEntry(Entry):
    """When a turn ends."""

    every: Turn = timedelta(weeks=1)
    """1d, 1w, 2w, or a part of a day such as 12h."""
    weekday: Annotated[Weekday | None, Given] = None
    """Where `every` is whole weeks. Left out: the weekday on which the phase begins."""
    at: Clock = time(10)
    """By the schedule's clocks."""


class RotationEntry(Entry):
    """Members that take turns."""

    advance: Advance = Advance.CALENDAR
    """calendar: every handover passes the turn on; on_shift: only one after duty was really done."""
    phases: Annotated[tuple[PhaseEntry, ...], Some, SOME]
    """A change of members is a new phase: what is past stays as it was."""
    handover: HandoverEntry = HandoverEntry()


class WhenEntry(Entry):
    """Days with duty, by the date on which a shift's handover began; both must hold."""

    calendar: tuple[Name, ...] = ()
    """Days of any of these `calendars`; `weekend` is built in."""
    weekdays: tuple[Weekday, ...] = ()


class LayerEntry(Entry):
    """A rotation on some days; the first layer that yields somebody wins."""

    name: Annotated[Word | None, Given] = None
    """What people call it."""
    when: Annotated[WhenEntry | None, Given] = None
    """Left out: every day."""
    rotation: RotationEntry
    also: bool = False
    """Whether its people are called beside those of the layer that wins."""


class AnnounceEntry(Entry):
    """Where a handover is told beforehand."""

    channel: Name
    before: Pause = timedelta(minutes=30)


class ScheduleEntry(Entry):
    """Who is on call when."""

    name: str = ""
    timezone: Annotated[Zone | None, Given] = None
    """Left out: the file's."""
    layers: Annotated[tuple[LayerEntry, ...], Field(max_length=20), Some, SOME]
    fallback: tuple[Name, ...] = ()
    """Who is called when nobody is on call."""
    announce: Annotated[AnnounceEntry | None, Given] = None


class OverrideEntry(Entry):
    """A change of a schedule for a time: all replacements, then all removals, then all additions."""

    id: Name
    schedule: Name
    from_: Annotated[Moment, Field(alias="from")]
    """By the schedule's clocks; included."""
    to: Moment
    """Likewise; not included."""
    replace: dict[Name, Name] = Field(default_factory=dict)
    """{who is on call: who is instead}; nothing happens where that person is not on call."""
    add: tuple[Name, ...] = ()
    remove: tuple[Name, ...] = ()
    by: Word
    """Who made it."""
    reason: Word
    """Why; told to whoever asks who is on call."""
