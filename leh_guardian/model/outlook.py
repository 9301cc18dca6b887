"""Owns what comes next in an incident if nobody says a word; the one rule: read off its state and its timers, never guessed.

The timers say when, the escalation says what: the state machine itself (model/escalation.py) does the same when they fire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from leh_guardian.model.escalation import Escalation
from leh_guardian.model.incident_status import IncidentStatus
from leh_guardian.model.timer import TimerKind

_OF: dict[IncidentStatus, tuple[TimerKind, ...]] = {
    IncidentStatus.TRIGGERED: (TimerKind.ESCALATE, TimerKind.OVERDUE),
    IncidentStatus.ACKNOWLEDGED: (TimerKind.UNACK, TimerKind.OVERDUE),
    IncidentStatus.SNOOZED: (TimerKind.SNOOZE,),
    IncidentStatus.RESOLVED: (),
}
"""Which timers call somebody, by status; the others do nothing then."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The next call."""

    at: datetime
    """When, unless somebody answers before; a remedy that is at work can move it."""
    level: int
    """Which level."""


def next_call(
    escalation: Escalation | None, status: IncidentStatus, timers: Mapping[TimerKind, datetime]
) -> Outlook | None:
    """Return the next call of an incident; None where none is to come."""
    due = [(timers[kind], kind) for kind in _OF[status] if kind in timers]
    if escalation is None or not due:
        return None
    at, kind = min(due)
    return Outlook(at, escalation.policy.steps[_step(escalation, kind)].level)


def _step(escalation: Escalation, kind: TimerKind) -> int:
    last = len(escalation.policy.steps) - 1
    present = escalation.step if escalation.begun else escalation.policy.at_level(escalation.start)
    if kind is TimerKind.OVERDUE:
        return min(last, escalation.step + 1)
    if kind is not TimerKind.ESCALATE:
        return present
    if escalation.pending is not None:
        return present if escalation.goal is None else escalation.goal
    if escalation.step < last:
        return escalation.step + 1
    again = escalation.policy.after_last.repeat_from
    return last if again is None else escalation.policy.at_level(again)
