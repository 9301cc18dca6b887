"""Owns the Plan: what a rule does about an incident, frozen into it when it opens; the one rule: a reload never changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from leh_guardian.model.mode import Mode
from leh_guardian.model.plain import plain


class OnFailure(StrEnum):
    """What follows when a step has failed for good."""

    ESCALATE = "escalate"
    CONTINUE = "continue"
    STOP = "stop"


class Severity(StrEnum):
    """How bad it is: sev1 is the service down, sev5 a note."""

    SEV1 = "sev1"
    SEV2 = "sev2"
    SEV3 = "sev3"
    SEV4 = "sev4"
    SEV5 = "sev5"


@dataclass(frozen=True, slots=True)
class Step:
    """One planned use of a handler."""

    id: str
    uses: str
    """The handler's name."""
    params: Mapping[str, Any]
    """As the rule writes them, references unresolved."""
    condition: Mapping[str, Any] | None
    """An event pattern over {step id: facts} of earlier steps, or None for always."""
    timeout: float
    """Seconds one attempt may take."""
    attempts: int
    """Attempts that may fail before the step has failed."""
    backoff: float
    """Seconds before the second attempt; doubled for each one after."""


@dataclass(frozen=True, slots=True)
class Verify:
    """The proof that the remedy helped."""

    step: Step
    within: float | None
    """Seconds it may take to come true; None asks the handler ("auto")."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule's answer to an incident, with everything that an open incident needs of its rule."""

    mode: Mode
    steps: tuple[Step, ...]
    verify: Verify | None
    on_failure: OnFailure
    escalate: str
    """The escalation policy's name."""
    limits: Mapping[str, int]
    """Blast radius per run, by the names that handlers declare."""
    resolves_on_event: bool
    """Whether an event may close the incident (`resolve_on`)."""
    kind: str = ""
    """A word for what it is, such as data_leak, which inhibition and maintenance can ask for."""
    level: int | None = None
    """The level at which the escalation begins; None: the policy's."""
    grace: float | None = None
    """Seconds that a remedy which is really running may take before Lv1 is called; None: the policy's."""
    approvals: int = 1
    """How many different people must approve each of its actions, where its mode asks."""
    asks_once: bool = False
    """Whether one approval covers the steps that follow, as far as they were shown with it."""
    over_budget: bool = False
    """Whether it runs even where a budget of its target is spent: a person's word, never a rule's."""

    def to_json(self) -> dict[str, Any]:
        """Return the plan as the JSON that an incident's row keeps."""
        kept: dict[str, Any] = plain(self)
        return kept

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a plan back; unknown keys of a newer program are left alone, those that an older one lacks are None."""
        verify = data["verify"]
        return cls(
            mode=Mode(data["mode"]),
            steps=tuple(_step(step) for step in data["steps"]),
            verify=Verify(_step(verify["step"]), verify["within"]) if verify else None,
            on_failure=OnFailure(data["on_failure"]),
            escalate=data["escalate"],
            limits=data["limits"],
            resolves_on_event=data["resolves_on_event"],
            kind=data.get("kind", ""),
            level=data.get("level"),
            grace=data.get("grace"),
            approvals=data.get("approvals", 1),
            asks_once=data.get("asks_once", False),
            over_budget=data.get("over_budget", False),
        )


def _step(data: Mapping[str, Any]) -> Step:
    return Step(**{name: data[name] for name in Step.__dataclass_fields__})
