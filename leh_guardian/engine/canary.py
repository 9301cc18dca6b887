"""Owns this replica's canaries: it sends them and sees them through; the one rule: only a nonce of its own proves anything.

A canary goes through the real alert queue, is received by any replica, matched, planned, run, settled and journalled. Its nonce
is in the message and in this process's memory, so a canary that somebody else sent proves nothing to anybody.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

import structlog

from leh_guardian.clock import Clock
from leh_guardian.context import ActionContext
from leh_guardian.errors import AccessDenied, NoCredentials
from leh_guardian.model.canary import CANARY, envelope
from leh_guardian.model.outcome import Done, Outcome
from leh_guardian.model.text import dump_json
from leh_guardian.ports import AlertQueue
from leh_guardian.registry import Effect, HandlerSpec, Params
from leh_guardian.store import canaries
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

FRESH: Final = 2.5
"""Periods after which a canary proves nothing any more."""


class CanaryParams(Params):
    """None."""


async def _complete(_: ActionContext, __: CanaryParams) -> Outcome:
    return Done("it came through")


CANARY_HANDLER: Final = HandlerSpec(
    name=CANARY,
    params=CanaryParams,
    run=_complete,
    summary="Do nothing.",
    effect=Effect.READS,
    via=None,
    # So that no mode and no kill switch hinders it: it changes nothing.
    changes=False,
    residual="",
    permissions=(),
    timeout="30s",
)
"""The executor knows it, rule files do not."""


class Canary:
    """Sends a canary every period, and looks whether it came through."""

    def __init__(
        self,
        queue: AlertQueue,
        pool: Pool,
        clock: Clock,
        monotonic: Callable[[], float],
        *,
        replica: str,
        region: str,
        every: float,
    ) -> None:
        self._queue = queue
        self._pool = pool
        self._clock = clock
        self._now = monotonic
        self._replica = replica
        self._region = region
        self._every = every
        self._log = structlog.get_logger("canary")
        self._sent: dict[str, float] = {}
        """{nonce: when it was sent} of those that have not come through, as long as they would prove something."""
        self._last_sent = float("-inf")
        self._completed: float | None = None
        self._began = monotonic()

    @property
    def bound(self) -> float:
        """Seconds for which a canary that came through proves that the path works."""
        return self._every * FRESH

    def age(self) -> float:
        """Return seconds since the newest canary that came through was sent; since the start, while there is none."""
        return self._now() - (self._began if self._completed is None else self._completed)

    def why_not(self) -> str | None:
        """Return why the path is not proved to work, None if it is."""
        if self._completed is None:
            return "no canary has come through yet"
        if (age := self.age()) > self.bound:
            return f"the newest canary that came through was sent {age:.0f} s ago"
        return None

    def overdue(self) -> str | None:
        """Return what to tell people: nothing has come through for too long, the time since the start included."""
        return self.why_not() if self.age() > self.bound else None

    async def run_once(self) -> int:
        """See which canaries came through; send another when a period is over.

        Raises:
            GuardianError: the store or the queue is away, or this role may not send.
        """
        due = self._now() - self._last_sent >= self._every
        self._sent = {nonce: sent for nonce, sent in self._sent.items() if self._now() - sent <= self.bound}
        if due or self._sent:
            # Before each one that is sent, too: while the store is away, canaries would pile up among the alerts.
            await self._look()
        if due:
            await self._send()
        return 0

    async def _look(self) -> None:
        async with transaction(self._pool) as tx:
            done = await canaries.completed(tx, self._sent)
        for nonce in done:
            sent = self._sent.pop(nonce)
            if self._completed is None:
                self._log.info("the first canary came through")
            self._completed = max(sent, self._completed or sent)

    async def _send(self) -> None:
        nonce, now = secrets.token_hex(16), self._now()
        body = dump_json(envelope(nonce, self._replica, self._region, self._clock.now()))
        # Remembered before it is sent: a lost answer does not mean that it was not sent.
        self._sent[nonce] = now
        try:
            await self._queue.send(body)
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow sqs:SendMessage on it, or leave out `heartbeat`") from error
        self._last_sent = now
