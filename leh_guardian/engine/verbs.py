"""Owns what people do to incidents, actions and modes; the one rule: who and why are in the journal, in the same transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.escalator import at_console
from leh_guardian.model import escalation as machine
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions, control, incidents, journal
from leh_guardian.store.transaction import Transaction

_ESCALATOR = at_console()


async def answer_proposal(
    tx: Transaction, action_id: UUID, now: datetime, who: str, reason: str, *, approve: bool
) -> bool:
    """Approve or reject a proposed action; False when it is not (or no longer) waiting for an answer."""
    incident_id = await actions.incident_of(tx, action_id)
    incident = await incidents.lock(tx, incident_id) if incident_id else None
    if incident is None or not await actions.decide(tx, action_id, now, who, approve=approve):
        return False
    changes = Changes(now)
    kind = Kind.APPROVED if approve else Kind.REJECTED
    changes.note(kind, reason, incident=incident, action_id=action_id, data={"by": who})
    if not approve and incident.ok_at is not None:
        # Its OK may have waited for this very action, and nothing else will look again.
        changes.set_timer(incident, TimerKind.RESOLVE, now)
    if incident.status is not IncidentStatus.RESOLVED:
        # Whoever decides is at it.
        changes.incidents.setdefault(incident.id, incident)
        _acknowledge(changes, incident, who)
    await changes.write(tx, who)
    return True


async def acknowledge(tx: Transaction, incident_id: UUID, now: datetime, who: str) -> bool:
    """Say that a person is looking; False when the incident is resolved or unknown.

    Twice is once; a later press of the same person says that they are still at it.
    """
    incident = await incidents.lock(tx, incident_id)
    if incident is None or incident.status is IncidentStatus.RESOLVED:
        return False
    changes = Changes(now)
    _acknowledge(changes, incident, who)
    await changes.write(tx, who)
    return True


def _acknowledge(changes: Changes, incident: Incident, who: str) -> None:
    escalation, now = incident.escalation, changes.now
    if escalation is None:
        if incident.status is not IncidentStatus.ACKNOWLEDGED:
            changes.incidents[incident.id] = replace(incident, status=IncidentStatus.ACKNOWLEDGED)
            changes.note(Kind.ACKNOWLEDGED, f"by {who}", incident=incident, data={"by": who})
        return
    move = machine.acknowledge(escalation, incident.status, incident.severity, who, now)
    if move is None:
        still = machine.active(escalation, incident.status, incident.severity, now)
        if still is not None:
            _ESCALATOR.take(changes, incident, still)
        return
    acked = _ESCALATOR.take(changes, incident, move)
    changes.note(Kind.ACKNOWLEDGED, f"by {who}", incident=acked, data={"by": who})
    if acked.status is not incident.status:
        _ESCALATOR.news(changes, acked, Kind.ACKNOWLEDGED, who)


async def unacknowledge(tx: Transaction, incident_id: UUID, now: datetime, who: str) -> bool:
    """Take an acknowledgement or a snooze back; people are called again. False when there is none."""
    incident = await incidents.lock(tx, incident_id)
    move = machine.take_back(incident.escalation, incident.status, now) if incident and incident.escalation else None
    if incident is None or move is None:
        return False
    changes = Changes(now)
    back = _ESCALATOR.take(changes, incident, move)
    changes.note(Kind.ACK_ENDED, f"taken back by {who}", incident=back, data={"by": who})
    _ESCALATOR.news(changes, back, Kind.ACK_ENDED, who)
    await changes.write(tx, who)
    return True


async def escalate(
    tx: Transaction,
    incident_id: UUID,
    now: datetime,
    who: str,
    reason: str,
    *,
    to_level: int | None = None,
    as_of: int | None = None,
) -> bool:
    """Have the next level called, or the one named; False when it is resolved or unknown, or has no people to call.

    `as_of` is what the person saw (`Escalation.seq`): if the incident has moved on since, it is not raised a second time.
    """
    incident = await incidents.lock(tx, incident_id)
    if incident is None or incident.status is IncidentStatus.RESOLVED or incident.escalation is None:
        return False
    if as_of is not None and as_of != incident.escalation.seq:
        return False
    changes = Changes(now)
    raised = _ESCALATOR.take(changes, incident, machine.raised(incident.escalation, who, now, to_level))
    changes.note(Kind.RAISED, reason or f"by {who}", incident=raised, data={"by": who, "to_level": to_level})
    await changes.write(tx, who)
    return True


async def snooze(tx: Transaction, incident_id: UUID, now: datetime, who: str, length: timedelta, reason: str) -> bool:
    """Call nobody for a while; False when it is resolved or unknown, or at a level that knows no quiet."""
    incident = await incidents.lock(tx, incident_id)
    escalation = incident.escalation if incident else None
    move = machine.snooze(escalation, incident.status, now + length) if incident and escalation else None
    if incident is None or move is None:
        return False
    changes = Changes(now)
    quiet = _ESCALATOR.take(changes, incident, move)
    data = {"by": who, "until": now + length}
    changes.note(Kind.SNOOZED, reason or f"by {who}", incident=quiet, data=data)
    _ESCALATOR.news(changes, quiet, Kind.SNOOZED, who, reason)
    await changes.write(tx, who)
    return True


async def resolve(tx: Transaction, incident_id: UUID, now: datetime, who: str, reason: str) -> bool:
    """Close an incident by hand; what is not running this moment is withdrawn. False when it is closed or unknown."""
    incident = await incidents.lock(tx, incident_id)
    if incident is None or incident.status is IncidentStatus.RESOLVED:
        return False
    changes = Changes(now)
    pending = [row["id"] for row in await actions.open_actions(tx, incident.id) if row["status"] != "running"]
    await actions.withdraw(tx, now, pending, f"resolved by {who}")
    closed = replace(incident, status=IncidentStatus.RESOLVED, ok_at=None)
    changes.incidents[incident.id] = closed
    changes.set_timer(closed, TimerKind.RESOLVE, None)
    changes.note(Kind.RESOLVED, reason or f"by {who}", incident=closed, data={"by": who})
    _ESCALATOR.over(changes, closed, reason, who)
    await changes.write(tx, who)
    return True


async def set_mode(tx: Transaction, scope: str, mode: Mode, now: datetime, who: str, reason: str) -> None:
    """Move the kill switch of `scope` ('*' or a handler's name), for every replica."""
    await control.set_mode(tx, scope, mode, reason, who, now)
    data = {"scope": scope, "mode": mode.value, "by": who}
    await journal.append(tx, who, now, [Entry(Kind.MODE_SET, reason, data=data)])
