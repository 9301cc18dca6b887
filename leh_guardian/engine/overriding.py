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

from leh_guardian.engine import overriding_wording as wording
from leh_guardian.engine.directory import PERSON, Directory
from leh_guardian.language import Declined, Text
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


class NoOverride(Declined):
    """An override that nobody can have; the text says everything that is wrong with it."""


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
    text: Text
    """One line, for whoever said it."""
    override: StoredOverride | None = None


def wanted(oncall: OnCall, asked: Asked, now: datetime) -> StoredOverride:
    """Return the override that somebody asks for; what would have begun already begins now.

    Raises:
        NoOverride: with all that is wrong with it.
    """
    schedule = oncall.schedules.get(asked.schedule)
    if schedule is None:
        hint = did_you_mean(asked.schedule, oncall.schedules) or f"there are: {', '.join(oncall.schedules)}"
        raise NoOverride(wording.no_schedule(shown(asked.schedule, 60), hint))
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
        raise NoOverride(wording.all_wrong(wrong))
    return override


def _wrong(oncall: OnCall, schedule: Schedule, one: StoredOverride, now: datetime) -> Iterator[Text]:
    if not one.reason:
        yield wording.NO_REASON
    if one.ends_at <= now:
        yield wording.PAST
    elif one.ends_at <= one.begins_at:
        yield wording.BACKWARDS
    elif one.ends_at - one.begins_at > LONGEST:
        yield wording.too_long(LONGEST.days)
    for name, at in (("from", one.begins_at), ("to", one.ends_at)):
        if not shown_once(at, schedule):
            yield wording.twice(name)
    if not (one.replace or one.add or one.remove):
        yield wording.NO_CHANGE
    if len(one.replace) + len(one.add) + len(one.remove) > _MOST_PEOPLE:
        yield wording.too_many(_MOST_PEOPLE)
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
            return Said(True, wording.there_already(other.named), other)
    # What is stored is laid over whatever the asker knew of it.
    present, _ = laid_over(oncall, standing)
    if (reason := overlap(present, override)) is not None:
        raise NoOverride(wording.all_wrong([reason]))
    await duty_overrides.add(tx, override)
    await _note(tx, Kind.OVERRIDDEN, override, override.by, now, via, override.reason)
    return Said(True, wording.made(override.named, described(override, oncall)), override)


async def end(tx: Transaction, override_id: UUID, who: str, now: datetime, via: str = "") -> Said:
    """Take an override back, from now on; twice is once."""
    override = await duty_overrides.lock(tx, override_id)
    if override is None:
        return Said(False, wording.UNKNOWN)
    if override.ends <= now:
        return Said(True, wording.over_already(override.named), override)
    await duty_overrides.end(tx, override.id, now, who)
    await _note(tx, Kind.OVERRIDE_ENDED, override, who, now, via, f"ended by {who}")
    return Said(True, wording.ended(override.named), replace(override, ended_at=now, ended_by=who))


def described(override: StoredOverride, oncall: OnCall) -> Text:
    """Say what an override changes and when, by the clocks of its schedule."""
    directory, schedule = Directory(oncall, ""), oncall.schedules.get(override.schedule)
    zone = schedule.zone if schedule else oncall.timezone
    return wording.described(override, zone, lambda person: directory.named(PERSON + person))


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
