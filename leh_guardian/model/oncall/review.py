"""Owns what is doubtful about on-call though it can be loaded; the one rule: each finding is one that would be missed at night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, combinations, islice, product
from typing import Final, NamedTuple

from leh_guardian.language import Text
from leh_guardian.model.oncall import wording
from leh_guardian.model.oncall.config import OnCall
from leh_guardian.model.oncall.delivery import Channel
from leh_guardian.model.oncall.duty import Span, spans
from leh_guardian.model.oncall.people import ContactRule, Person
from leh_guardian.model.policy import Policy, PolicyStep

_LONGEST: Final = timedelta(days=14)
_MOST_GAPS: Final = 10
"""Of one schedule: nobody reads more."""
_AWS: Final = frozenset({"ses", "sns"})
_TEMPLATES: Final = ("triggered", "escalated", "resolved")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look after."""

    code: str
    """Stable; the words are not."""
    subject: str
    """`schedule:ID`, `person:ID`, `channel:NAME`, `policy:NAME`, `calendar:ID`."""
    message: Text
    begin: datetime | None = None
    """When it begins, for what has a time."""
    end: datetime | None = None


class _Seen(NamedTuple):
    """What is looked through: the configuration, and who is on call when."""

    oncall: OnCall
    begin: datetime
    end: datetime
    duty: dict[str, list[Span]]


def review(oncall: OnCall, begin: datetime, days: int) -> list[Finding]:
    """Return everything doubtful about the people, channels and policies, and about the duty of `days` from an instant on."""
    end = begin + timedelta(days=days)
    duty = {name: list(spans(schedule, begin, end)) for name, schedule in oncall.schedules.items()}
    seen = _Seen(oncall, begin, end, duty)
    return list(
        chain(
            _gaps(seen),
            _long_duty(seen),
            _people(oncall),
            _channels(oncall),
            _policies(seen),
            _unused(oncall),
            _calendars(oncall, end),
        )
    )


def _gaps(seen: _Seen) -> Iterator[Finding]:
    for name, found in seen.duty.items():
        for span in islice((one for one in found if one.duty.fallback), _MOST_GAPS):
            who = ", ".join(span.duty.people)
            yield Finding("gap", f"schedule:{name}", wording.gap(who), span.begin, span.end)


def _long_duty(seen: _Seen) -> Iterator[Finding]:
    for name, found in seen.duty.items():
        zone = seen.oncall.schedules[name].zone
        for person in sorted({person for span in found for person in span.duty.people}):
            for begin, end in _stretches(found, person):
                # By the wall clock: two weeks over a change of the clocks are still two weeks.
                lasts = end.astimezone(zone).replace(tzinfo=None) - begin.astimezone(zone).replace(tzinfo=None)
                if lasts > _LONGEST:
                    yield Finding("long-duty", f"schedule:{name}", wording.long_duty(person, lasts.days), begin, end)
                    break


def _stretches(found: list[Span], person: str) -> Iterator[tuple[datetime, datetime]]:
    begin: datetime | None = None
    for span in found:
        if person in span.duty.people:
            begin = begin or span.begin
        elif begin is not None:
            yield begin, span.begin
            begin = None
    if begin is not None:
        yield begin, found[-1].end


def _people(oncall: OnCall) -> Iterator[Finding]:
    called = _called(oncall)
    for person in oncall.people.values():
        subject = f"person:{person.id}"
        if "placeholder" in person.id or "자리표시" in person.name:
            yield Finding("placeholder", subject, wording.PLACEHOLDER)
        elif person.id in called:
            yield from _reachable(person, subject, oncall)
        if person.id not in called:
            yield Finding("never-called", subject, wording.NEVER_CALLED)


def _reachable(person: Person, subject: str, oncall: OnCall) -> Iterator[Finding]:
    urgent = _via(person.urgent, oncall)
    if not any(channel.wakes for channel in urgent):
        yield Finding(
            "no-phone",
            subject,
            wording.NO_PHONE,
        )
    if urgent and all(channel.provider in _AWS for channel in urgent):
        yield Finding("only-aws", subject, wording.ONLY_AWS)
    for channel in _via((*person.urgent, *person.normal), oncall):
        if channel.address is not None and channel.address not in person.addresses:
            yield Finding("no-address", subject, wording.no_address(channel.name, channel.address))


def _via(rules: tuple[ContactRule, ...], oncall: OnCall) -> list[Channel]:
    names = dict.fromkeys(name for rule in rules for name in rule.via)
    return [channel for name in names if (channel := oncall.channel(name))]


