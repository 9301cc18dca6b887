"""Owns overrides that commands have stored, laid over the file's; the one rule: one that fits no more changes nothing.

The file has the word: what it does not know any more (a schedule, a person) cannot be called, and is told of in place of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from leh_guardian.language import Text
from leh_guardian.model.oncall import wording
from leh_guardian.model.oncall.config import OnCall
from leh_guardian.model.oncall.schedule import Override, Schedule
from leh_guardian.model.oncall.wall import instant


@dataclass(frozen=True, slots=True)
class StoredOverride:
    """A change of a schedule, made by command."""

    id: UUID
    schedule: str
    begins_at: datetime
    ends_at: datetime
    by: str
    reason: str
    made_at: datetime
    replace: Mapping[str, str] = field(default_factory=dict)
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    ended_at: datetime | None = None
    """When somebody took it back: until then it held."""
    ended_by: str = field(default="", compare=False)

    @property
    def ends(self) -> datetime:
        """Until when it holds, in whole seconds as clocks show them."""
        last = self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)
        return last.replace(microsecond=0)

    @property
    def named(self) -> str:
        """What people call it."""
        return str(self.id)[:8]

    def changes(self) -> dict[str, Any]:
        """Return what it changes, as JSON."""
        return {"replace": dict(self.replace), "add": list(self.add), "remove": list(self.remove)}


@dataclass(frozen=True, slots=True)
class Misfit:
    """A stored override that the file has no place for, and why."""

    override: StoredOverride
    reason: Text


def laid_over(oncall: OnCall, stored: Iterable[StoredOverride]) -> tuple[OnCall, tuple[Misfit, ...]]:
    """Return what the file says with stored overrides after its own, in the order they were made, and those that do not fit."""
    misfits = []
    for one in sorted(stored, key=lambda override: (override.made_at, override.id)):
        if one.ends <= one.begins_at:
            continue  # taken back before it began
        reason = next(misplaced(oncall, one), None) or overlap(oncall, one)
        if reason is None:
            oncall = oncall.with_override(as_written(oncall.schedules[one.schedule], one))
        else:
            misfits.append(Misfit(one, reason))
    return oncall, tuple(misfits)


def as_written(schedule: Schedule, one: StoredOverride) -> Override:
    """Return a stored override by the clocks of its schedule, as the file would have it."""
    begin, end = (at.astimezone(schedule.zone).replace(tzinfo=None, fold=0) for at in (one.begins_at, one.ends))
    return Override(one.named, one.schedule, begin, end, one.by, one.reason, one.replace, one.add, one.remove)


def misplaced(oncall: OnCall, one: StoredOverride) -> Iterator[Text]:
    """Yield the names that a stored override uses and the file does not know."""
    if one.schedule not in oncall.schedules:
        yield wording.no_schedule(one.schedule)
    people = dict.fromkeys((*one.replace, *one.replace.values(), *one.add, *one.remove))
    yield from (wording.no_person(person) for person in people if person not in oncall.people)


def overlap(oncall: OnCall, one: StoredOverride) -> Text | None:
    """Say which override replaces the same person at the same time; None where none does."""
    schedule = oncall.schedules[one.schedule]
    for other in schedule.overrides:
        begin, end = (instant(wall, schedule.zone) for wall in (other.begin, other.end))
        both = sorted(one.replace.keys() & other.replace.keys())
        if both and begin < one.ends and one.begins_at < end:
            return wording.replaced_already(both[0], other.id)
    return None


def shown_once(at: datetime, schedule: Schedule) -> bool:
    """Tell whether the clocks of a schedule show an instant in whole seconds, and at no earlier one: else it cannot be written."""
    wall = at.astimezone(schedule.zone).replace(tzinfo=None, fold=0)
    return abs(instant(wall.replace(microsecond=0), schedule.zone) - at) < timedelta(seconds=1)
