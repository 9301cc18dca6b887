"""Owns open incidents whose rule is gone; the one rule: what can no longer close by itself is said to people, once.

An incident keeps its plan, but its OK is recognised by the rule. Without the rule it would stay open and silent.
"""

from __future__ import annotations

from collections.abc import Collection

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.wording import Cause
from leh_guardian.model.journal import Kind
from leh_guardian.store import incidents
from leh_guardian.store.transaction import Transaction


async def tell_of_orphans(tx: Transaction, changes: Changes, progression: Progression, known: Collection[str]) -> None:
    """Tell people of every open incident that waits for an OK which no rule of `known` recognises any more."""
    for incident in await incidents.lock_orphans(tx, known, said=Kind.ORPHANED):
        reason = f"the rule {incident.rule_id} is not in the rule files any more: its OK will not close this incident"
        changes.note(Kind.ORPHANED, reason, incident=incident)
        progression.escalate(changes, incident, Cause.RULE_GONE, reason)
