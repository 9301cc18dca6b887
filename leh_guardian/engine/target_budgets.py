"""Owns budgets per target at the claim (inside T2); the one rule: an action counts when it begins, whoever asked for it.

It is counted in the transaction that claims it, so that of two replicas at once one is refused. What is refused ends as beyond a
limit; a person who knows goes past it, which is counted and written down like any other run. Dry runs count nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from leh_guardian.model.action import ClaimedAction
from leh_guardian.model.guards import Budget, Overdrawn, spent
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.text import storable_key
from leh_guardian.registry import Registry
from leh_guardian.store import target_runs
from leh_guardian.store.transaction import Transaction

PerTarget = Mapping[str, Sequence[Budget]]
"""{handler: its budgets for one target, all of which must hold}."""


async def count(
    tx: Transaction, registry: Registry, per_target: PerTarget, claimed: Sequence[ClaimedAction], now: datetime
) -> tuple[Mapping[UUID, Overdrawn], Sequence[Entry]]:
    """Count the claimed actions that begin; returns those that a budget refuses, and what the journal says of it."""
    refused: dict[UUID, Overdrawn] = {}
    entries = []
    bounded = [(a.handler, target, a) for a in claimed if a.handler in per_target and (target := _target(registry, a))]
    # In one order, so that two replicas wait for each other instead of deadlocking.
    for handler, target, action in sorted(bounded, key=lambda one: (*one[:2], one[2].id)):
        budgets = per_target[handler]
        if await target_runs.take(tx, handler, target, action.id, now, budgets):
            continue
        # Whether it may run was decided by the statement above; this is for telling.
        overdrawn = await look(tx, handler, target, budgets, now)
        if action.over_budget:
            await target_runs.take(tx, handler, target, action.id, now, budgets, beyond=True)
            entries.append(_entry(action, Kind.OVER_BUDGET, f"{overdrawn}: it runs all the same, by a person's word"))
        else:
            refused[action.id] = overdrawn or Overdrawn(handler, target, budgets[0])
            entries.append(_entry(action, Kind.BUDGET_SPENT, f"{overdrawn}: it does not run"))
    return refused, entries


async def look(
    tx: Transaction, handler: str, target: str, budgets: Sequence[Budget], now: datetime
) -> Overdrawn | None:
    """Return the budget that another run on a target would overdraw now; None where it may run."""
    runs = await target_runs.of(tx, handler, storable_key(target))
    budget = spent(budgets, runs, now)
    return Overdrawn(handler, target, budget, max(now - runs[-1], timedelta(0))) if budget else None


def _target(registry: Registry, action: ClaimedAction) -> str:
    """Return what an action that would have an effect is done to; nothing where it has none, or its handler names none."""
    spec = registry.get(action.handler)
    if spec is None or not spec.target or action.dry_run or action.observed or action.over:
        return ""
    return storable_key(str(action.params.get(spec.target, "")))


def _entry(action: ClaimedAction, kind: Kind, reason: str) -> Entry:
    data = {"handler": action.handler, "attempt": action.attempt, "step": action.step_id}
    return Entry(kind, reason, action.incident_id, action.id, action.rule_id, data)
