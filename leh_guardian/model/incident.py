"""Owns the Incident and its life: triggered → acknowledged → resolved; the one rule: one open per (rule, dedup key)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from leh_guardian.model.escalation import Escalation
from leh_guardian.model.incident_status import IncidentStatus
from leh_guardian.model.plan import Plan, Severity

__all__ = ["Incident", "IncidentStatus"]


@dataclass(frozen=True, slots=True)
class Incident:
    """A condition that a rule has matched and that is not over, or was."""

    id: UUID
    rule_id: str
    rule_revision: str
    dedup_key: str
    status: IncidentStatus
    severity: Severity
    level: int
    """The escalation level reached; 0 while nobody has been told."""
    plan: Plan
    event_id: str
    """The event that started the present run."""
    serialize_key: str
    """Actions with the same one run one after the other."""
    opened_at: datetime
    last_trigger_at: datetime
    """When the newest triggering event happened at its source."""
    ok_at: datetime | None
    """When the OK that is being held against flapping happened at its source, if one is."""
    event_count: int
    run: int
    """How often its plan was started: trouble that comes back while its OK is held starts another run."""
    number: int = field(default=0, compare=False)
    """What people call it, INC-1042; 0 until it is stored."""
    ended_at: datetime | None = None
    """When it was resolved, if it is."""
    escalation: Escalation | None = None
    """Whom it calls; None while nobody is to be called (a rule that only observes)."""
