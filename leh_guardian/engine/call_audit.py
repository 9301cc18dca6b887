"""Owns the audit of calls: nobody is forgotten while an incident is open; the one rule: what is lost is put right and shouted about.

Every minute each replica looks for open incidents that nothing goes on with (no timer, no message in flight), and for timers and
messages that are long due. The first is mended at once, under the incident's lock. The second cannot be mended from here: the loop
that should do it is stuck or cannot keep up. Either keeps the heartbeat to the outside back (engine/heartbeat.py), so that a
defect in this very program ends in an alarm of somebody else's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.model.journal import Kind
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import call_audit, incidents
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.metrics import Metrics

EVERY: Final = 60.0
"""Seconds between two audits."""
FRESH: Final = 3 * EVERY
"""Seconds after which an audit proves nothing any more."""
LATE: Final = timedelta(minutes=2)
"""How long something may be due before it counts as stuck."""
_MOST: Final = 500
"""Incidents mended in one audit; the next one goes on."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit found."""

    taken_at: datetime
    repaired: Mapping[str, int] = field(default_factory=dict)
    """{kind of timer: incidents that lacked it}, all of them mended by this replica."""
    late_timers: int = 0
    lateness: float = 0.0
    """Seconds for which the oldest of them has been due."""
    late_messages: int = 0
    unsent: float = 0.0
    """Seconds for which the oldest of them has been due."""

    @property
    def lost(self) -> str | None:
        """What was lost, and put right; None where nothing was."""
        if not self.repaired:
            return None
        kinds = ", ".join(f"{number} without {kind}" for kind, number in sorted(self.repaired.items()))
        return f"open incidents that nothing went on with ({kinds}): their timers are set anew"

    @property
    def stuck(self) -> str | None:
        """What is due and does not happen, None where all does."""
        timers = f"{self.late_timers} timers due for up to {self.lateness:.0f} s" if self.late_timers else ""
        messages = f"{self.late_messages} messages due for up to {self.unsent:.0f} s" if self.late_messages else ""
        return ", ".join(filter(None, (timers, messages))) or None


class CallAudit:
    """Looks every minute whether everybody who is to be called will be."""

    def __init__(
        self, pool: Pool, clock: Clock, metrics: Metrics, *, replica: str, planned: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._metrics = metrics
        self._replica = replica
        self._planned = planned
        self._log = structlog.get_logger("call_audit")
        self._last: Audited | None = None

    def lost(self) -> str | None:
        """Return what the last audit found lost."""
        return self._last.lost if self._last else None

    def stuck(self) -> str | None:
        """Return what the last audit found long due."""
        return self._last.stuck if self._last else None

    def why_not(self) -> str | None:
        """Return why it is not proved that everybody who is to be called will be, None if it is."""
        if self._last is None:
            return "no audit of calls yet"
        age = (self._clock.now() - self._last.taken_at).total_seconds()
        return f"the last audit of calls was {age:.0f} s ago" if age > FRESH else self._last.lost or self._last.stuck

    def report(self) -> dict[str, Any]:
        """Return what `/status` says."""
        last = self._last
        return {
            "ok": self.why_not() is None,
            "why_not": self.why_not(),
            "taken_at": last.taken_at if last else None,
            "repaired": dict(last.repaired) if last else {},
            "escalation_lateness_seconds": round(last.lateness, 1) if last else None,
            "oldest_unsent_seconds": round(last.unsent, 1) if last else None,
        }

    async def run_once(self) -> int:
        """Audit once; returns 0, whatever was found."""
        now = self._clock.now()
        async with transaction(self._pool) as tx:
            suspects = await call_audit.unattended(tx, now, now - LATE, _MOST)
            overdue = await call_audit.overdue(tx, now - LATE)
        repaired = Counter([kind.value for suspect in suspects if (kind := await self._repair(*suspect)) is not None])
        self._last = Audited(
            now,
            dict(repaired),
            overdue.timers,
            _age(now, overdue.oldest_timer),
            overdue.messages,
            _age(now, overdue.oldest_message),
        )
        self._tell(self._last)
        return 0

    async def _repair(self, incident_id: UUID, lacks: TimerKind) -> TimerKind | None:
        """Set the timer that an incident lacks to now; None where it has one after all, or has moved on."""
        changes = Changes(self._clock.now())
        async with transaction(self._pool) as tx:
            incident = await incidents.lock(tx, incident_id)
            # Somebody may have answered since, or another replica mended it: asked again under the lock.
            still = await call_audit.unattended(tx, changes.now, changes.now - LATE, 1, [incident_id])
            if incident is None or still != [(incident_id, lacks)]:
                return None
            changes.set_timer(incident, lacks, changes.now)
            reason = f"it was {incident.status.value}, and nothing would have gone on with it"
            changes.note(Kind.AUDIT_REPAIRED, reason, incident=incident, data={"timer": lacks.value})
            await changes.write(tx, self._replica)
        self._metrics.audit_repairs.labels(lacks.value).inc()
        self._log.error("an incident that nothing went on with: its timer is set anew", incident=str(incident_id))
        return lacks

    def _tell(self, audited: Audited) -> None:
        self._metrics.escalation_lateness.set(audited.lateness)
        self._metrics.oldest_unsent.set(audited.unsent)
        if audited.repaired:
            self._planned()
        if audited.stuck:
            self._log.error("what is due does not happen", found=audited.stuck)


def _age(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else (now - since).total_seconds()
