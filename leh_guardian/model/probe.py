"""Owns when a probe says that the service is down; the one rule: so many failures in a row, and so many successes to be up again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from leh_guardian.language import NOTHING, Locale, Text
from leh_guardian.model import probe_wording
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Plan, Severity

RULE: Final = "guardian.probe"
"""The rule id of incidents that probes open; no operator's rule can have a dot in its id."""
SOURCE: Final = "leh.probe"
DETAIL_TYPE: Final = "Probe Failed"


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe, as far as what it leads to is concerned."""

    name: str
    every: float
    """Seconds."""
    failures: int
    """In a row, to be down."""
    successes: int
    """In a row, to be up again."""
    severity: Severity
    policy: str
    level: int | None
    """At which the escalation begins; None: the policy's."""
    covers: tuple[str, ...]
    """Rules whose open incident says the same."""
    longest: float
    """Seconds that one look may take."""


@dataclass(frozen=True, slots=True)
class StepLook:
    """What one step of a look came to."""

    step: str
    """Its name in the settings; empty where it has none."""
    ok: bool
    expected: Text = NOTHING
    """What was expected and not seen; empty where all was."""
    seen: Text = NOTHING
    """What was seen, redacted."""
    answered: bool = True
    """Whether anything answered at all: what did not may be the fault of our own network."""
    seconds: float = 0.0

    @property
    def named(self) -> Text:
        """What people call the step."""
        return probe_wording.step(self.step)

    @property
    def compared(self) -> Text:
        """What was expected, and what was seen."""
        return probe_wording.compared(self.expected, self.seen)


@dataclass(frozen=True, slots=True)
class Track:
    """What is known of a probe."""

    name: str
    next_at: datetime
    looked_at: datetime | None = None
    down: bool = False
    failures: int = 0
    successes: int = 0
    failing_since: datetime | None = None
    step: str = ""
    """Where it failed, in the installation's language."""
    seen: str = ""
    """What was expected and seen, likewise."""

    def after(self, probe: Probe, failed: StepLook | None, now: datetime, locale: Locale) -> Track:
        """Return what is known after one more look, which `failed` at a step or did not; `locale` is what is kept."""
        if failed is None:
            successes = self.successes + 1
            down = self.down and successes < probe.successes
            since = self.failing_since if down else None
            return replace(self, looked_at=now, down=down, failures=0, successes=successes, failing_since=since)
        failures = self.failures + 1
        return replace(
            self,
            looked_at=now,
            down=self.down or failures >= probe.failures,
            failures=failures,
            successes=0,
            failing_since=self.failing_since or now,
            step=failed.named.of(locale),
            seen=failed.compared.of(locale),
        )

    def report(self) -> dict[str, Any]:
        """Return what `/status` says of it."""
        failed = {"step": self.step, "seen": self.seen} if self.failures else {}
        return {
            "down": self.down,
            "failures": self.failures,
            "failing_since": self.failing_since,
            "looked_at": self.looked_at,
            **failed,
        }


def failed_in(looks: Sequence[StepLook]) -> StepLook | None:
    """Return the step that a look failed at, None where all went well."""
    return next((look for look in looks if not look.ok), None)


def down(probe: Probe, now: datetime) -> Incident:
    """Return the incident about a probe that says that the service is down, nobody called yet."""
    incident_id = uuid.uuid4()
    return Incident(
        id=incident_id,
        rule_id=RULE,
        rule_revision="",
        dedup_key=probe.name,
        status=IncidentStatus.TRIGGERED,
        severity=probe.severity,
        level=0,
        plan=Plan(
            Mode.ACT,
            (),
            None,
            OnFailure.ESCALATE,
            probe.policy,
            {},
            resolves_on_event=False,
            level=probe.level,
        ),
        event_id=f"guardian:{incident_id}",
        serialize_key=f"{RULE}/{probe.name}",
        opened_at=now,
        last_trigger_at=now,
        ok_at=None,
        event_count=1,
        run=1,
    )
