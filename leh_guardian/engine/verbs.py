"""Owns what people do to incidents, actions and modes; the one rule: who and why are in the journal, in the same transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from leh_guardian.engine.changes import Changes
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.store import actions, control, incidents, journal
from leh_guardian.store.timers import TimerKind
from leh_guardian.store.transaction import Transaction


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
    await changes.write(tx, who)
    return True


async def acknowledge(tx: Transaction, incident_id: UUID, now: datetime, who: str) -> bool:
    """Say that a person is looking; False when the incident is resolved or unknown. Twice is once."""
    incident = await incidents.lock(tx, incident_id)
    if incident is None or incident.status is IncidentStatus.RESOLVED:
        return False
    changes = Changes(now)
    changes.incidents[incident.id] = replace(incident, status=IncidentStatus.ACKNOWLEDGED)
    changes.note(Kind.ACKNOWLEDGED, f"by {who}", incident=incident, data={"by": who})
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
    changes.incidents[incident.id] = replace(incident, status=IncidentStatus.RESOLVED, ok_at=None)
    changes.set_timer(incident, TimerKind.RESOLVE, None)
    changes.note(Kind.RESOLVED, reason or f"by {who}", incident=incident, data={"by": who})
    await changes.write(tx, who)
    return True


async def set_mode(tx: Transaction, scope: str, mode: Mode, now: datetime, who: str, reason: str) -> None:
    """Move the kill switch of `scope` ('*' or a handler's name), for every replica."""
    await control.set_mode(tx, scope, mode, reason, who, now)
    data = {"scope": scope, "mode": mode.value, "by": who}
    await journal.append(tx, who, now, [Entry(Kind.MODE_SET, reason, data=data)])
