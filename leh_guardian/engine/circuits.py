"""Owns circuits at work: their changes, the worker's copy, and what rules hear of them; the one rule: the record goes first.

A change is one transaction under a lock that all replicas share, so the cap on open circuits is counted right. Then the worker's
copy is written, by whoever changed it or by the next look of any replica, and rules hear of it (`Circuit Changed`) as of anything
that happens. A crash between these leaves work for the next look, never a copy that is newer than the record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.planner import Planner
from leh_guardian.errors import HandlerError, Refused
from leh_guardian.model.event import Event
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.own_event import own_event
from leh_guardian.model.spend import circuit as machine
from leh_guardian.model.spend.circuit import Circuit, Crowd, Recovery, State, Verdict
from leh_guardian.model.spend.limits import Scope, Tier, Unit
from leh_guardian.ports import Board
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import circuits, incidents, spending
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.failpoints import failpoint
from leh_guardian.telemetry.metrics import Metrics

DETAIL_TYPE: Final = "Circuit Changed"
LOCK: Final = "guardian.circuits"
LOOK: Final = 1.0
"""Seconds between two looks."""
_COMPARED: Final = timedelta(seconds=60)
"""Between two comparisons of the worker's copies with the record."""
_LATELY: Final = timedelta(minutes=10)
_DAY: Final = timedelta(days=1)

Move = Callable[[Circuit, Crowd], Circuit]


