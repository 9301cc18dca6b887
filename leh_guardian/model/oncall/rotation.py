"""Owns whose turn it is; the one rule: a pure function of the date, so replicas agree and nothing is stored.

A day of duty begins at the handover's hour and is named by the date of that moment. Turns are counted from the start of a phase:
another phase never disturbs the ones before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.model.oncall.wall import instant, local_date

DAY: Final = timedelta(days=1)
_AHEAD: Final = 64
"""Turns that are counted beyond the one that was asked for: time goes on."""

Active = Callable[[date], bool]
"""Whether there is duty on a date."""


class Advance(StrEnum):
    """What passes the turn on."""

    CALENDAR = "calendar"
    """Every handover."""
    ON_SHIFT = "on_shift"
    """A handover after duty was really done: who works weekends and holidays only gets them in fair turns."""


@dataclass(frozen=True, slots=True)
class Handover:
    """When a turn ends."""

    every: timedelta = timedelta(weeks=1)
    """Whole days, or a part of a day that goes into it without rest."""
    at: time = time(10)
    weekday: int | None = None
    """0 for Monday, where `every` is whole weeks; None: the weekday on which the phase starts."""

    @property
    def slots(self) -> int:
        """How many shifts a day has."""
        return max(1, DAY // self.every)

    @property
    def days(self) -> int:
        """How many days a turn has; 1 where a day has several."""
        return max(1, self.every // DAY)


@dataclass(frozen=True, slots=True)
class Phase:
    """Who takes turns from a date on."""

    start: date
    """Its first turn begins on this date, at the handover's hour, and is short where that is another weekday than the handover's."""
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """The least piece of duty: a day, or its nth part."""

    day: date
    """The date at which its day of duty began."""
    part: int = 0


@dataclass(frozen=True, slots=True)
class Rotation:
    """Members that take turns."""

    phases: tuple[Phase, ...]
    """By date, at least one."""
    handover: Handover = field(default_factory=Handover)
    advance: Advance = Advance.CALENDAR
    _worked: dict[tuple[Phase, Active], list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def shift(self, at: datetime, zone: ZoneInfo) -> Shift:
        """Return the shift that runs at an instant."""
        today = local_date(at, zone)
        # Where clocks go back over midnight, tomorrow's handover may be past already.
        for day in (today + DAY, today, today - DAY):
            for part in reversed(range(self.handover.slots)):
                if self.begins(Shift(day, part), zone) <= at:
                    return Shift(day, part)
        raise AssertionError(f"no handover before {at}")

    def begins(self, shift: Shift, zone: ZoneInfo) -> datetime:
        """Return when a shift begins, in UTC."""
        return instant(self._wall(shift), zone)

    def named(self, shift: Shift) -> date:
        """Return the local date on which a shift's handover is."""
        return self._wall(shift).date()

    def shifts(self, first: date, last: date) -> Iterator[Shift]:
        """Yield the shifts of the days from `first` to `last`, both included."""
        for number in range((last - first).days + 1):
            for part in range(self.handover.slots):
                yield Shift(first + number * DAY, part)

    def member(self, shift: Shift, active: Active) -> str | None:
        """Return whose turn a shift is, None where there is no duty."""
        place = bisect_right(self.phases, shift.day, key=lambda phase: phase.start) - 1
        if place < 0 or not active(self.named(shift)):
            return None
        phase = self.phases[place]
        turn = self._turn(phase, shift)
        if self.advance is Advance.ON_SHIFT:
            turn = self._worked_before(phase, turn, active)
        return phase.members[turn % len(phase.members)]

    def _wall(self, shift: Shift) -> datetime:
        return datetime.combine(shift.day, self.handover.at) + shift.part * (DAY / self.handover.slots)

    def _first(self, phase: Phase) -> date:
        """Return the date of a phase's first handover that is on its weekday."""
        weekday = self.handover.weekday
        return phase.start if weekday is None else phase.start + (weekday - phase.start.weekday()) % 7 * DAY

    def _turn(self, phase: Phase, shift: Shift) -> int:
        first, days = self._first(phase), self.handover.days
        if shift.day < first:
            return 0
        return int(first > phase.start) + (shift.day - first).days // days * self.handover.slots + shift.part

    def _shifts_of(self, phase: Phase, turn: int) -> Iterator[Shift]:
        """Yield the shifts of a turn: the way back from `_turn`."""
        first, slots = self._first(phase), self.handover.slots
        if first > phase.start:
            if turn == 0:
                yield from self.shifts(phase.start, first - DAY)
                return
            turn -= 1
        begin = first + turn // slots * self.handover.days * DAY
        if slots > 1:
            yield Shift(begin, turn % slots)
        else:
            yield from self.shifts(begin, begin + (self.handover.days - 1) * DAY)

    def _worked_before(self, phase: Phase, turn: int, active: Active) -> int:
        """Return how many turns of a phase before `turn` had any duty; counted once, then looked up."""
        counts = self._worked.get((phase, active), [0])
        if turn >= len(counts):
            counts = list(counts)  # whoever reads the old one meanwhile has it whole
            for number in range(len(counts) - 1, turn + _AHEAD):
                duty = any(active(self.named(shift)) for shift in self._shifts_of(phase, number))
                counts.append(counts[-1] + duty)
            self._worked[phase, active] = counts
        return counts[turn]
