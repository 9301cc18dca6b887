"""Owns the comparison of the functions that remedies wait for with the deployments that were told of; the one rule: noted once.

CloudTrail's event cannot be rebuilt, for Lambda does not say who deployed. What waits for a deployment looks at those that are written
down (`reprocess/fix.py`), so one that nobody told of is written down. An alias that was moved back to an older version looks as that
version did when it was made: whoever waits compares the version itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from leh_guardian.clock import Clock
from leh_guardian.engine.reconcile.alarms import Bounds
from leh_guardian.model.deployment import Deployment, function_name
from leh_guardian.model.identity import key
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.ports import Functions, FunctionState
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import deployments, journal
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

_PARAMETER: Final = "after_deployment_of"
_APART: Final = timedelta(minutes=2)
"""By how much an event may say that a deployment was earlier than Lambda does: it is called, and then done."""
_SOURCE: Final = "reconcile"
_REFERENCE: Final = "${"


class DeploymentComparison:
    """Compares what Lambda says of functions with the deployments that guardian was told of."""

    def __init__(self, functions: Functions, pool: Pool, clock: Clock, *, replica: str) -> None:
        self._functions = functions
        self._pool = pool
        self._clock = clock
        self._replica = replica

    @staticmethod
    def wanted(rules: RuleSet) -> list[str]:
        """Return the functions whose deployments the rules wait for, as they are named there."""
        return sorted(set(_waited_for(rules)))

    async def compare(self, function: str, bounds: Bounds) -> bool:
        """Write the newest deployment of a function down if nobody told of it; returns whether it was written.

        Raises:
            HandlerError: Lambda is away, does not know it, or this role may not look.
        """
        state = await self._functions.state(function)
        named = function_name(function)
        # What is not settled yet is looked at again.
        if named is None or not state.settled or not bounds.hold(state.modified_at):
            return False
        return await self._note(Deployment(named[0], state.modified_at, "LastModified", _SOURCE, named[1]), state)

    async def _note(self, deployment: Deployment, state: FunctionState) -> bool:
        id_ = key(f"reconciled/{deployment.function}/{deployment.alias}/{state.version}/{state.code}/{deployment.at}")
        async with transaction(self._pool) as tx:
            heard = await deployments.since(tx, deployment.function, deployment.at - _APART)
            if any(one.answers(deployment.alias) for one in heard):
                return False
            new = await deployments.note(tx, id_, deployment, self._clock.now())
            if new:
                about = {
                    "what": "deployment",
                    "function": deployment.function,
                    "alias": deployment.alias,
                    "version": state.version,
                    "occurred_at": deployment.at,
                }
                reason = "no event told of this deployment: Lambda itself says so"
                await journal.append(tx, self._replica, self._clock.now(), [Entry(Kind.RECONCILED, reason, data=about)])
            return new


def _waited_for(rules: RuleSet) -> Iterable[str]:
    for rule in rules.rules:
        for step in rule.plan.steps:
            function = step.params.get(_PARAMETER)
            if isinstance(function, str) and function and _REFERENCE not in function:
                yield function