class CircuitKeeper:
    """Circuits as handlers use them, and the loop that moves them on."""

    def __init__(
        self,
        pool: Pool,
        planner: Planner,
        rules: Callable[[], RuleSet],
        board: Board | None,
        recovery: Recovery,
        clock: Clock,
        metrics: Metrics,
        *,
        replica: str,
        planned: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._planner = planner
        self._rules = rules
        self._board = board
        self._recovery = recovery
        self._clock = clock
        self._metrics = metrics
        self._replica = replica
        self._planned = planned
        self._compared = clock.now()
        self._log = structlog.get_logger("circuits")

    async def get(self, scope: Scope, key: str) -> Circuit:
        """Return a circuit."""
        async with transaction(self._pool) as tx:
            return await circuits.get(tx, scope, key)

    async def trip(self, scope: Scope, key: str, tier: Tier, reason: str, cause: UUID) -> Circuit:
        """Open a circuit as far as its state and the cap let it; once for each `cause`."""
        now = self._clock.now()

        def move(circuit: Circuit, crowd: Crowd) -> Circuit:
            if circuit.cause == cause:
                # A copy of what opened it: a person may have closed it since.
                return circuit
            moved = machine.trip(circuit, tier, reason, now, self._recovery, room=crowd.room(self._recovery))
            return moved if moved is circuit else replace(moved, cause=cause)

        return await self._move(scope, key, move, opens=True)

    async def judge(self, scope: Scope, key: str, verdict: Verdict, reason: str, opened_at: datetime | None) -> Circuit:
        """Say what the use of an open circuit was, of the opening at `opened_at` where that is given."""
        now = self._clock.now()

        def move(circuit: Circuit, _: Crowd) -> Circuit:
            if opened_at is not None and circuit.opened_at != opened_at:
                return circuit
            return machine.judged(circuit, verdict, reason, now, self._recovery)

        return await self._move(scope, key, move)

    async def publish(self, circuit: Circuit) -> None:
        """Let the worker read a circuit.

        Raises:
            Refused: no table is configured.
            Unavailable, AccessDenied, NotFound: the table cannot be written.
        """
        if self._board is None:
            raise Refused(
                "no table for circuits is configured: set LEH_BREAKER__TABLE, or the worker never hears of them"
            )
        if circuit.published >= circuit.version or circuit.version == 0:
            return
        there = await self._board.publish(circuit)
        failpoint("circuits.published")
        if there > circuit.version:
            # Another replica has moved it on; or somebody has written into the table by hand, or a record was restored from a backup.
            await self._move(circuit.scope, circuit.key, partial(_above, version=there))
            return
        async with transaction(self._pool) as tx:
            await circuits.published(tx, circuit.scope, circuit.key, circuit.version)

    async def run_once(self) -> int:
        """Look once: move on what is due, tell rules what has changed, write what the worker does not read yet."""
        await self._move_on()
        await self._tell()
        if self._board is not None:
            await self._publish_all()
            if self._clock.now() - self._compared >= _COMPARED:
                self._compared = self._clock.now()
                await self._compare(self._board)
        return 0

    async def _move(self, scope: Scope, key: str, move: Move, *, opens: bool = False) -> Circuit:
        now = self._clock.now()
        async with transaction(self._pool) as tx:
            await incidents.lock_rules(tx, [LOCK])
            before = await circuits.get(tx, scope, key, lock=True)
            crowd = await circuits.crowd(tx, now - _LATELY)
            if opens and before.state in {State.CLOSED, State.SHADOW} and crowd.hangs_on_active(self._recovery):
                # Looked up here, and not every few minutes: replicas that looked at different times would have different caps.
                crowd = replace(crowd, active=await spending.active(tx, now - _DAY))
            after = move(before, crowd)
            if after.version != before.version:
                await self._write(tx, before, after)
        if after.version != before.version:
            failpoint("circuits.moved")
        return after

    async def _write(self, tx: Transaction, before: Circuit, after: Circuit) -> None:
        await circuits.follow(tx, after)
        changes = Changes(self._clock.now())
        data = {"scope": after.scope.value, "key": after.key, "version": after.version, "actor": after.actor}
        reason = f"{before.state} -> {after.state}: {after.reason}"
        changes.entries.append(Entry(Kind.CIRCUIT, reason, None, None, None, data))
        await changes.write(tx, self._replica)
        self._metrics.circuits.labels(after.scope.value, after.state.value).inc()

    async def _move_on(self) -> None:
        """Move on what is due, and half-open circuits by what went through."""
        now = self._clock.now()
        async with transaction(self._pool) as tx:
            waiting = [
                c for c in await circuits.listed(tx) if c.state is State.HALF_OPEN or (c.until and c.until <= now)
            ]
            # Of the second in which a trial began all is counted: nobody tells finer.
            used = {
                (c.scope, c.key): int(
                    (await spending.used_since(tx, c.scope, c.key, c.since.replace(microsecond=0)))[Unit.TOKENS]
                )
                for c in waiting
                if c.state is State.HALF_OPEN and c.since is not None
            }
        for one in waiting:
            await self._move(one.scope, one.key, partial(self._next, used=used.get((one.scope, one.key), 0), seen=one))

    def _next(self, circuit: Circuit, _: Crowd, *, used: int, seen: Circuit) -> Circuit:
        now = self._clock.now()
        if circuit.version != seen.version:
            return circuit
        moved = machine.probed(circuit, used, now, self._recovery)
        return moved if moved is not circuit else machine.due(circuit, now, self._recovery)

    async def _tell(self) -> None:
        """Let rules hear of what has changed, in one transaction with the note that they have."""
        rules = self._rules()
        changes = Changes(self._clock.now())
        async with transaction(self._pool) as tx:
            untold = await circuits.take_untold(tx)
            if not untold:
                return
            events = [_event(circuit, changes) for circuit in untold]
            await self._planner.hear(tx, changes, rules, events)
            await changes.write(tx, self._replica)
        failpoint("circuits.told")
        self._planned()

    async def _publish_all(self) -> None:
        async with transaction(self._pool) as tx:
            waiting = await circuits.unpublished(tx)
        for circuit in waiting:
            try:
                await self.publish(circuit)
            except HandlerError as error:
                self._log.error(
                    "the worker cannot be told of a circuit", scope=circuit.scope, key=circuit.key, error=str(error)
                )
                raise

    async def _compare(self, board: Board) -> None:
        """Write again what the worker reads otherwise than it is: an item that was deleted or changed by hand."""
        async with transaction(self._pool) as tx:
            known = [c for c in await circuits.listed(tx) if c.published == c.version]
        for circuit in known:
            there = await board.read(circuit.scope, circuit.key)
            if there != (circuit.state, circuit.version):
                after = await self._move(
                    circuit.scope, circuit.key, partial(_anew, seen=circuit, version=there[1] if there else 0)
                )
                if after.version > circuit.version:
                    self._log.error(
                        "the worker read another circuit than the record", scope=circuit.scope, key=circuit.key
                    )


def _above(circuit: Circuit, _: Crowd, *, version: int) -> Circuit:
    """Return it in a version above `version`, which the worker reads; the same where the record has come as far meanwhile.

    A new version is more than a copy: rules hear of it, and what a worker may still let through is counted anew.
    """
    return replace(circuit, version=version + 1) if circuit.version < version else circuit


def _anew(circuit: Circuit, _: Crowd, *, seen: Circuit, version: int) -> Circuit:
    """Return it in a version above `version`, which nobody here has written; the same where it is not any more as it was `seen`."""
    return replace(circuit, version=max(circuit.version, version) + 1) if circuit.version == seen.version else circuit


def _event(circuit: Circuit, changes: Changes) -> Event:
    event_id = f"circuit {circuit.scope} {circuit.key} {circuit.version}"
    detail: dict[str, Any] = {
        "scope": circuit.scope.value,
        "key": circuit.key,
        "state": circuit.state.value,
        "actor": circuit.actor,
        "reason": circuit.reason,
        "version": circuit.version,
        "asks": circuit.asks,
        "hard": circuit.hard,
        "opens": circuit.opens,
    }
    if circuit.verdict is not None:
        detail["verdict"] = circuit.verdict.value
    if circuit.until is not None:
        detail["until"] = circuit.until.isoformat()
    if circuit.scope is not Scope.FLEET:
        detail[f"{circuit.scope}_id"] = circuit.key
    return own_event(event_id, DETAIL_TYPE, changes.now, detail)
