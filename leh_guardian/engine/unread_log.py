"""Owns the estimate of use from the evidence table; the one rule: only of minutes that the worker's log does not tell of.

Where no log is named, or it may not be read, the table is looked through for what ended since the last look. A log that is merely
away is waited for: it tells of its minutes later, and better. A look reads the whole table, so there are few of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from leh_guardian.clock import Clock
from leh_guardian.errors import AccessDenied, NoCredentials
from leh_guardian.model.text import dump_json
from leh_guardian.model.worker_errors import window_at
from leh_guardian.ports import AlertQueue, Tables
from leh_guardian.worker.estimates import Estimates
from leh_guardian.worker.pieces import ATTRIBUTES, Pieces, over_at

PAUSE: Final = 15.0
"""Seconds between two questions whether a look is due."""
LIMIT: Final = 240.0
"""Seconds that a round may take."""
_AT_START: Final = timedelta(minutes=15)
"""How far back the first look goes, as that at the log does."""
_AT_FIRST: Final = timedelta(minutes=1)
_PATIENCE: Final = timedelta(minutes=10)
"""How long a log that is away is waited for."""
_MOST_PAGES: Final = 400
"""Pages of the table that a look reads, of a megabyte each."""
_SECONDS: Final = 60.0


class UnreadLog:
    """Looks through the evidence table while the log tells nothing."""

    def __init__(
        self,
        queue: AlertQueue,
        tables: Tables,
        table: str,
        estimates: Estimates,
        clock: Clock,
        *,
        named: bool,
        lag: timedelta,
        every: timedelta,
    ) -> None:
        """`named`: whether there is a log at all; `every`: how often the table is looked through at most."""
        self._queue = queue
        self._tables = tables
        self._table = table
        self._estimates = estimates
        self._clock = clock
        self._named = named
        self._lag = lag
        self._every = every
        self._pieces = Pieces()
        self._next: datetime | None = None
        """Up to when the table has told."""
        self._due: datetime | None = None
        self._unsent: list[Mapping[str, Any]] = []
        self._log = structlog.get_logger("unread_log")

    async def run_once(self) -> int:
        """Look through the table where that is due, and tell of what was used. Returns 0 in any case: the pause bounds the rate.

        Raises:
            GuardianError: DynamoDB or the alert queue is away, or this role may not; nothing is lost by that.
        """
        now = self._clock.now()
        await self._send()
        if self._estimates.told():
            self._next = None
            return 0
        # At the start it is not known yet whether the worker tells, and whether its log does.
        self._due = self._due or now + _AT_FIRST
        since, until = self._span(now)
        if since >= until or now < self._due:
            return 0
        ended = self._pieces.ended(await self._items(since, until), since, until)
        # What is sent in vain now is sent at the next round: looked at twice, it would be counted twice.
        self._unsent += self._estimates.of_table(ended)
        self._next, self._due = until, now + self._every
        await self._send()
        return 0

    async def _send(self) -> None:
        while self._unsent:
            await self._queue.send(dump_json(self._unsent[0]))
            del self._unsent[0]

    def _span(self, now: datetime) -> tuple[datetime, datetime]:
        """Return of what time the table is to tell: whole minutes, of which the log has not told and will not soon."""
        newest = window_at(now - self._lag)
        since = self._next or newest - _AT_START
        read = self._estimates.read_until
        if read is not None:
            since = max(since, read)
        waits = self._named and not self._estimates.refused
        return since, newest - _PATIENCE if waits else newest

    async def _items(self, since: datetime, until: datetime) -> list[Mapping[str, Any]]:
        def wanted(item: Mapping[str, Any]) -> bool:
            at = over_at(item)
            return at is not None and since <= at < until

        try:
            found = await self._tables.scan(self._table, ATTRIBUTES, wanted, _MOST_PAGES, _SECONDS)
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow dynamodb:Scan on it, or set `worker.table: false`") from error
        if not found.whole:
            self._log.warning("the evidence table is too large to be looked through: use is estimated too low")
        return list(found.items)
