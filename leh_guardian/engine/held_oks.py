"""Owns what becomes of an OK that has been held long enough; the one rule: it closes nothing that is not over.

Never while an action of the incident is running, and for an alarm on a queue's depth only after the queue was seen to be empty:
messages in flight make a false OK.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.closing import busy, close
from leh_guardian.engine.progression import Progression, Run
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.plan import Step
from leh_guardian.store import incidents
from leh_guardian.store.transaction import Transaction

CONFIRM_HANDLER = "queue_drained"


async def hold_is_over(tx: Transaction, changes: Changes, progression: Progression, incident: Incident) -> None:
    """Close the incident, or plan the last look that must come before."""
    if incident.status is IncidentStatus.RESOLVED or incident.ok_at is None:
        return
    if await busy(tx, changes, incident):
        return
    changes.incidents[incident.id] = incident
    event = await incidents.run_event(tx, incident.id)
    look = _last_look(event.envelope, changes.now)
    if look is None:
        await close(tx, changes, progression, incident, "its OK was held long enough")
    else:
        progression.confirm(changes, Run(incident, event, {}), look)


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
