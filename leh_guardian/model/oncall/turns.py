"""Owns when a handover is told, and who hands over to whom; the one rule: only what really changes who is on call is a handover.

Who follows is read off the schedule with all its overrides: one that lets somebody stay on leaves nothing to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from leh_guardian.model.oncall.duty import Duty, spans
from leh_guardian.model.oncall.schedule import Schedule

_AHEAD: Final = timedelta(days=62)
"""How far the end of a turn is looked for."""
_MOMENT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody takes over."""

    schedule: Schedule
    at: datetime
    """UTC."""
    leaving: Duty
    coming: Duty
    until: datetime | None
    """When the next one takes over, UTC; None for a time far off."""


def turns_to_tell(schedule: Schedule, now: datetime) -> Iterator[Turn]:
    """Yield the handovers that are to be told now: those that are ahead by what the schedule says, or past by no more than that."""
    if schedule.announce is None:
        return
    before = timedelta(seconds=schedule.announce.before)
    for earlier, later in pairwise(list(spans(schedule, now - before, now + before + _MOMENT))):
        if later.begin - before <= now:
            yield Turn(schedule, later.begin, earlier.duty, later.duty, _until(schedule, later.begin))


def _until(schedule: Schedule, at: datetime) -> datetime | None:
    end = at + _AHEAD
    first = next(spans(schedule, at, end))
    return first.end if first.end < end else None
