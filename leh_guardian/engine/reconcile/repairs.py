"""Owns the taking in of what no event told of; the one rule: it is planned as the event would have been, once, on whatever replica.

What is rebuilt goes the way of every event: event log, inbox, planner under the rules' locks, one transaction. The inbox knows the
happening (model/happening.py): heard of under another id it is left alone, and an event that comes later plans nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.matched import Matched
from leh_guardian.engine.planner import Planner
from leh_guardian.model.event import Event
from leh_guardian.model.happening import Happening
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.text import dump_json, shown
from leh_guardian.rules.ruleset import Match, RuleSet
from leh_guardian.store import inbox
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Lost:
    """What seems to have been lost: what happened, its event, and what that means to whom."""

    kind: str
    """What the metrics call it."""
    happening: Happening
    event: Event
    matches: Sequence[Match]


class Repairs:
    """Takes in what was lost."""

    def __init__(
        self,
        pool: Pool,
        planner: Planner,
        rules: Callable[[], RuleSet],
        clock: Clock,
        metrics: Metrics,
        *,
        replica: str,
        planned: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._planner = planner
        self._rules = rules
        self._clock = clock
        self._metrics = metrics
        self._replica = replica
        self._planned = planned

    async def take(self, seemingly: Sequence[Lost]) -> int:
        """Take in those that nobody has heard of; returns how many.

        Raises:
            StoreUnavailable: nothing was taken in, or nobody can tell; the next look finds the same.
        """
        if not seemingly:
            return 0
        changes = Changes(self._clock.now())
        async with transaction(self._pool) as tx:
            lost = await self._unheard(tx, changes, seemingly)
            if lost:
                await inbox.log_bodies(
                    tx, changes.now, [(True, dump_json(one.event.envelope).encode()) for one in lost]
                )
                batch = [Matched(one.event, match) for one in lost for match in one.matches]
                await self._planner.plan(tx, changes, self._rules(), batch)
                self._note(changes, lost)
                await changes.write(tx, self._replica)
        for one in lost:
            self._metrics.reconciled.labels(one.kind).inc()
        if lost:
            self._planned()
        return len(lost)

    @staticmethod
    async def _unheard(tx: Transaction, changes: Changes, seemingly: Sequence[Lost]) -> list[Lost]:
        """Enter into the inbox what it does not know under any name, and return it."""
        marks = {one.event.key: one.happening.heard_about_then | {one.event.key} for one in seemingly}
        known = await inbox.known(tx, frozenset().union(*marks.values()))
        unknown = {one.event.key: one for one in seemingly if not marks[one.event.key] & known}
        # The planner's locks come after the inbox, as at intake: the other way round, the two would wait for each other.
        keys = [key for one in unknown.values() for key in (one.event.key, one.happening.heard)]
        fresh = await inbox.take(tx, changes.now, keys) if keys else set()
        return [one for key, one in unknown.items() if {key, one.happening.heard} <= fresh]

    @staticmethod
    def _note(changes: Changes, lost: Sequence[Lost]) -> None:
        """Write down that these were rebuilt, with the incidents that they led to."""
        led = {(incident.rule_id, incident.dedup_key): incident for incident in changes.incidents.values()}
        for one in lost:
            for match in one.matches:
                incident = led.get((match.rule.id, match.dedup_key))
                changes.entries.append(
                    Entry(
                        Kind.RECONCILED,
                        "no event told of it: rebuilt from what AWS itself says",
                        incident.id if incident else None,
                        None,
                        match.rule.id,
                        _about(one),
                    )
                )


def _about(lost: Lost) -> Mapping[str, object]:
    event = lost.event
    return {
        "what": lost.kind,
        "event": event.id,
        "resource": shown(event.envelope["resources"][0], 200),
        "occurred_at": event.occurred_at,
    }
