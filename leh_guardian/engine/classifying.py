"""Owns how bad an event is taken to be; the one rule: of what its rule says and what `classify` says the worst counts.

Whatever is decided here by itself only raises: lowering is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leh_guardian.model.oncall import OnCall
from leh_guardian.model.plan import Plan, Severity


@dataclass(frozen=True, slots=True)
class Weight:
    """How bad something is."""

    severity: Severity
    level: int
    """The level at which its calls begin."""
    policy: str
    kind: str = ""
    """A word such as data_leak."""
    because: tuple[str, ...] = ()
    """The rules of `classify` that say so."""

    def worse_than(self, other: Weight) -> bool:
        """Tell whether this is worse: a graver severity, or a higher level."""
        return self.severity.value < other.severity.value or self.level > other.level

    def applied(self, plan: Plan) -> Plan:
        """Return a plan that calls people accordingly."""
        return replace(plan, escalate=self.policy, level=self.level, kind=self.kind)


def weigh(oncall: OnCall, severity: Severity, plan: Plan, envelope: Mapping[str, Any]) -> Weight:
    """Return how bad an event is whose rule says `severity` and `plan`."""
    own = Weight(severity, max(plan.level or 0, _start(oncall, plan.escalate)), plan.escalate, plan.kind)
    found = oncall.classification.of(envelope)
    if found is None:
        return own
    policy = found.of.policy or plan.escalate
    said = Weight(
        found.of.severity or severity,
        max(found.of.start_level or 0, _start(oncall, policy)),
        policy,
        found.of.kind or plan.kind,
        found.rules,
    )
    heavier = said if said.worse_than(own) or not own.worse_than(said) else own
    return replace(
        heavier,
        severity=min(own.severity, said.severity, key=lambda one: one.value),
        level=max(own.level, said.level),
        kind=said.kind,
        because=said.because,
    )


def _start(oncall: OnCall, policy: str) -> int:
    return oncall.policies[policy].start_level if policy in oncall.policies else 1
