"""Owns the answer to "who is on call?"; the one rule: a pure function of the schedule and the instant, the same on every replica."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from leh_guardian.model.oncall.rotation import DAY
from leh_guardian.model.oncall.schedule import Layer, Override, Schedule
from leh_guardian.model.oncall.wall import instant, local_date

_MARGIN = DAY
"""Beyond both ends of a stretch: the parts of a day of duty reach into the next date."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call at an instant."""

    people: tuple[str, ...]
    """By id; empty only where nobody is, and there is no fallback."""
    because: str
    """The layer, the overrides or the fallback that say so, in Korean."""
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
    reasons: list[str] = []
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
        return Duty(tuple(people), "; ".join([*reasons, *changed]))
    why = "; ".join([*changed, "당직자가 없어 예비 담당자를 호출합니다" if schedule.fallback else "당직자가 없습니다"])
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


def _of_layer(layer: Layer, schedule: Schedule, at: datetime) -> tuple[str, str] | None:
    rotation = layer.rotation
    shift = rotation.shift(at, schedule.zone)
    person = rotation.member(shift, layer.when.holds)
    return None if person is None else (person, f"{layer.name} ({rotation.named(shift)} 근무)")


def _runs(override: Override, schedule: Schedule, at: datetime) -> bool:
    return instant(override.begin, schedule.zone) <= at < instant(override.end, schedule.zone)


def _overridden(people: dict[str, None], running: Iterable[Override]) -> tuple[dict[str, None], list[str]]:
    """Return the people after all replacements, then all removals, then all additions, and what was done.

    In that order over all of them: who was added by hand is never taken away by what was written earlier or later.
    """
    running = list(running)
    told: list[str] = []
    for override in running:
        for old, new in override.replace.items():
            if old in people:
                people = dict.fromkeys(new if person == old else person for person in people)
                told.append(f"{old} 대신 {new} ({override.reason})")
    for override in running:
        for person in override.remove:
            if person in people:
                people = {one: None for one in people if one != person}
                told.append(f"{person} 제외 ({override.reason})")
    for override in running:
        for person in override.add:
            if person not in people:
                people = {**people, person: None}
                told.append(f"{person} 추가 ({override.reason})")
    return people, told


def _changes(schedule: Schedule, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield every instant at which something may change."""
    first, last = (local_date(at, schedule.zone) for at in (begin - _MARGIN, end + _MARGIN))
    for layer in schedule.layers:
        for shift in layer.rotation.shifts(first, last):
            yield layer.rotation.begins(shift, schedule.zone)
    for override in schedule.overrides:
        yield instant(override.begin, schedule.zone)
        yield instant(override.end, schedule.zone)
