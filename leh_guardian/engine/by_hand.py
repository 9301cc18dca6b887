"""Owns what people start by command; the one rule: it goes the way of every action: planned, leased, journalled, held by switches.

The command plans; a replica of the daemon runs. So it survives the terminal it was typed in, and goes on after a crash.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.escalator import at_console
from leh_guardian.engine.progression import Progression, Run
from leh_guardian.fields import parse_duration
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Plan, Severity, Step
from leh_guardian.registry import Registry
from leh_guardian.store import incidents
from leh_guardian.store.incidents import RunEvent
from leh_guardian.store.transaction import Transaction

RULE = "guardian.by_hand"
"""Stands for a rule in incidents that a person has opened by starting something; no rule file can use such a name."""
_BACKOFF = 60.0
_GRACE = 43_200.0
"""Seconds for which nobody is called while it is at work: who started it knows of it."""
_ATTEMPTS = 3


async def start(
    tx: Transaction,
    registry: Registry,
    handler: str,
    params: Mapping[str, Any],
    *,
    about: str,
    limits: Mapping[str, int],
    now: datetime,
    who: str,
    reason: str,
    then: Sequence[tuple[str, Mapping[str, Any]]] = (),
    over_budget: bool = False,
) -> tuple[UUID, bool]:
    """Open an incident with one action; returns its id, and False where one about the same is open already.

    `then` are (handler, parameters) that follow, one after the other. `over_budget`: also where a budget of its target is spent.
    """
    key = (RULE, f"{handler} {about}")
    await incidents.lock_rules(tx, [RULE])
    if already := (await incidents.lock_open(tx, [key])).get(key):
        return already.id, False
    asked, all_ = uuid.uuid4(), [(handler, params), *then]
    steps = [
        Step(name, name, given, None, parse_duration(registry[name].timeout).total_seconds(), _ATTEMPTS, _BACKOFF)
        for name, given in all_
    ]
    bounds = {name: most for step, _ in all_ for name, most in registry[step].limits.items()}
    incident = Incident(
        id=uuid.uuid4(),
        rule_id=RULE,
        rule_revision="",
        dedup_key=key[1],
        status=IncidentStatus.TRIGGERED,
        severity=Severity.SEV4,
        level=0,
        plan=Plan(
            # Whoever starts it has given a word; what declares that people approve it waits for another one, as in a rule.
            Mode.PROPOSE if any(registry[step].approval for step, _ in all_) else Mode.ACT,
            tuple(steps),
            None,
            OnFailure.ESCALATE,
            "default",
            {**bounds, **limits},
            resolves_on_event=False,
            grace=_GRACE,
            over_budget=over_budget,
        ),
        event_id=f"by-hand-{asked}",
        serialize_key=f"{RULE}/{key[1]}",
        opened_at=now,
        last_trigger_at=now,
        ok_at=None,
        event_count=1,
        run=1,
    )
    event = RunEvent(
        incident.event_id,
        {
            "id": incident.event_id,
            "source": "leh.guardian",
            "detail-type": "Started By Hand",
            "time": now.isoformat(),
            "detail": {"by": who, "reason": reason, "handler": handler, "about": about},
        },
    )
    changes = Changes(now)
    changes.incidents[incident.id] = incident
    changes.opened[incident.id] = event
    data = {"by": who, "handler": handler, **({"over_budget": True} if over_budget else {})}
    changes.note(Kind.OPENED, reason or f"started by {who}", incident=incident, data=data)
    progression = Progression(registry, at_console())
    progression.go_on(changes, Run(incident, event, {}), 0, now)
    progression.await_remedy(changes, incident, now)
    await changes.write(tx, who)
    return incident.id, True
