"""Owns the snapshot that health answers come from; the one rule: a probe costs no call, so it can neither hang nor do harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import anyio

from leh_guardian.clock import Clock
from leh_guardian.errors import GuardianError
from leh_guardian.model.text import told
from leh_guardian.ports import AlertQueue, Pingable
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.metrics import Metrics

_PING_DEADLINE = 5.0
STALE = 45.0
"""Seconds after which a snapshot proves nothing."""


@dataclass(frozen=True, slots=True)
class Client:
    """Something outside, and whether guardian can act without it."""

    name: str
    pingable: Pingable
    required: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was seen at the last look around."""

    taken_at: datetime
    clients: Mapping[str, str | None] = field(default_factory=dict)
    """{name: None when it answered, else why not}."""
    failing: Mapping[str, str] = field(default_factory=dict)
    """The required ones among them that did not answer."""
    queue: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)


class Auditor:
    """Looks around every few seconds."""

    def __init__(
        self,
        pool: Pool,
        queue: AlertQueue,
        clients: tuple[Client, ...],
        oldest: Callable[[], float],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._pool = pool
        self._queue = queue
        self._clients = clients
        self._oldest = oldest
        self._clock = clock
        self._metrics = metrics
        waiting = {client.name: "not looked at yet" for client in clients}
        self.snapshot = Snapshot(clock.now(), dict(waiting), dict(waiting))

    async def run_once(self) -> int:
        """Ping every client, count what is open, and publish the snapshot. An absent client is a finding, no error."""
        answers: dict[str, str | None] = {}
        async with anyio.create_task_group() as tasks:
            for client in self._clients:
                tasks.start_soon(self._ping, client, answers)
        queue = await self._depth() if answers.get("alert_queue") is None else {}
        counts = await self._counts() if answers.get("postgresql") is None else {}
        self.snapshot = Snapshot(
            self._clock.now(),
            {client.name: answers[client.name] for client in self._clients},
            {c.name: reason for c in self._clients if c.required and (reason := answers[c.name]) is not None},
            queue or self.snapshot.queue,
            counts or self.snapshot.counts,
        )
        self._measure()
        return 0

    async def _ping(self, client: Client, answers: dict[str, str | None]) -> None:
        answers[client.name] = f"no answer within {_PING_DEADLINE:g} s"
        with anyio.move_on_after(_PING_DEADLINE):
            try:
                await client.pingable.ping()
                answers[client.name] = None
            except GuardianError as error:
                answers[client.name] = told(error, 500)

    async def _depth(self) -> dict[str, float]:
        with anyio.move_on_after(_PING_DEADLINE):
            try:
                depth = await self._queue.depth()
            except GuardianError:
                return {}
            return {"visible": depth.visible, "in_flight": depth.in_flight, "oldest_seconds": round(self._oldest(), 1)}
        return {}

    async def _counts(self) -> dict[str, Any]:
        try:
            async with transaction(self._pool, deadline=_PING_DEADLINE) as tx:
                return await overview.counts(tx, self._clock.now())
        except GuardianError:
            return {}

    def _measure(self) -> None:
        m, snapshot = self._metrics, self.snapshot
        for name, reason in snapshot.clients.items():
            m.client_ok.labels(name).set(reason is None)
        for state, messages in snapshot.queue.items():
            if state != "oldest_seconds":
                m.queue.labels(state).set(messages)
        if snapshot.counts:
            m.open_incidents.set(snapshot.counts["incidents"]["open"])
            m.untold.set(snapshot.counts["messages"]["untold"])
            m.timers_overdue.set(snapshot.counts["timers"]["overdue"])
            m.open_actions.clear()
            for status, number in snapshot.counts["actions"]["by_status"].items():
                m.open_actions.labels(status).set(number)
