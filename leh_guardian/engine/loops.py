"""Owns the small loop around every `run_once()`; the one rule: an outage backs off with jitter and never ends the daemon.

An error of ours (the store or AWS is away, a permission is missing) is a degraded state: it is told once, the loop waits,
stamps its progress and tries again. Any other exception is a defect: it ends the daemon, and the service manager starts it anew.
A loop is watched until it ends on purpose: one whose exception somebody swallows stops stamping, and is seen.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import anyio
import structlog

from leh_guardian.errors import GuardianError
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress
from leh_guardian.telemetry.redaction import redact

LIMIT = 75.0
"""Seconds one round may take: longer than a transaction at the end of all its deadlines (60 s), so that no outage is a hang."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 20.0


class Wake:
    """Something for one loop to wait for, that others may set off early."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._others: list[Wake] = []

    def also(self) -> Wake:
        """Return one for another loop, woken with this one: two that waited on the same would take it from each other."""
        other = Wake()
        self._others.append(other)
        return other

    def __call__(self) -> None:
        """Wake the waiter."""
        self._event.set()
        for other in self._others:
            other()

    async def wait(self, seconds: float) -> None:
        """Wait until woken, at most `seconds`."""
        with anyio.move_on_after(seconds):
            await self._event.wait()
        self._event = anyio.Event()


class Loop:
    """One service's loop; `limit` is how many seconds one round may take before the loop counts as stuck."""

    def __init__(
        self,
        name: str,
        once: Callable[[], Awaitable[int]],
        progress: Progress,
        metrics: Metrics,
        *,
        pause: float,
        limit: float = LIMIT,
        wake: Wake | None = None,
        until: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name = name
        self._once = once
        self._progress = progress
        # The pause is a setting here and there: however long, it is no hang.
        self._stamp = progress.watch(name, max(limit, 2 * pause))
        self._errors = metrics.loop_errors.labels(name)
        self._pause = pause
        self._wake = wake or Wake()
        self._until = until
        self._log = structlog.get_logger("loop").bind(loop=name)
        self._failures = 0
        self._told = ""

    async def run(self) -> None:
        """Go round until `until()` says so."""
        while not self._until():
            worked = await self._round()
            if not worked and not self._until():
                await self._wake.wait(self._pause)
        self._progress.forget(self.name)

    async def _round(self) -> int:
        # As the pause before it is no hang, it must not be counted with the round: the note stays what it was.
        self._stamp(f"blocked: {self._told}" if self._told else "")
        try:
            worked = await self._once()
        except GuardianError as error:
            await self._back_off(error)
            return 1
        if self._failures:
            self._log.info("works again", failed_rounds=self._failures)
            self._failures, self._told = 0, ""
        self._stamp()
        return worked

    async def _back_off(self, error: GuardianError) -> None:
        self._failures += 1
        self._errors.inc()
        text = redact(str(error))
        if text != self._told:
            # Each new reason once: an outage of an hour is not ten thousand lines.
            self._log.error("degraded: will try again", reason=text, kind=type(error).__name__)
            self._told = text
        self._stamp(f"blocked: {text}")
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures - 1, 10))
        await self._wake.wait(random.uniform(longest / 2, longest))  # noqa: S311 - jitter, not a secret
