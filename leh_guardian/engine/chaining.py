"""Owns the linking of the journal's lines into chains, and the daily root; the one rule: behind the work, never in its way.

Lines are linked once they are committed, within a minute, by whichever replica has the lock. A day's root is a hash over every link of
the day and the root before: whoever keeps it outside can tell later whether anything of before was rewritten. So it is logged
and shown by `/status`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from leh_guardian.clock import Clock
from leh_guardian.model.chain import Root, RootHash, follow, genesis
from leh_guardian.store import journal_chain
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

LOOK: Final = 20.0
"""Seconds between two looks for lines that are not linked."""
PORTION: Final = 2000
"""Lines linked in one transaction."""
_MARGIN: Final = timedelta(minutes=10)
"""How long after its time a line may be committed: many times what any transaction lasts."""
_SEOUL: Final = ZoneInfo("Asia/Seoul")


class Chaining:
    """Links what the journal has taken in."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._log = structlog.get_logger("chaining")
        self._root: Root | None = None
        self._linked_at: datetime | None = None

    def report(self) -> dict[str, Any]:
        """Return what `/status` says: when all lines were linked, as seen from this replica, and the newest root."""
        return {
            "linked_at": self._linked_at,
            "root": self._root.root.hex() if self._root else None,
            "day": self._root.day.isoformat() if self._root else None,
        }

    async def run_once(self) -> int:
        """Link a portion; returns how many lines if there may be more, else 0, with the root of a day that is over."""
        now, done = self._clock.now(), PORTION
        async with transaction(self._pool) as tx:
            if not await journal_chain.lock(tx):
                return 0
            done = await self._link(tx, now)
            if done < PORTION:
                self._root = await self._root_of_yesterday(tx, now)
        if done < PORTION:
            self._linked_at = now
            return 0
        return done

    async def _link(self, tx: Transaction, now: datetime) -> int:
        lines = await journal_chain.unlinked(tx, now - _MARGIN, PORTION)
        heads = await journal_chain.heads(tx, {line.incident_id for line in lines})
        links = []
        for line in lines:
            before = heads.get(line.incident_id) or genesis(line.incident_id)
            heads[line.incident_id] = follow(before, line)
            links.append((line, heads[line.incident_id]))
        await journal_chain.append(tx, links)
        return len(lines)

    async def _root_of_yesterday(self, tx: Transaction, now: datetime) -> Root | None:
        last = await journal_chain.last_root(tx)
        day = now.astimezone(_SEOUL).date() - timedelta(days=1)
        if last is not None and last.day >= day:
            return last
        position, making = last.position if last else 0, RootHash(last.root if last else None, day)
        while links := await journal_chain.links(tx, position, None, PORTION):
            making.add(links)
            position = links[-1].position
        root = Root(day, position, making.digest())
        await journal_chain.add_root(tx, root, now)
        self._log.info("journal root", day=day.isoformat(), root=root.root.hex())
        return root