def _channels(oncall: OnCall) -> Iterator[Finding]:
    for channel in oncall.channels.values():
        subject = f"channel:{channel.name}"
        for name in channel.missing:
            yield Finding("no-variable", subject, wording.no_variable(name))
        if channel.kind == "alimtalk":
            templates = channel.options.get("templates")
            given = templates if isinstance(templates, dict) else {}
            if lacking := [name for name in _TEMPLATES if not given.get(name)]:
                yield Finding("no-template", subject, wording.no_template(", ".join(lacking)))


def _policies(seen: _Seen) -> Iterator[Finding]:
    for policy in seen.oncall.policies.values():
        subject = f"policy:{policy.name}"
        if policy.after_last.times is not None:
            yield Finding("not-forever", subject, wording.not_forever(policy.after_last.times))
        for step in policy.steps:
            if not _reaches(step, seen.oncall):
                yield Finding("nobody-reached", subject, wording.nobody_reached(step.level))
        yield from _on_two_levels(policy, subject, seen)


def _reaches(step: PolicyStep, oncall: OnCall) -> bool:
    """Tell whether a step can be heard of at all."""
    if any(target.startswith("channel:") for target in step.notify):
        return True
    return any(oncall.people[one].urgent for one in _members(step.notify, oncall) if one in oncall.people)


def _on_two_levels(policy: Policy, subject: str, seen: _Seen) -> Iterator[Finding]:
    """Yield, once for each pair of levels and person, when the same person would be called by both."""
    told: set[tuple[int, int, str]] = set()
    for lower, higher in combinations(policy.steps, 2):
        for mine, other in product(lower.notify, higher.notify) if lower.level != higher.level else ():
            for begin, person in _meeting(_duties(mine, seen), _duties(other, seen)):
                if (lower.level, higher.level, person) not in told:
                    told.add((lower.level, higher.level, person))
                    yield Finding("two-levels", subject, wording.two_levels(person, lower.level, higher.level), begin)


class _Called(NamedTuple):
    """Who is called from when to when."""

    people: tuple[str, ...]
    begin: datetime
    end: datetime


def _duties(target: str, seen: _Seen) -> list[_Called]:
    """Return whom a target calls, in the order of time."""
    kind, _, name = target.partition(":")
    if kind == "schedule":
        return [_Called(span.duty.people, span.begin, span.end) for span in seen.duty.get(name, ())]
    people = (name,) if kind == "person" else seen.oncall.teams.get(name, ()) if kind == "team" else ()
    return [_Called(people, seen.begin, seen.end)]


def _meeting(ones: Sequence[_Called], others: Sequence[_Called]) -> Iterator[tuple[datetime, str]]:
    """Yield who is called by both, and since when, stretch by stretch."""
    mine = theirs = 0
    while mine < len(ones) and theirs < len(others):
        one, other = ones[mine], others[theirs]
        begin = max(one.begin, other.begin)
        if begin < min(one.end, other.end):
            yield from ((begin, person) for person in one.people if person in other.people)
        if one.end <= other.end:
            mine += 1
        else:
            theirs += 1


def _unused(oncall: OnCall) -> Iterator[Finding]:
    used = {target for policy in oncall.policies.values() for target in _targets(policy)}
    for name in oncall.schedules:
        if f"schedule:{name}" not in used:
            yield Finding("unused-schedule", f"schedule:{name}", wording.UNUSED)


def _calendars(oncall: OnCall, end: datetime) -> Iterator[Finding]:
    calendars = {
        calendar.id: calendar
        for schedule in oncall.schedules.values()
        for layer in schedule.layers
        for calendar in layer.when.calendars
    }
    for calendar in calendars.values():
        if calendar.last is not None and calendar.last < end.date():
            message = wording.calendar_ends(f"{calendar.last}", calendar.source)
            yield Finding("calendar-ends", f"calendar:{calendar.id}", message)


def _targets(policy: Policy) -> Iterator[str]:
    yield from policy.also
    for step in policy.steps:
        yield from step.notify


def _members(targets: tuple[str, ...], oncall: OnCall) -> Iterator[str]:
    """Yield everybody whom targets may call."""
    for target in targets:
        kind, _, name = target.partition(":")
        if kind == "schedule" and name in oncall.schedules:
            yield from oncall.schedules[name].members()
        elif kind == "team":
            yield from oncall.teams.get(name, ())
        elif kind == "person":
            yield name


def _called(oncall: OnCall) -> set[str]:
    """Return everybody whom some policy may call, or some schedule or team names."""
    found = {person for schedule in oncall.schedules.values() for person in schedule.members()}
    found |= {person for members in oncall.teams.values() for person in members}
    return found | {one for policy in oncall.policies.values() for one in _members(tuple(_targets(policy)), oncall)}
