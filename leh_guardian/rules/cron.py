"""Owns when a cron expression ticks; the one rule: cronsim reads the calendar, and what the clocks on the wall mean is decided here.

cronsim knows names, steps, `L` and `#`. Asked with a zone, it steps over hours of sixty minutes and misses ticks where clocks are
moved by thirty (Lord Howe); so it is asked without one, and its readings are made instants as Vixie's cron does it. Where minute or
hour begins with `*`, time counts as it passes: an hour that comes twice ticks twice, one that is left out not at all. Anything else
names a time of day: it ticks once, the first time that the clocks show it, or when they have jumped over it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

_YEARS: Final = 50
"""How far it is looked: what does not tick until then, such as the fifth Monday of a short February, never does."""
_LEAD: Final = timedelta(hours=6)
"""More than any clock is put back at once."""
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression of five fields, on the clocks of a zone."""

    text: str
    """As `rules/cron_spelling.py` has read it."""
    zone: ZoneInfo

    def __str__(self) -> str:
        """Return it in words, such as 0 9 * * MON Asia/Seoul: what changes where the rule ticks otherwise."""
        return f"{self.text} {self.zone.key}"

    def ticks(self, after: datetime) -> Iterator[datetime]:
        """Yield the instants after `after` at which it ticks, in order, in UTC."""
        begin = after.astimezone(self.zone).replace(tzinfo=None, fold=0)
        last, waiting = after, list[datetime]()
        for wall in CronSim(self.text, begin - _LEAD):
            if wall.year > begin.year + _YEARS:
                break
            instants = self._instants(wall)
            # The first instant of a later reading is never earlier: what is waiting before it is next.
            while instants and waiting and waiting[0] <= instants[0]:
                if (tick := waiting.pop(0)) > last:
                    last = tick
                    yield tick
            for instant in instants:
                insort(waiting, instant)
        for tick in waiting:
            if tick > last:
                last = tick
                yield tick

    def next(self, after: datetime) -> datetime | None:
        """Return the first tick after `after`, None where there is none."""
        return next(self.ticks(after), None)

    def newest(self, since: datetime, now: datetime) -> datetime | None:
        """Return the last tick after `since` that is not after `now`, None where there is none."""
        # Nearest first: of a year's minutes the last hour's are looked at.
        back = timedelta(hours=1)
        while True:
            begin = max(since, now - back)
            tick = None
            for found in self.ticks(begin):
                if found > now:
                    break
                tick = found
            if tick is not None or begin <= since:
                return tick
            back *= 4

    def count(self, since: datetime, before: datetime, most: int) -> int:
        """Return how many ticks there are after `since` and before `before`; `most` stands for that many or more."""
        number = 0
        for tick in self.ticks(since):
            if tick >= before or number == most:
                break
            number += 1
        return number

    def _instants(self, wall: datetime) -> tuple[datetime, ...]:
        """Return when the clocks show `wall`, as far as the expression ticks then."""
        minute, hour = self.text.split()[:2]
        by_time_passed = minute.startswith("*") or hour.startswith("*")
        first = self._instant(wall, fold=0)
        if first is None:
            if by_time_passed:
                return ()
            while first is None:
                wall += _MINUTE
                first = self._instant(wall, fold=0)
            return (first,)
        again = self._instant(wall, fold=1) if by_time_passed else None
        return (first,) if again is None or again == first else (first, again)

    def _instant(self, wall: datetime, *, fold: int) -> datetime | None:
        """Return the instant at which the clocks show `wall`, None where they jump over it."""
        instant = wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
        return instant if instant.astimezone(self.zone).replace(tzinfo=None, fold=0) == wall else None
