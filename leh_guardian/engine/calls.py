"""Owns what the timers of escalation do when they are due; the one rule: what the incident is now decides, not what it was."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.escalator import LOOK
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.wording import Cause, passed_time
from leh_guardian.model import escalation as machine
from leh_guardian.model.escalation import Escalation, Why
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions
from leh_guardian.store.transaction import Transaction

_AT_WORK = {IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED}


async def fire(
    tx: Transaction, changes: Changes, progression: Progression, incident: Incident, kind: TimerKind, due_at: datetime
) -> None:
    """Apply a timer of escalation to an incident that this transaction has locked."""
    escalation, status, now = incident.escalation, incident.status, changes.now
    if escalation is None:
        return
    changes.incidents[incident.id] = incident
    take = partial(progression.escalator.take, changes, incident)
    match kind:
        case TimerKind.ESCALATE if status is IncidentStatus.TRIGGERED:
            if escalation.pending is Why.BEGUN and escalation.until is not None:
                await _grace(tx, changes, progression, incident, escalation, escalation.until)
            else:
                asked_by = escalation.asked_by if escalation.pending is Why.ASKED else ""
                take(machine.due(escalation, due_at, now), asked_by)
        case TimerKind.UNACK if status is IncidentStatus.ACKNOWLEDGED:
            changes.note(Kind.ACK_ENDED, "it has run out", incident=incident, data={"by": list(escalation.acked_by)})
            take(machine.ack_expired(escalation, due_at, now))
        case TimerKind.REMIND if status is IncidentStatus.ACKNOWLEDGED:
            progression.escalator.remind(changes, incident)
        case TimerKind.OVERDUE if status in _AT_WORK:
            take(machine.unresolved(escalation, due_at, now))
        case TimerKind.SNOOZE if status is IncidentStatus.SNOOZED:
            take(machine.woken(escalation, due_at, now))
        case _:
            return


async def _grace(
    tx: Transaction,
    changes: Changes,
    progression: Progression,
    incident: Incident,
    escalation: Escalation,
    until: datetime,
) -> None:
    """Call people unless the remedy is at work and has time left, or the trouble is just ending."""
    now = changes.now
    if incident.ok_at is not None:
        changes.set_timer(incident, TimerKind.ESCALATE, now + LOOK)
        return
    working = await actions.at_work(tx, incident.id, now)
    if working and now < until:
        changes.set_timer(incident, TimerKind.ESCALATE, min(now + LOOK, until))
        return
    if working:
        cause = Cause.SLOW if progression.escalator.grace(incident) else Cause.BESIDE
    else:
        cause = Cause.NO_OK if escalation.healed else Cause.STALLED
    reason = passed_time(now - incident.opened_at)
    progression.escalate(changes, incident, cause, reason)
