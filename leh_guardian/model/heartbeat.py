"""Owns what a heartbeat from outside is, and when silence is trouble; the one rule: what guardian itself missed is nobody's silence.

A heartbeat is an event {source: leh.heartbeat, detail-type: Heartbeat, detail: {name}} in the alert queue, or a request; what must be
heard of is in `oncall.yaml` (model/oncall/terms.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.mode import Mode
from leh_guardian.model.oncall.terms import Heartbeat
from leh_guardian.model.plan import OnFailure, Plan

SOURCE: Final = "leh.heartbeat"
DETAIL_TYPE: Final = "Heartbeat"
RULE: Final = "guardian.heartbeat"
"""The rule id of incidents about silence; no operator's rule can have a dot in its id."""
STANDSTILL: Final = timedelta(minutes=2)
"""From when on guardian not having looked counts as a standstill, in which beats may have been lost."""
_CATCH_UP: Final = timedelta(hours=1)
"""How long after a standstill something slower than that may keep silent, if its time was over before."""
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of one of them."""

    name: str
    since: datetime
    """When it was first expected."""
    seen_at: datetime | None
    looked_at: datetime
    back_at: datetime | None = None
    """When guardian was last back after a standstill."""

    @property
    def heard_at(self) -> datetime:
        """From when on its silence counts."""
        return max(self.since, self.seen_at or self.since)

    def silent_at(self, entry: Heartbeat) -> datetime:
        """Return from when on its silence is trouble."""
        grace, every = timedelta(seconds=entry.grace), timedelta(seconds=entry.every)
        ends = self.heard_at + every + grace
        return ends if self.back_at is None else max(ends, self.back_at + min(every, _CATCH_UP) + grace)


def beat_of(envelope: Mapping[str, Any]) -> str | None:
    """Return whose heartbeat an event is, None for any other event."""
    if envelope["source"] != SOURCE or envelope["detail-type"] != DETAIL_TYPE:
        return None
    name = envelope["detail"].get("name")
    return name if isinstance(name, str) and 0 < len(name) <= _LONGEST else None


def missed(entry: Heartbeat, now: datetime) -> Incident:
    """Return the incident about a silence, nobody called yet."""
    incident_id = uuid.uuid4()
    return Incident(
        id=incident_id,
        rule_id=RULE,
        rule_revision="",
        dedup_key=entry.name,
        status=IncidentStatus.TRIGGERED,
        severity=entry.severity,
        level=0,
        plan=Plan(
            Mode.ACT,
            (),
            None,
            OnFailure.ESCALATE,
            entry.policy,
            {},
            resolves_on_event=False,
            level=entry.start_level,
        ),
        event_id=f"guardian:{incident_id}",
        serialize_key=f"{RULE}/{entry.name}",
        opened_at=now,
        last_trigger_at=now,
        ok_at=None,
        event_count=1,
        run=1,
    )
