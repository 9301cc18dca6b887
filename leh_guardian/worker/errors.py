"""Owns what becomes of the worker's newest jobs, by its log; the one rule: however many ask at once, the log is read once.

Every line counts, not the errors alone: of jobs that were done nothing but START and REPORT is said, and shares are of attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import anyio
import structlog

from leh_guardian.clock import Clock
from leh_guardian.diagnosis import Diagnosis, Table
from leh_guardian.errors import HandlerError
from leh_guardian.model.provider.fusion import Share
from leh_guardian.ports import Functions, FunctionState, Logs
from leh_guardian.worker.log import diagnosed, read_log
from leh_guardian.worker.share import share_of

_MOST_BYTES: Final = 6_000_000
_FRESH: Final = 15.0
"""Seconds for which a share is believed at least ..."""
_PART: Final = 20
"""... or for this part of its window, if that is longer: a new minute hardly changes a half-hour."""


class LogWorkerErrors:
    """The worker's error shares, from its log group."""

    def __init__(
        self,
        logs: Logs,
        group: str,
        table: Callable[[], Table],
        clock: Clock,
        *,
        functions: Functions | None = None,
        function: str | None = None,
    ) -> None:
        self._logs = logs
        self._group = group
        self._table = table
        self._clock = clock
        self._functions = functions
        self._function = function
        self._known: dict[timedelta, tuple[float, Share]] = {}
        self._reading = anyio.Lock()
        self._untold = True

    async def share(self, window: timedelta) -> Share:
        """Return the shares of failures among the jobs that were attempted in the last `window`.

        Raises:
            HandlerError: the log cannot be read.
        """
        async with self._reading:
            known = self._known.get(window)
            now = self._clock.monotonic()
            if known is not None and now - known[0] <= max(_FRESH, window.total_seconds() / _PART):
                return known[1]
            share = share_of(await self._diagnosis(window))
            self._known[window] = (now, share)
            return share

    async def _diagnosis(self, window: timedelta) -> Diagnosis:
        until = self._clock.now()
        deployed = await self._deployment()
        reading = await read_log(self._logs, self._group, until - window, until, most_bytes=_MOST_BYTES)
        return await diagnosed(reading.messages, self._table(), deployed.modified_at if deployed else None)

    async def _deployment(self) -> FunctionState | None:
        """Return what is deployed; nothing where that cannot be told, which takes nothing from the shares."""
        if self._functions is None or self._function is None:
            return None
        try:
            return await self._functions.state(self._function)
        except HandlerError as error:
            if self._untold:
                # Once: whoever waits for a provider looks every minute.
                structlog.get_logger("worker").warning("its function cannot be described", error=str(error))
                self._untold = False
            return None
