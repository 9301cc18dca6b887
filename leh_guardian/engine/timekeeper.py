"""Owns the agreement on what time it is; the one rule: the database's clock is the one that all replicas share."""

from __future__ import annotations

import structlog

from leh_guardian.clock import SharedClock
from leh_guardian.store.pool import Pool
from leh_guardian.telemetry.metrics import Metrics

_WRONG = 2.0
"""Seconds by which a machine's own clock may be off before its log says so."""


class Timekeeper:
    """Asks the database for the time every few seconds."""

    def __init__(self, pool: Pool, clock: SharedClock, metrics: Metrics) -> None:
        self._pool = pool
        self._clock = clock
        self._metrics = metrics
        self._log = structlog.get_logger("timekeeper")
        self._wrong = False

    async def run_once(self) -> int:
        """Agree once.

        Raises:
            StoreUnavailable: nobody answers; time goes on from the last agreement.
        """
        asked = self._clock.monotonic()
        self._clock.agree(await self._pool.time(), asked)
        ahead = self._clock.ahead()
        self._metrics.clock_ahead.set(ahead)
        wrong = abs(ahead) > _WRONG
        if wrong and not self._wrong:
            self._log.warning("this machine's clock is wrong: time is the database's", ahead_seconds=round(ahead, 1))
        elif self._wrong and not wrong:
            self._log.info("this machine's clock is right again")
        self._wrong = wrong
        return 0
