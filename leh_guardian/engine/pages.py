"""Owns the planning of messages to people; the one rule: an id is made from the decision, so a decision made twice is one message.

A message is an action like any other (role `tell`): lease, fence, retries and record are those of the executor. Its text is frozen
with it, in the language of whom it is for; what has happened since is added when it goes out (engine/outgoing.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.directory import Directory
from leh_guardian.language import Text
from leh_guardian.model.action import ActionStatus, ClaimedAction, NewAction, Role
from leh_guardian.model.identity import action_key, key
from leh_guardian.model.incident import Incident
from leh_guardian.model.mode import Mode
from leh_guardian.telemetry.failpoints import failpoint

HANDLER: Final = "page"
CONSOLE: Final = "console"
"""The channel that is always there."""
_TRIES: Final = 3
"""Attempts of a message that has another channel to go by."""
_TIMEOUT: Final = 30.0
_BESIDE: Final = 20.0
"""Seconds of an attempt beside the sending: the store is asked before and after."""
_LAST_TRIES: Final = 20
"""Attempts of one that has not: hours."""
_BACKOFF: Final = 5.0
"""Seconds before the second attempt; the others come later and later."""


def page(
    changes: Changes,
    incident: Incident,
    directory: Directory,
    decision: str,
    *,
    target: str,
    channel: str,
    kind: str,
    text: Text,
    due_at: datetime | None = None,
    more: Mapping[str, Any] | None = None,
) -> UUID:
    """Plan one message; `decision` names why, within the incident. Returns its id."""
    action_id = action_key(incident.event_id, incident.rule_id, f"page-{decision}-{target}-{channel}")
    escalation = incident.escalation
    params = {
        "target": target,
        "channel": channel,
        "kind": kind,
        "text": text.of(directory.locale(target)),
        "epoch": escalation.epoch if escalation else 0,
        "seq": escalation.seq if escalation else 0,
        "level": incident.level,
        "failover": [name for name in directory.failover(channel) if name != channel],
        "confirm": directory.oncall.delivery.confirm_within.get(channel),
        **(more or {}),
    }
    changes.planned.append(_action(incident.id, action_id, params, due_at or changes.now, directory))
    return action_id


def elsewhere(changes: Changes, incident: Incident, directory: Directory, untold: ClaimedAction) -> str | None:
    """Plan a message again by the next channel, the console at last; returns its name, None where none is left."""
    params = untold.params
    left: Sequence[str] = params.get("failover") or ()
    channel = left[0] if left else CONSOLE
    if channel == params.get("channel"):
        return None
    again = {
        **params,
        "channel": channel,
        "failover": list(left[1:]),
        "confirm": directory.oncall.delivery.confirm_within.get(channel),
        "instead_of": params.get("channel"),
    }
    action_id = key(f"{channel}/{untold.id}")
    changes.planned.append(_action(incident.id, action_id, again, changes.now, directory))
    failpoint("calling.elsewhere")
    return channel


def _action(
    incident_id: UUID, action_id: UUID, params: Mapping[str, Any], due_at: datetime, directory: Directory
) -> NewAction:
    delivery = directory.oncall.delivery
    tries = _TRIES if delivery.retry is None else 1 + delivery.retry.most
    return NewAction(
        id=action_id,
        incident_id=incident_id,
        role=Role.TELL,
        step_id="tell",
        step_index=0,
        handler=HANDLER,
        params=params,
        mode=Mode.ACT,
        changes=False,
        retryable=True,
        status=ActionStatus.SCHEDULED,
        due_at=due_at,
        serialize_key=None,
        timeout=max(_TIMEOUT, delivery.send_timeout + _BESIDE),
        attempts=tries if params.get("failover") else max(tries, _LAST_TRIES),
        backoff=_BACKOFF,
    )
