"""Owns the Action: one planned use of a handler for an incident; the one rule: its id and parameters never change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from leh_guardian.model.guards import Overdrawn
from leh_guardian.model.mode import Mode


class ActionStatus(StrEnum):
    """Where an action stands."""

    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    NEEDS_HUMAN = "needs_human"
    REJECTED = "rejected"


OPEN = frozenset({ActionStatus.PROPOSED, ActionStatus.SCHEDULED, ActionStatus.RUNNING, ActionStatus.WAITING})
"""States in which an action may still have an effect."""


class Role(StrEnum):
    """Why an action exists, which decides what follows it."""

    STEP = "step"
    """A step of the rule's plan; the next step follows."""
    VERIFY = "verify"
    """The proof that the plan helped."""
    CONFIRM = "confirm"
    """The last look before an OK event closes the incident."""
    TELL = "tell"
    """Tells people; nothing follows."""


@dataclass(frozen=True, slots=True)
class NewAction:
    """An action about to be stored."""

    id: UUID
    incident_id: UUID
    role: Role
    step_id: str
    step_index: int
    handler: str
    params: Mapping[str, Any]
    mode: Mode
    changes: bool
    """Whether the handler changes anything outside: what modes and the kill switch hold back."""
    retryable: bool
    """False for at-most-once handlers: a lost attempt is never repeated."""
    status: ActionStatus
    due_at: datetime
    serialize_key: str | None
    timeout: float
    attempts: int
    backoff: float
    deadline: datetime | None = None
    """When waiting ends in failure (a verification's `within`), or None."""
    outcome: Mapping[str, Any] | None = None
    approved_by: str | None = None
    """Who has approved it with a step before it, None for nobody."""

    @property
    def keeps_busy(self) -> bool:
        """Whether its incident's remedy is under way because of it."""
        return self.status in OPEN and self.role in {Role.STEP, Role.VERIFY}


@dataclass(frozen=True, slots=True)
class ClaimedAction:
    """An action whose lease this attempt holds: everything the executor needs."""

    id: UUID
    incident_id: UUID
    role: Role
    step_id: str
    step_index: int
    handler: str
    params: Mapping[str, Any]
    attempt: int
    """The fence: only this attempt may checkpoint and settle."""
    failures: int
    losses: int
    """Attempts that vanished with their process."""
    checkpoints: Mapping[str, Any]
    timeout: float
    attempts: int
    backoff: float
    deadline: datetime | None
    dry_run: bool
    observed: bool
    """Its rule only observes: whatever has an effect runs dry, telling people included."""
    lost: bool
    """The attempt before this one vanished without settling."""
    retryable: bool
    over: bool
    """Its incident is resolved: nothing but telling people starts any more."""
    rule_id: str
    event_id: str
    limits: Mapping[str, int]
    incident: Mapping[str, Any]
    """`severity`, `dedup_key`, `opened_at`, and `began_at`: when the present run began."""
    over_budget: bool = False
    """Whether a person has said that it runs even where a budget of its target is spent."""
    overdrawn: Overdrawn | None = None
    """The budget of its target that is spent: it may not run."""
    lease: float | None = None
    """Seconds of the lease that it was claimed for; None: the usual ones."""


def backoff_seconds(first: float, failures: int, *, longest: float = 3600.0) -> float:
    """Return the pause after the `failures`-th failed attempt, doubling from `first` seconds up to `longest`."""
    return float(min(max(longest, first), first * 2 ** min(max(0, failures - 1), 20)))
