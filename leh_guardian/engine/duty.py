"""Owns what people have changed by hand, as every replica takes it up; the one rule: within seconds, whoever was told of it.

Overrides of duty are laid over the file. Silences that somebody has ended free the messages that they withheld; it is done again for
a while, since a message that was just being looked at when the silence ended settles to wait for it a moment later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.clock import Clock
from leh_guardian.engine.directory import People
from leh_guardian.engine.overriding import RULE
from leh_guardian.language import Text
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.oncall.by_hand import Misfit
from leh_guardian.store import duty_overrides, incidents, journal, silences
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

LOOK: Final = 3.0
"""Seconds between two looks."""
_SETTLES: Final = timedelta(minutes=2)
"""How long after its end a silence is still looked after: an attempt that takes longer looks anew."""
_KEPT: Final = timedelta(days=1)
"""How long an override is laid over the file after its end: longer than anybody looks back."""
_AGAIN: Final = timedelta(days=1)
"""After which an override that fits no more is told of again."""


class Duty:
    """Looks every few seconds what people have changed."""

    def __init__(self, pool: Pool, people: People, clock: Clock, *, replica: str, planned: Callable[[], None]) -> None:
        self._pool = pool
        self._people = people
        self._clock = clock
        self._replica = replica
        self._planned = planned
        self._told: frozenset[tuple[str, Text]] = frozenset()

    async def run_once(self) -> int:
        """Look once; returns 0, whatever was found."""
        now = self._clock.now()
        async with transaction(self._pool) as tx:
            stored = await duty_overrides.standing(tx, now - _KEPT)
            lifted = await silences.lifted(tx, now - _SETTLES)
            woken = await silences.wake(tx, now, lifted) if lifted else 0
        if woken:
            self._planned()
        self._people.override(stored)
        await self._tell([one for one in self._people.misfits if one.override.ends > now], now)
        return 0

    async def _tell(self, misfits: Sequence[Misfit], now: datetime) -> None:
        """Write down which overrides fit no more, once a day over all replicas."""
        found = frozenset((str(one.override.id), one.reason) for one in misfits)
        if found - self._told:
            async with transaction(self._pool) as tx:
                await incidents.lock_rules(tx, [RULE])
                for one in misfits:
                    await self._note(tx, one, now)
        self._told = found

    async def _note(self, tx: Transaction, one: Misfit, now: datetime) -> None:
        name = str(one.override.id)
        if await journal.last_of(tx, Kind.OVERRIDE_MISFIT, name, now - _AGAIN) is not None:
            return
        data = {"target": name, "schedule": one.override.schedule, "by": one.override.by, **one.override.changes()}
        entry = Entry(Kind.OVERRIDE_MISFIT, one.reason.of(self._people.locale()), one.override.id, None, RULE, data)
        await journal.append(tx, self._replica, now, [entry])
