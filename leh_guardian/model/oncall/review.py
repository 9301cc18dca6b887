"""Owns what is doubtful about on-call though it can be loaded; the one rule: each finding is something that would be missed at night.

Messages are in Korean: who reads them plans the duty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, combinations, islice, product
from typing import Final, NamedTuple

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
    message: str
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
            message = f"당직자가 없어 예비 담당자({who})를 호출합니다" if who else "당직자도 예비 담당자도 없습니다"
            yield Finding("gap", f"schedule:{name}", message, span.begin, span.end)


def _long_duty(seen: _Seen) -> Iterator[Finding]:
    for name, found in seen.duty.items():
        zone = seen.oncall.schedules[name].zone
        for person in sorted({person for span in found for person in span.duty.people}):
            for begin, end in _stretches(found, person):
                # By the wall clock: two weeks over a change of the clocks are still two weeks.
                lasts = end.astimezone(zone).replace(tzinfo=None) - begin.astimezone(zone).replace(tzinfo=None)
                if lasts > _LONGEST:
                    message = f"{person} 님이 쉬지 않고 {lasts.days}일 동안 당직입니다"
                    yield Finding("long-duty", f"schedule:{name}", message, begin, end)
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
            yield Finding("placeholder", subject, "견본의 자리표시입니다. 실제 담당자로 바꾸십시오")
        elif person.id in called:
            yield from _reachable(person, subject, oncall)
        if person.id not in called:
            yield Finding("never-called", subject, "어느 당직표, 팀, 정책에도 없는 사람입니다")


def _reachable(person: Person, subject: str, oncall: OnCall) -> Iterator[Finding]:
    urgent = _via(person.urgent, oncall)
    if not any(channel.wakes for channel in urgent):
        yield Finding(
            "no-phone",
            subject,
            "긴급 연락 규칙(urgent)에 전화, 문자, 알림톡 채널이 없습니다. 자는 사람을 깨울 수 없습니다",
        )
    if urgent and all(channel.provider in _AWS for channel in urgent):
        yield Finding(
            "only-aws", subject, "긴급 연락 규칙이 AWS 채널(SES, SNS)뿐입니다. AWS 장애 때 연락할 수 없습니다"
        )
    for channel in _via((*person.urgent, *person.normal), oncall):
        if channel.address is not None and channel.address not in person.addresses:
            yield Finding("no-address", subject, f"채널 {channel.name}에 필요한 {channel.address} 항목이 없습니다")


def _via(rules: tuple[ContactRule, ...], oncall: OnCall) -> list[Channel]:
    names = dict.fromkeys(name for rule in rules for name in rule.via)
    return [channel for name in names if (channel := oncall.channel(name))]


def _channels(oncall: OnCall) -> Iterator[Finding]:
    for channel in oncall.channels.values():
        subject = f"channel:{channel.name}"
        for name in channel.missing:
            yield Finding("no-variable", subject, f"환경 변수 {name} 값이 없어 사용할 수 없습니다")
        if channel.kind == "alimtalk":
            templates = channel.options.get("templates")
            given = templates if isinstance(templates, dict) else {}
            if lacking := [name for name in _TEMPLATES if not given.get(name)]:
                yield Finding("no-template", subject, f"알림톡 템플릿이 없습니다: {', '.join(lacking)}")


def _policies(seen: _Seen) -> Iterator[Finding]:
    for policy in seen.oncall.policies.values():
        subject = f"policy:{policy.name}"
        if policy.after_last.times is not None:
            message = f"마지막 단계를 {policy.after_last.times}번만 되풀이합니다. 그 뒤에는 아무도 부르지 않습니다(times: forever)"
            yield Finding("not-forever", subject, message)
        for step in policy.steps:
            if not _reaches(step, seen.oncall):
                yield Finding(
                    "nobody-reached", subject, f"Lv{step.level}에 채널도, 긴급 연락 규칙이 있는 사람도 없습니다"
                )
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
                    message = f"{person} 님이 Lv{lower.level}과 Lv{higher.level}에 동시에 있습니다"
                    yield Finding("two-levels", subject, message, begin)


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
            yield Finding("unused-schedule", f"schedule:{name}", "어느 정책도 이 당직표를 부르지 않습니다")


def _calendars(oncall: OnCall, end: datetime) -> Iterator[Finding]:
    calendars = {
        calendar.id: calendar
        for schedule in oncall.schedules.values()
        for layer in schedule.layers
        for calendar in layer.when.calendars
    }
    for calendar in calendars.values():
        if calendar.last is not None and calendar.last < end.date():
            message = f"{calendar.last} 뒤의 휴일을 모릅니다({calendar.source}). 패키지를 새로 설치하십시오"
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
