"""Owns durable timers' firing (T5); the one rule: a timer is taken and applied in one transaction."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from leh_guardian.clock import Clock
from leh_guardian.engine.calls import fire
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.held_oks import hold_is_over
from leh_guardian.engine.progression import Progression
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import incidents, timers
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.failpoints import failpoint

_MOST = 100
"""Timers fired in one round, at most,"""
_LONGEST = 10.0
"""... and seconds after which a round begins no further one: with the store slow, a hundred would look like a hang."""


class Timers:
    """Fires due timers."""

    def __init__(
        self, pool: Pool, progression: Progression, clock: Clock, *, replica: str, planned: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._progression = progression
        self._clock = clock
        self._replica = replica
        self._planned = planned

    async def run_once(self) -> int:
        """Fire what is due, a bounded number so that the loop shows its progress; returns how many timers fired."""
        fired, until = 0, anyio.current_time() + _LONGEST
        while fired < _MOST and anyio.current_time() < until and await self._fire_one():
            fired += 1
        if fired:
            self._planned()
        return fired

    async def _fire_one(self) -> bool:
        async with transaction(self._pool) as tx:
            changes = Changes(self._clock.now())
            due = await timers.take_due(tx, changes.now)
            if due is None:
                return False
            incident_id, kind, due_at = due
            incident = await incidents.lock(tx, incident_id)
            if incident is not None and kind is TimerKind.RESOLVE:
                await hold_is_over(tx, changes, self._progression, incident)
            elif incident is not None:
                await fire(tx, changes, self._progression, incident, kind, due_at)
            await changes.write(tx, self._replica)
            failpoint("timers.before_commit")
        failpoint("timers.fired")
        return True
