"""Owns the way from written calendars, schedules and overrides to values; the one rule: no name is used that is not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.model.oncall.delivery import Channel
from leh_guardian.model.oncall.rotation import Handover, Phase, Rotation
from leh_guardian.model.oncall.schedule import Announce, Calendar, Layer, Override, Schedule, When, is_weekend
from leh_guardian.rules.diagnostics import Path
from leh_guardian.rules.oncall.reading import WEEKEND, Reading, seconds
from leh_guardian.rules.oncall.schedule_entries import (
    CalendarEntry,
    LayerEntry,
    OverrideEntry,
    RotationEntry,
    ScheduleEntry,
    WhenEntry,
)

_WEEK: Final = timedelta(weeks=1)


def read_schedules(reading: Reading, zone: ZoneInfo, channels: Mapping[str, Channel]) -> dict[str, Schedule]:
    """Return the schedules by id; `zone` is that of those that name none, `channels` are the file's."""
    calendars = _calendars(reading)
    overrides: defaultdict[str, list[Override]] = defaultdict(list)
    for override in _overrides(reading):
        overrides[override.schedule].append(override)
    schedules = {}
    for name, path, entry in reading.entries("schedules", ScheduleEntry):
        reading.all_known("people", entry.fallback, (*path, "fallback"))
        if entry.announce:
            _check_place(entry.announce.channel, (*path, "announce", "channel"), channels, reading)
        layers = tuple(_layer(one, (*path, "layers", n), calendars, reading) for n, one in enumerate(entry.layers))
        schedules[name] = Schedule(
            id=name,
            zone=entry.timezone or zone,
            layers=layers,
            name=entry.name,
            fallback=entry.fallback,
            overrides=tuple(overrides[name]),
            announce=Announce(entry.announce.channel, seconds(entry.announce.before)) if entry.announce else None,
        )
    return schedules


def _check_place(name: str, path: Path, channels: Mapping[str, Channel], reading: Reading) -> None:
    reading.known("channels", name, path)
    if name in channels and (address := channels[name].address) is not None:
        message = f"`{name}` sends to a person's {address}, and a handover is told to nobody alone"
        reading.say(path, "bad-value", message, "name a channel with a place of its own, such as a Slack channel")


def _calendars(reading: Reading) -> dict[str, Calendar]:
    calendars = {WEEKEND: Calendar(WEEKEND, is_weekend)}
    for name, path, entry in reading.entries("calendars", CalendarEntry):
        # A fifth of a second and 14 MB: only for who has a calendar.
        from leh_guardian.rules.oncall.calendars import read_calendar

        if (calendar := read_calendar(name, entry, path, reading)) is not None:
            calendars[name] = calendar
    return calendars


def _layer(entry: LayerEntry, path: Path, calendars: Mapping[str, Calendar], reading: Reading) -> Layer:
    when = _when(entry.when, (*path, "when"), calendars, reading) if entry.when else When()
    return Layer(entry.name or "", _rotation(entry.rotation, (*path, "rotation"), reading), when, entry.also)


def _when(entry: WhenEntry, path: Path, calendars: Mapping[str, Calendar], reading: Reading) -> When:
    reading.all_known("calendars", entry.calendar, (*path, "calendar"))
    if not entry.calendar and not entry.weekdays:
        reading.say(
            path, "bad-value", "`when` says nothing", "leave it out for every day, or give `calendar` or `weekdays`"
        )
    named = tuple(calendars[name] for name in entry.calendar if name in calendars)
    return When(named, frozenset(entry.weekdays or range(7)))


def _rotation(entry: RotationEntry, path: Path, reading: Reading) -> Rotation:
    for number, (one, following) in enumerate(pairwise(entry.phases), 1):
        if following.from_ <= one.from_:
            message = "phases stand in the order of their dates, each later than the one before"
            reading.say((*path, "phases", number, "from"), "bad-value", message)
    for number, phase in enumerate(entry.phases):
        reading.all_known("people", phase.members, (*path, "phases", number, "members"))
    handover = entry.handover
    if handover.weekday is not None and handover.every % _WEEK:
        message = "`handover.weekday` goes with whole weeks"
        reading.say((*path, "handover", "weekday"), "bad-value", message, "leave it out, or write every: 1w")
    return Rotation(
        tuple(Phase(phase.from_, phase.members) for phase in entry.phases),
        Handover(handover.every, handover.at, handover.weekday),
        entry.advance,
    )


def _overrides(reading: Reading) -> Iterator[Override]:
    replaced: defaultdict[tuple[str, str], list[tuple[datetime, datetime, Path]]] = defaultdict(list)
    for path, entry in reading.rows(("overrides",), OverrideEntry, id_="id"):
        _check_override(entry, path, reading)
        for old in entry.replace:
            replaced[entry.schedule, old].append((entry.from_, entry.to, (*path, "replace", old)))
        yield Override(
            entry.id,
            entry.schedule,
            entry.from_,
            entry.to,
            entry.by,
            entry.reason,
            entry.replace,
            entry.add,
            entry.remove,
        )
    for (_, old), stretches in replaced.items():
        for one, following in pairwise(sorted(stretches)):
            if following[0] < one[1]:
                message = f"`{old}` is replaced already at that time"
                reading.say(following[2], "overlap", message, "make the times follow each other", on_key=True)


def _check_override(entry: OverrideEntry, path: Path, reading: Reading) -> None:
    reading.known("schedules", entry.schedule, (*path, "schedule"))
    if entry.to <= entry.from_:
        reading.say((*path, "to"), "bad-value", "`to` must be later than `from`")
    if not (entry.replace or entry.add or entry.remove):
        reading.say(path, "missing-key", "this override changes nothing", "give it `replace`, `add` or `remove`")
    for old, new in entry.replace.items():
        reading.known("people", old, (*path, "replace", old), on_key=True)
        reading.known("people", new, (*path, "replace", old))
    for key in ("add", "remove"):
        reading.all_known("people", getattr(entry, key), (*path, key))
