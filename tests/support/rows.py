"""Incidents and actions with nothing special about them, to be stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.action import ActionStatus, NewAction, Role
from leh_guardian.model.expectation import Expectation
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Plan, Severity, Step
from leh_guardian.model.provider.outage import Outage, Phase
from leh_guardian.ports import KeptLetter, ReceivedMessage
from leh_guardian.store.incidents import RunEvent

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
EVENT = RunEvent("event-1", {"id": "event-1", "detail": {"alarmName": "alarm", "file": "증거 \x00 \ud83d.pdf"}})

EXPECTED = Expectation(
    "rule",
    "key-1",
    mark="sequencer 1",
    event_id=EVENT.id,
    envelope=EVENT.envelope,
    happened_at=NOW,
    heard_at=NOW,
    due_at=NOW,
)

PLAN = Plan(
    mode=Mode.ACT,
    steps=(Step("fix", "fix", {"what": "${event.id}"}, None, 30.0, 3, 1.0),),
    verify=None,
    on_failure=OnFailure.ESCALATE,
    escalate="default",
    limits={"things": 10},
    resolves_on_event=True,
)


def letter(number: int = 1, **changed: Any) -> KeptLetter:
    """The letter of this number, to be kept."""
    message = ReceivedMessage(
        f"m-{number}", "receipt", b'{"evidence_id": "ev_1"}\x00', 4, {"kind": {"DataType": "String"}}
    )
    values: dict[str, Any] = {
        "message": message,
        "fingerprint": UUID(int=100 + number),
        "reason": "died again",
        "error": "KeyError",
        "evidence": ("ev_1",),
        "cases": ("case_1",),
        "redrives": 3,
    }
    return KeptLetter(**(values | changed))


def incident(number: int = 1, **changed: Any) -> Incident:
    """The incident of this number, whose id sorts as the number does."""
    values: dict[str, Any] = {
        "id": UUID(int=number),
        "rule_id": "rule",
        "rule_revision": "revision",
        "dedup_key": f"key-{number}",
        "status": IncidentStatus.TRIGGERED,
        "severity": Severity.SEV2,
        "level": 0,
        "plan": PLAN,
        "event_id": EVENT.id,
        "serialize_key": f"key-{number}",
        "opened_at": NOW,
        "last_trigger_at": NOW,
        "ok_at": None,
        "event_count": 1,
        "run": 1,
    }
    return Incident(**(values | changed))


def action(number: int = 1, of: int = 1, **changed: Any) -> NewAction:
    """The action of this number, a step of the incident `of`; it is due."""
    values: dict[str, Any] = {
        "id": UUID(int=1000 + number),
        "incident_id": UUID(int=of),
        "role": Role.STEP,
        "step_id": f"step-{number}",
        "step_index": number,
        "handler": "fix",
        "params": {"what": "it"},
        "mode": Mode.ACT,
        "changes": True,
        "retryable": True,
        "status": ActionStatus.SCHEDULED,
        "due_at": NOW,
        "serialize_key": None,
        "timeout": 30.0,
        "attempts": 3,
        "backoff": 1.0,
    }
    return NewAction(**(values | changed))


def outage(provider: str = "openai", version: int = 1, **changed: Any) -> Outage:
    """An open outage, in its first version."""
    values: dict[str, Any] = {
        "provider": provider,
        "id": UUID(int=1),
        "phase": Phase.OPEN,
        "owner": UUID(int=1001),
        "began_at": NOW,
        "looked_at": NOW,
        "hold_until": NOW,
        "facts": {"state": "outage_suspected", "reason": "\x00 \ud83d"},
        "told": {"team/start": 0},
        "version": version,
    }
    return Outage(**(values | changed))
