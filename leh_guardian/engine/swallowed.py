"""Owns the errors that the worker swallows: a minute of its log that holds some is an event; the one rule: none is told twice.

A minute is read once its lines can be expected to be there. The event goes through the alert queue like every alert, so that rules,
inbox and journal are the same; its id is made of log group and minute, and the inbox takes it in once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from leh_guardian.clock import Clock
from leh_guardian.diagnosis import Diagnosis, Table
from leh_guardian.errors import AccessDenied, NoCredentials, NotFound
from leh_guardian.model.text import dump_json
from leh_guardian.model.worker_errors import WINDOW, envelope, window_at
from leh_guardian.ports import AlertQueue, Logs
from leh_guardian.worker.estimates import Estimates
from leh_guardian.worker.facts import facts_of, ids
from leh_guardian.worker.log import diagnosed

PAUSE: Final = 5.0
"""Seconds between two windows that are due: an account may read a log but a few times a second."""
LIMIT: Final = 240.0
"""Seconds one round may take: two reads at the end of their bounds, and a send."""
_AT_START: Final = timedelta(minutes=15)
"""How far back the first look goes: longer than a restart takes."""
_FARTHEST: Final = timedelta(hours=1)
"""How far behind it may fall, CloudWatch Logs being away, before minutes are left out."""
_MOST_BYTES: Final = 2_000_000
_PATTERN: Final = (
    "?ERROR ?Error ?error ?CRITICAL ?FATAL ?Traceback ?Exception ?failed"
    ' ?"Task timed out" ?"START RequestId" ?"platform.start"'
)
"""Of a minute that is too large to be read: what may tell of a failure, and of each attempt its beginning."""


class Swallowed:
    """Looks at the worker's log, minute by minute."""

    def __init__(
        self,
        queue: AlertQueue,
        logs: Logs,
        group: str,
        table: Callable[[], Table],
        clock: Clock,
        *,
        region: str,
        lag: timedelta,
        estimates: Estimates | None = None,
    ) -> None:
        self._estimates = estimates
        self._queue = queue
        self._logs = logs
        self._group = group
        self._table = table
        self._clock = clock
        self._region = region
        self._lag = lag
        self._log = structlog.get_logger("swallowed")
        self._next: datetime | None = None
        """The window to be read next."""

    async def run_once(self) -> int:
        """Read one window that is due, and tell of its errors. Returns 0 in any case: the loop's pause bounds the rate of reads.

        Raises:
            GuardianError: CloudWatch Logs or the alert queue is away, or this role may not; the window is read again.
        """
        newest = window_at(self._clock.now() - self._lag) - WINDOW
        if self._next is None:
            self._next = newest + WINDOW - _AT_START
        if newest - self._next > _FARTHEST:
            self._log.warning("minutes of the worker's log are left out", since=self._next, until=newest - _FARTHEST)
            self._next = newest - _FARTHEST
        if self._next > newest:
            return 0
        for told in await self._read(self._next):
            await self._send(dump_json(told))
        self._next += WINDOW
        if self._estimates is not None:
            self._estimates.read_until, self._estimates.refused = self._next, False
        return 0

    async def _read(self, start: datetime) -> list[Mapping[str, Any]]:
        """Return the events of a window: that something failed in it, and what was used where nobody else tells."""
        try:
            sample = await self._logs.read(self._group, start, start + WINDOW, most_bytes=_MOST_BYTES)
        except (AccessDenied, NotFound):
            if self._estimates is not None:
                self._estimates.refused = True
            raise
        if not sample.whole:
            sample = await self._logs.read(self._group, start, start + WINDOW, pattern=_PATTERN, most_bytes=_MOST_BYTES)
        diagnosis = await diagnosed(sample.messages, self._table())
        events: list[Mapping[str, Any]] = []
        if diagnosis.errors:
            facts = told_of(diagnosis, whole=sample.whole)
            events.append(envelope(self._group, start, self._region, facts))
        if self._estimates is not None:
            events += await self._estimates.of_log(start, sample.messages)
        return events

    async def _send(self, body: str) -> None:
        try:
            await self._queue.send(body)
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow sqs:SendMessage on it, or set `worker.events: false`") from error


def told_of(diagnosis: Diagnosis, *, whole: bool) -> dict[str, Any]:
    """Return what an event tells of a window's diagnosis."""
    facts = facts_of(diagnosis)
    return {
        "verdict": diagnosis.verdict.value,
        "confidence": diagnosis.confidence,
        "errors": diagnosis.errors,
        "attempts": diagnosis.attempts,
        "failed": diagnosis.failed,
        "signatures": facts["signatures"],
        "samples": facts["samples"],
        "cases": ids(subject.case for subject in diagnosis.failing),
        "evidence": ids(subject.evidence for subject in diagnosis.failing),
        "whole": whole,
    }
