"""Owns durable timers' firing (T5); the one rule: a timer is taken and applied in one transaction.

An OK that has been held long enough closes its incident, but never while an action of it is running, and for an alarm on
a queue's depth only after the queue was seen to be empty: messages in flight make a false OK.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import anyio

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.closing import busy, close
from leh_guardian.engine.progression import Progression, Run
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.plan import Step
from leh_guardian.store import incidents, timers
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.failpoints import failpoint

CONFIRM_HANDLER = "queue_drained"
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
            incident_id, _ = due
            await self._hold_is_over(tx, changes, incident_id)
            await changes.write(tx, self._replica)
            failpoint("timers.before_commit")
        failpoint("timers.fired")
        return True

    async def _hold_is_over(self, tx: Transaction, changes: Changes, incident_id: Any) -> None:
        incident = await incidents.lock(tx, incident_id)
        if incident is None or incident.status is IncidentStatus.RESOLVED or incident.ok_at is None:
            return
        if await busy(tx, changes, incident):
            return
        changes.incidents[incident.id] = incident
        event = await incidents.run_event(tx, incident.id)
        look = _last_look(event.envelope, changes.now)
        if look is None:
            await close(tx, changes, self._progression, incident, "its OK was held long enough")
        else:
            self._progression.confirm(changes, Run(incident, event, {}), look)


def _last_look(envelope: Mapping[str, Any], now: datetime) -> Step | None:
    """Return the step that looks at the queue of a queue-depth alarm, or None for every other event."""
    queue = _alarmed_queue(envelope)
    if queue is None:
        return None
    name, threshold = queue
    return Step(
        # Each look is an action of its own: the one before may have ended while the remedy was still running.
        id=f"resolved-{int(now.timestamp() * 1000)}",
        uses=CONFIRM_HANDLER,
        params={"queue": name, "at_most": max(0, math.ceil(threshold) - 1)},
        condition=None,
        timeout=30.0,
        attempts=5,
        backoff=5.0,
    )


def _alarmed_queue(envelope: Mapping[str, Any]) -> tuple[str, float] | None:
    detail = envelope.get("detail", {})
    configuration = detail.get("configuration") if isinstance(detail, dict) else None
    metrics = configuration.get("metrics") if isinstance(configuration, dict) else None
    for metric in metrics if isinstance(metrics, list) else ():
        match metric:
            case {
                "metricStat": {
                    "metric": {
                        "namespace": "AWS/SQS",
                        "name": "ApproximateNumberOfMessagesVisible",
                        "dimensions": {"QueueName": str(name)},
                    }
                }
            }:
                return name, _threshold(detail)
            case _:
                continue
    return None


def _threshold(detail: Mapping[str, Any]) -> float:
    """Return the alarm's threshold from the state's reason data (JSON in a string), or 0."""
    state = detail.get("state")
    try:
        value = json.loads(state["reasonData"])["threshold"]  # type: ignore[index]
        return float(value) if math.isfinite(value) else 0.0
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return 0.0
