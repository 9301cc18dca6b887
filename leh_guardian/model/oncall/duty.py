"""Owns the answer to "who is on call?"; the one rule: a pure function of the schedule and the instant, the same on every replica."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from leh_guardian.language import Text
from leh_guardian.model.oncall.rotation import DAY
from leh_guardian.model.oncall.schedule import Layer, Override, Schedule
from leh_guardian.model.oncall.wall import instant, local_date

_MARGIN = DAY
"""Beyond both ends of a stretch: the parts of a day of duty reach into the next date."""
_FALLBACK: Final = Text(ko="당직자가 없어 예비 담당자를 호출합니다", en="nobody is on call, so the fallback is called")
_LAYER: Final = Text(ko="당직", en="on call")
"""One without a name."""
_NOBODY: Final = Text(ko="당직자가 없습니다", en="nobody is on call")


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call at an instant."""

    people: tuple[str, ...]
    """By id; empty only where nobody is, and there is no fallback."""
    because: Text
    """The layer, the overrides or the fallback that say so."""
    fallback: bool = False
    """Whether nobody is on call, and the fallback stands in."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with the same people on call."""

    begin: datetime
    """UTC, included."""
    end: datetime
    """UTC, not included."""
    duty: Duty


def duty_at(schedule: Schedule, at: datetime) -> Duty:
    """Return who is on call at an instant, which must have a zone."""
    at = at.astimezone(UTC)
    people: dict[str, None] = {}
    reasons: list[Text] = []
    won = False
    for layer in schedule.layers:
        if (won and not layer.also) or (found := _of_layer(layer, schedule, at)) is None:
            continue
        person, reason = found
        won = won or not layer.also
        people[person] = None
        reasons.append(reason)
    people, changed = _overridden(people, [one for one in schedule.overrides if _runs(one, schedule, at)])
    if people:
        return Duty(tuple(people), _joined([*reasons, *changed]))
    why = _joined([*changed, _FALLBACK if schedule.fallback else _NOBODY])
    return Duty(schedule.fallback, why, fallback=True)


def spans(schedule: Schedule, begin: datetime, end: datetime) -> Iterator[Span]:
    """Yield who is on call from when to when, without a gap, from `begin` to `end`; `because` is that of a span's first moment."""
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    since, duty = begin, duty_at(schedule, begin)
    for at in sorted({at for at in _changes(schedule, begin, end) if begin < at < end}):
        now = duty_at(schedule, at)
        if (now.people, now.fallback) != (duty.people, duty.fallback):
            yield Span(since, at, duty)
            since, duty = at, now
    if since < end:
        yield Span(since, end, duty)


def _of_layer(layer: Layer, schedule: Schedule, at: datetime) -> tuple[str, Text] | None:
    rotation = layer.rotation
    shift = rotation.shift(at, schedule.zone)
    person = rotation.member(shift, layer.when.holds)
    if person is None:
        return None
    name, day = Text.same(layer.name) if layer.name else _LAYER, rotation.named(shift)
    return person, Text(ko=f"{name.ko} ({day} 근무)", en=f"{name.en} (shift of {day})")


def _runs(override: Override, schedule: Schedule, at: datetime) -> bool:
    return instant(override.begin, schedule.zone) <= at < instant(override.end, schedule.zone)


def _overridden(people: dict[str, None], running: Iterable[Override]) -> tuple[dict[str, None], list[Text]]:
    """Return the people after all replacements, then all removals, then all additions, and what was done.

    In that order over all of them: who was added by hand is never taken away by what was written earlier or later.
    """
    running = list(running)
    told: list[Text] = []
    for override in running:
        for old, new in override.replace.items():
            if old in people:
                people = dict.fromkeys(new if person == old else person for person in people)
                told.append(_replaced(old, new, override.reason))
    for override in running:
        for person in override.remove:
            if person in people:
                people = {one: None for one in people if one != person}
                told.append(_removed(person, override.reason))
    for override in running:
        for person in override.add:
            if person not in people:
                people = {**people, person: None}
                told.append(_added(person, override.reason))
    return people, told


def _replaced(old: str, new: str, reason: str) -> Text:
    return Text(ko=f"{old} 대신 {new} ({reason})", en=f"{new} in place of {old} ({reason})")


def _removed(person: str, reason: str) -> Text:
    return Text(ko=f"{person} 제외 ({reason})", en=f"without {person} ({reason})")


def _added(person: str, reason: str) -> Text:
    return Text(ko=f"{person} 추가 ({reason})", en=f"with {person} ({reason})")


def _joined(reasons: list[Text]) -> Text:
    return Text.each(lambda locale: "; ".join(reason.of(locale) for reason in reasons))


def _changes(schedule: Schedule, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield every instant at which something may change."""
    first, last = (local_date(at, schedule.zone) for at in (begin - _MARGIN, end + _MARGIN))
    for layer in schedule.layers:
        for shift in layer.rotation.shifts(first, last):
            yield layer.rotation.begins(shift, schedule.zone)
    for override in schedule.overrides:
        yield instant(override.begin, schedule.zone)
        yield instant(override.end, schedule.zone)
