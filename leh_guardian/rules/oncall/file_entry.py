"""Owns the shape of `oncall.yaml` as a whole; the one rule: a block is looked at by itself, so that one mistake hides no other."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from leh_guardian.language import Locale
from leh_guardian.model.oncall.config import TIMEZONE
from leh_guardian.rules.entries import Entry
from leh_guardian.rules.oncall.entries import ChannelEntry, DeliveryEntry, NotifyEntry, PersonEntry
from leh_guardian.rules.oncall.policy_entries import (
    InhibitEntry,
    MaintenanceEntry,
    PolicyEntry,
    WholeClassifyEntry,
    WholeHeartbeatsEntry,
)
from leh_guardian.rules.oncall.schedule_entries import CalendarEntry, OverrideEntry, ScheduleEntry
from leh_guardian.rules.oncall.written import Name, Zone


class OnCallFileEntry(Entry):
    """`oncall.yaml`, what stands in its blocks not looked at yet."""

    version: Literal[1]
    """The version of the file's language."""
    timezone: Zone = ZoneInfo(TIMEZONE)
    """IANA; schedules can have their own."""
    locale: Locale = Locale.KO
    """The language of what people are told; people and channels can have their own."""
    contact_rules: dict[str, Any] = Field(default_factory=dict)
    people: dict[str, Any] = Field(default_factory=dict)
    teams: dict[str, Any] = Field(default_factory=dict)
    channels: dict[str, Any] = Field(default_factory=dict)
    failover: dict[str, Any] = Field(default_factory=dict)
    delivery: Any = Field(default_factory=dict)
    calendars: dict[str, Any] = Field(default_factory=dict)
    schedules: dict[str, Any] = Field(default_factory=dict)
    overrides: tuple[Any, ...] = ()
    policies: dict[str, Any]
    classify: Any = Field(default_factory=dict)
    inhibit: tuple[Any, ...] = ()
    maintenance: tuple[Any, ...] = ()
    heartbeats: Any = Field(default_factory=dict)


class NamesEntry(Entry):
    """A list of names, looked at as if it stood in a block of its own."""

    names: tuple[Name, ...]


class WholeOnCallFileEntry(OnCallFileEntry):
    """On-call of leh_guardian: people, schedules, policies."""

    timezone: Annotated[Zone, Field(json_schema_extra={"default": TIMEZONE})] = ZoneInfo(TIMEZONE)
    """IANA; schedules can have their own."""
    contact_rules: dict[Name, NotifyEntry] = Field(default_factory=dict)
    """How people are called, under names that `people` can refer to."""
    people: dict[Name, PersonEntry] = Field(default_factory=dict)
    """Who can be called, by id."""
    teams: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    """{id: people}."""
    channels: dict[Name, ChannelEntry] = Field(default_factory=dict)
    """By name; `console` and `default` (the setting notify.channel) are there without being named. `${NAME}` is the environment's."""
    failover: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    """{channel: those to use in its place, in order, where it fails}."""
    delivery: DeliveryEntry = DeliveryEntry()
    calendars: dict[Name, CalendarEntry] = Field(default_factory=dict)
    """By name; `weekend` is built in."""
    schedules: dict[Name, ScheduleEntry] = Field(default_factory=dict)
    """By id."""
    overrides: tuple[OverrideEntry, ...] = ()
    """In the order they were made."""
    policies: dict[Name, PolicyEntry]
    """By name; rules that name none use `default`."""
    classify: WholeClassifyEntry = WholeClassifyEntry()
    inhibit: tuple[InhibitEntry, ...] = ()
    maintenance: tuple[MaintenanceEntry, ...] = ()
    heartbeats: WholeHeartbeatsEntry = WholeHeartbeatsEntry()
