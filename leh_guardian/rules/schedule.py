"""Owns what a schedule rule means at an instant: its tick, what was missed, its event; the one rule: late ticks are made up for once.

A tick is an event of guardian's own, `Schedule Tick`, and the rule's pattern is the one that matches its ticks: so explain, cases and
findings know a schedule rule as any other. From a queue no tick comes: what claims to be one there sets off no schedule rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.model.event import Event
from leh_guardian.rules.cron import Cron

SOURCE: Final = "leh.guardian"
DETAIL_TYPE: Final = "Schedule Tick"
PROMPT: Final = timedelta(minutes=1)
"""What starts no later than this is in time, whatever `catch_up` says: a round, a slow store, a restart."""
MOST: Final = 1000
"""Missed ticks are counted up to here."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is due of a schedule."""

    newest: datetime
    """The tick up to which all is decided now."""
    starts: bool
    """Whether it is not too late for it."""
    late: timedelta
    before: int
    """Ticks before it that were missed, `MOST` for that many or more."""

    @property
    def missed(self) -> int:
        """How many ticks start nothing."""
        return self.before + (not self.starts)

    @property
    def caught_up(self) -> bool:
        """Whether it starts late, after nobody was there at its time."""
        return self.starts and self.late > PROMPT


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule sets itself off."""

    cron: Cron
    catch_up: timedelta
    """How late a tick may start."""

    def __str__(self) -> str:
        """Return it in words, such as 0 9 * * MON Asia/Seoul."""
        return str(self.cron)

    def due(self, since: datetime, now: datetime) -> Due | None:
        """Return what is due at `now` where all up to `since` is decided, None for nothing."""
        newest = self.cron.newest(since, now)
        if newest is None:
            return None
        late = now - newest
        return Due(newest, late <= max(self.catch_up, PROMPT), late, self.cron.count(since, newest, MOST))

    def event(self, rule_id: str, at: datetime, late: timedelta = timedelta(0)) -> Event:
        """Return the event of the tick `at`: the same on every replica, but for how late it is."""
        event_id = f"schedule {rule_id} {at.isoformat()}"
        detail: dict[str, Any] = {
            "rule": rule_id,
            "at": at.astimezone(self.cron.zone).isoformat(),
            "late_seconds": int(late.total_seconds()),
            "caught_up": late > PROMPT,
        }
        envelope = {
            "version": "0",
            "id": event_id,
            "source": SOURCE,
            "detail-type": DETAIL_TYPE,
            "time": at.isoformat(),
            "detail": detail,
        }
        return Event(event_id, envelope)


def ticks_of(rule_id: str) -> dict[str, Any]:
    """Return the event pattern that matches the ticks of a rule."""
    return {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": {"rule": [rule_id]}}
