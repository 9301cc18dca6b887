"""Owns the look for parked work that nothing of its case pauses; the one rule: it only tells, rules decide what goes back.

A circuit that closes lets its case's work go back. Work is parked for other reasons, too: an account's circuit or the fleet's was
open, a worker could not ask for longer than it may do without, a release was given up. Nothing else would ever bring that back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.planner import Planner
from leh_guardian.errors import HandlerError
from leh_guardian.evidence.names import is_id
from leh_guardian.model.event import Event
from leh_guardian.model.own_event import own_event
from leh_guardian.model.spend.circuit import State
from leh_guardian.model.spend.limits import Scope
from leh_guardian.ports import Parked
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import circuits
from leh_guardian.store.circuits import Key
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

DETAIL_TYPE: Final = "Parked Work Left"
LOOK: Final = 60.0
"""Seconds between two looks."""
PATIENCE: Final = timedelta(minutes=5)
"""How long work may be parked without a pause: the release of a circuit that has closed needs its time."""
AGAIN: Final = timedelta(hours=1)
"""The longest time until it is told again: the worker may park it anew, for only it knows whose account the work is."""
_MOST: Final = 100
"""Cases told in one look."""
_ALLOWED: Final = frozenset({State.FORCED_CLOSED, State.SHADOW})
"""Beside closed. What is half open has its trial."""


@dataclass(frozen=True, slots=True)
class _Due:
    """When rules are to hear of a case."""

    at: datetime
    after: timedelta
    """How long it has waited for that."""


class Leftovers:
    """The look."""

    def __init__(
        self,
        pool: Pool,
        planner: Planner,
        rules: Callable[[], RuleSet],
        parked: Parked,
        clock: Clock,
        *,
        replica: str,
        planned: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._planner = planner
        self._rules = rules
        self._parked = parked
        self._clock = clock
        self._replica = replica
        self._planned = planned
        self._due: dict[str, _Due] = {}
        """{case whose work is parked without a pause: when rules are to hear of it}."""
        self._others = frozenset[Key]()
        """Circuits of accounts, and the fleet's, that were not closed at the last look."""
        self._blind = False
        self._log = structlog.get_logger("leftovers")

    async def run_once(self) -> int:
        """Look once; returns how many cases rules have heard of."""
        try:
            found = (await self._parked.count()).by_case
        except HandlerError as error:
            # Work of a paused case waits no less safely meanwhile.
            if not self._blind:
                self._log.warning("it cannot be seen what is parked", error=str(error))
            self._blind = True
            return 0
        self._blind = False
        now = self._clock.now()
        async with transaction(self._pool) as tx:
            held = {(one.scope, one.key) for one in await circuits.listed(tx) if one.state not in _ALLOWED}
            self._now_held(held, found, now)
            told = sorted(case for case, due in self._due.items() if due.at <= now)[:_MOST]
            if told:
                await self._tell(tx, {case: found[case] for case in told}, now)
        self._due |= {case: self._again(self._due[case], now) for case in told}
        if told:
            self._planned()
        return len(told)

    def _now_held(self, held: Collection[Key], found: Mapping[str, int], now: datetime) -> None:
        """Note what is parked without a pause, and since when."""
        others = frozenset(key for key in held if key[0] is not Scope.CASE)
        if self._others - others:
            # What one of them has parked anew, though it was told, may go now.
            self._due = {}
        self._others = others
        # Workers write the table: a text that is no case's id is a matter for people (parked_age).
        free = [case for case in found if is_id(case) and (Scope.CASE, case) not in held]
        paused = any(scope is Scope.FLEET for scope, _ in others)
        first = _Due(now + PATIENCE, PATIENCE)
        self._due = {} if paused else {case: self._due.get(case, first) for case in free}

    def _again(self, due: _Due, now: datetime) -> _Due:
        """Return when what was told is told again, if it is parked anew.

        A worker that could not ask, or was slow to see a circuit closed, has parked it for a reason that is soon over: each time is
        twice as long as the one before. Where an account is paused, that is likely to be the reason.
        """
        after = AGAIN if self._others else min(AGAIN, due.after * 2)
        return _Due(now + after, after)

    async def _tell(self, tx: Transaction, cases: Mapping[str, int], now: datetime) -> None:
        rules, changes = self._rules(), Changes(now)
        events = [_event(case, count, now) for case, count in cases.items()]
        await self._planner.hear(tx, changes, rules, events)
        await changes.write(tx, self._replica)


def _event(case: str, count: int, now: datetime) -> Event:
    return own_event(f"parked {case} {now.isoformat()}", DETAIL_TYPE, now, {"case_id": case, "parked": count})
