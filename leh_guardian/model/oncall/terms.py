"""Owns when calls are held back, and what must be heard from; the one rule: what is held back is recorded all the same.

Conditions are event patterns over what is known of an incident: `FACTS`. They are compiled where the file is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from leh_guardian.model.oncall.wall import instant, local_date, on_date
from leh_guardian.model.plan import Severity

FACTS: Final = ("rule", "severity", "class", "level", "dedup_key")
"""What conditions can ask of an incident."""
_DAY: Final = timedelta(days=1)


class Condition(Protocol):
    """A compiled event pattern."""

    def matches(self, event: Any) -> bool:
        """Tell whether it matches."""
        ...


def facts(*, rule: str, severity: Severity, class_: str, level: int, dedup_key: str) -> dict[str, Any]:
    """Return what conditions are asked with."""
    return {"rule": rule, "severity": severity.value, "class": class_, "level": level, "dedup_key": dedup_key}


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an incident that `source` matches is open, calls of those that `target` matches are held back."""

    name: str
    source: Condition
    target: Condition
    equal: tuple[str, ...]
    """Names of `FACTS` that both must have the same."""
    most: float
    """Seconds after which it holds back no more, whatever the source does."""


class Mode(StrEnum):
    """What becomes of calls in a maintenance window."""

    SUPPRESS = "suppress"
    """They are not made."""
    COLLECT = "collect"
    """They wait, and are made when the window ends and the trouble has not."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A window in which calls are held back: once, or every week."""

    name: str
    zone: ZoneInfo
    match: Condition
    mode: Mode = Mode.COLLECT
    begin: datetime | None = None
    """By the zone's clocks, without a zone, for a window that comes once."""
    end: datetime | None = None
    weekdays: frozenset[int] = frozenset()
    """0 for Monday, for one that comes every week."""
    at: time = time()
    length: float = 0.0
    """Seconds, at most a week."""

    def until(self, at: datetime) -> datetime | None:
        """Return when the window that runs at an instant ends, in UTC; None where none runs."""
        if self.begin is not None and self.end is not None:
            end = instant(self.end, self.zone)
            return end if instant(self.begin, self.zone) <= at < end else None
        today = local_date(at, self.zone)
        ends = (self._ends(today - back * _DAY, at) for back in range(-1, 9))
        return max((end for end in ends if end is not None), default=None)

    def _ends(self, day: date, at: datetime) -> datetime | None:
        if day.weekday() not in self.weekdays:
            return None
        begin = on_date(day, self.at, self.zone)
        end = begin + timedelta(seconds=self.length)
        return end.astimezone(UTC) if begin <= at < end else None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Something that must be heard of again and again; silence opens an incident."""

    name: str
    every: float
    """Seconds."""
    grace: float
    """Seconds beyond, before silence is trouble."""
    severity: Severity
    policy: str
    start_level: int | None = None
    """None: the policy's."""
