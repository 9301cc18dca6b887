"""Owns the closing of an incident by its OK; the one rule: never while an action of it runs, and what has not started never starts."""

from __future__ import annotations

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.progression import Progression
from leh_guardian.model.incident import Incident
from leh_guardian.model.journal import Kind
from leh_guardian.store import actions
from leh_guardian.store.transaction import Transaction


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
