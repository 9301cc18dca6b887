"""Owns the closing of an incident by its OK; the one rule: never while an action of it runs, and what has not started never starts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.progression import Progression
from leh_guardian.model.incident import Incident
from leh_guardian.model.journal import Kind
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions
from leh_guardian.store.transaction import Transaction


def hold(changes: Changes, incident: Incident, ok_at: datetime, default: timedelta) -> Incident:
    """Hold an OK that happened at `ok_at` against flapping, as long as the incident's policy says; returns the incident."""
    held = replace(incident, ok_at=max(ok_at, incident.ok_at or ok_at))
    wanted = held.escalation.policy.resolve.hold if held.escalation else None
    length = default if wanted is None else timedelta(seconds=wanted)
    changes.incidents[held.id] = held
    changes.set_timer(held, TimerKind.RESOLVE, changes.now + length)
    changes.note(Kind.OK_HELD, f"closes the incident in {length} if the trouble stays away", incident=held)
    return held


def drop(changes: Changes, incident: Incident, why: str) -> Incident:
    """Hold an OK no longer; returns the incident."""
    again = replace(incident, ok_at=None)
    changes.incidents[again.id] = again
    changes.set_timer(again, TimerKind.RESOLVE, None)
    changes.note(Kind.OK_DROPPED, why, incident=again)
    return again


async def busy(tx: Transaction, changes: Changes, incident: Incident) -> bool:
    """Tell whether an action of the incident's remedy has started and not ended; its settlement looks again."""
    started = any(row["attempt"] > 0 for row in await actions.open_actions(tx, incident.id))
    if started:
        changes.note(Kind.STILL_BUSY, "an action of it is still running", incident=incident)
    return started


async def close(tx: Transaction, changes: Changes, progression: Progression, incident: Incident, how: str) -> None:
    """Close an incident that is not busy."""
    pending = await actions.open_actions(tx, incident.id)
    reason = "the trouble is over before it started"
    await actions.withdraw(tx, changes.now, [row["id"] for row in pending], reason)
    for row in pending:
        changes.note(Kind.SKIPPED, reason, incident=incident, action_id=row["id"])
    progression.resolve(changes, incident, how)
