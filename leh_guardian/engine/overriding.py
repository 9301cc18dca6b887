"""Owns overrides of duty that people make by command; the one rule: what is stored fits the file, and what fits no more is told of.

Schedules stay in `oncall.yaml`. A swap at three in the morning is a row that every replica lays over it within seconds
(engine/duty.py). Its lines in the journal are a chain of their own, under its id as that of an incident.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from leh_guardian.engine.directory import Directory
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.oncall.by_hand import StoredOverride, laid_over, misplaced, overlap, shown_once
from leh_guardian.model.oncall.config import OnCall
from leh_guardian.model.oncall.schedule import Schedule
from leh_guardian.model.oncall.wall import instant
from leh_guardian.model.text import shown
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.store import duty_overrides, journal
from leh_guardian.store.transaction import Transaction

RULE: Final = "guardian.override"
"""What the journal calls the rule of its lines."""
LONGEST: Final = timedelta(days=366)
_LONGEST_REASON: Final = 300
_MOST_PEOPLE: Final = 50


class NoOverride(ValueError):
    """An override that nobody can have; the text says everything that is wrong with it, in Korean."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for, as they say it: people by id or name, times with or without a zone."""

    schedule: str
    begin: datetime
    end: datetime
    reason: str
    by: str
    replace: Mapping[str, str]
    add: Sequence[str] = ()
    remove: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What came of it."""

    done: bool
    text: str
    """One line, in Korean, for whoever said it."""
    override: StoredOverride | None = None


def wanted(oncall: OnCall, asked: Asked, now: datetime) -> StoredOverride:
    """Return the override that somebody asks for; what would have begun already begins now.

    Raises:
        NoOverride: with all that is wrong with it.
    """
    schedule = oncall.schedules.get(asked.schedule)
    if schedule is None:
        hint = did_you_mean(asked.schedule, oncall.schedules) or f"there are: {', '.join(oncall.schedules)}"
        raise NoOverride(f"당직표 '{shown(asked.schedule, 60)}'이(가) 없습니다 ({hint}).")
    who = Directory(oncall, "").identified
    override = StoredOverride(
        uuid.uuid4(),
        schedule.id,
        max(_instant(asked.begin, schedule), now.replace(microsecond=0)),
        _instant(asked.end, schedule),
        asked.by,
        shown(asked.reason.strip(), _LONGEST_REASON),
        now,
        {who(old)[0]: who(new)[0] for old, new in asked.replace.items()},
        tuple(dict.fromkeys(who(one)[0] for one in asked.add)),
        tuple(dict.fromkeys(who(one)[0] for one in asked.remove)),
    )
    if wrong := list(_wrong(oncall, schedule, override, now)):
        raise NoOverride(". ".join(wrong) + ".")
    return override


def _wrong(oncall: OnCall, schedule: Schedule, one: StoredOverride, now: datetime) -> Iterator[str]:
    if not one.reason:
        yield "이유를 적으세요 (reason)"
    if one.ends_at <= now:
        yield "이미 지난 시간입니다 (to)"
    elif one.ends_at <= one.begins_at:
        yield "끝(to)은 시작(from)보다 뒤여야 합니다"
    elif one.ends_at - one.begins_at > LONGEST:
        yield f"변경은 {LONGEST.days}일까지입니다"
    for name, at in (("from", one.begins_at), ("to", one.ends_at)):
        if not shown_once(at, schedule):
            yield f"{name}: 당직표의 시계가 두 번 가리키는 시각입니다"
    if not (one.replace or one.add or one.remove):
        yield "바꾸는 것이 없습니다: 교체(replace), 추가(add), 제외(remove) 중 하나가 필요합니다"
    if len(one.replace) + len(one.add) + len(one.remove) > _MOST_PEOPLE:
        yield f"한 번에 {_MOST_PEOPLE}명까지입니다"
    yield from misplaced(oncall, one)


def _instant(at: datetime, schedule: Schedule) -> datetime:
    """Return an instant; what has no zone is meant by the clocks of the schedule."""
    return at.astimezone(UTC) if at.tzinfo else instant(at.replace(microsecond=0), schedule.zone)


async def add(tx: Transaction, oncall: OnCall, override: StoredOverride, now: datetime, via: str = "") -> Said:
    """Store an override; the same again is the one that is there.

    Raises:
        NoOverride: somebody is replaced already at that time.
    """
    await duty_overrides.lock_all(tx)
    standing = await duty_overrides.standing(tx, now)
    for other in standing:
        if _same(other, override):
            return Said(True, f"이미 있는 변경입니다 ({other.named}).", other)
    # What is stored is laid over whatever the asker knew of it.
    present, _ = laid_over(oncall, standing)
    if (reason := overlap(present, override)) is not None:
        raise NoOverride(f"{reason}.")
    await duty_overrides.add(tx, override)
    await _note(tx, Kind.OVERRIDDEN, override, override.by, now, via, override.reason)
    return Said(True, f"당직 변경 {override.named}: {described(override, oncall)}", override)


async def end(tx: Transaction, override_id: UUID, who: str, now: datetime, via: str = "") -> Said:
    """Take an override back, from now on; twice is once."""
    override = await duty_overrides.lock(tx, override_id)
    if override is None:
        return Said(False, "그런 당직 변경이 없습니다.")
    if override.ends <= now:
        return Said(True, f"당직 변경 {override.named}: 이미 끝났습니다.", override)
    await duty_overrides.end(tx, override.id, now, who)
    await _note(tx, Kind.OVERRIDE_ENDED, override, who, now, via, f"ended by {who}")
    return Said(True, f"당직 변경 {override.named}을(를) 끝냈습니다.", replace(override, ended_at=now, ended_by=who))


def described(override: StoredOverride, oncall: OnCall) -> str:
    """Say what an override changes and when, in Korean, by the clocks of its schedule."""
    name = Directory(oncall, "").named
    schedule = oncall.schedules.get(override.schedule)
    zone = schedule.zone if schedule else oncall.timezone
    begin, end = (at.astimezone(zone) for at in (override.begins_at, override.ends))
    parts = [
        *(f"{name('person:' + old)} 대신 {name('person:' + new)}" for old, new in override.replace.items()),
        *(f"{name('person:' + one)} 추가" for one in override.add),
        *(f"{name('person:' + one)} 제외" for one in override.remove),
    ]
    return f"{override.schedule} {begin:%m-%d %H:%M} ~ {end:%m-%d %H:%M} {', '.join(parts)} ({shown(override.reason, 100)})"


def report(override: StoredOverride, now: datetime, misfit: str | None = None) -> dict[str, Any]:
    """Return what programs are told of an override; `misfit` says why the file has no place for it."""
    return {
        "id": str(override.id),
        "schedule": override.schedule,
        "from": override.begins_at,
        "to": override.ends_at,
        **override.changes(),
        "reason": override.reason,
        "by": override.by,
        "made_at": override.made_at,
        "ended_at": override.ended_at,
        "ended_by": override.ended_by or None,
        "stands": override.ends > max(now, override.begins_at),
        "misfit": misfit,
    }


def _same(one: StoredOverride, other: StoredOverride) -> bool:
    # Who asks again a moment later for what began at once means the same.
    begins = one.begins_at <= other.begins_at
    return begins and (one.schedule, one.ends, one.changes()) == (other.schedule, other.ends_at, other.changes())


async def _note(
    tx: Transaction, kind: Kind, override: StoredOverride, who: str, now: datetime, via: str, reason: str
) -> None:
    data = {
        "override": str(override.id),
        "schedule": override.schedule,
        "from": override.begins_at,
        "to": override.ends_at,
        **override.changes(),
        "by": who,
        **({"via": via} if via else {}),
    }
    await journal.append(tx, who, now, [Entry(kind, reason, override.id, None, RULE, data)])
