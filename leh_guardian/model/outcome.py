"""Owns what an attempt may end in: a closed union; the one rule: an unknown outcome is shown as unknown, never as success."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The effect took place; `facts` are what later actions and people may know."""

    summary: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoOp:
    """There was nothing to do: the precondition no longer holds."""

    reason: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed for now; try again `after` seconds, or after the rule's own backoff when None."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: look again at `until`. Costs no attempt."""

    until: datetime
    reason: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """It failed for good."""

    reason: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have taken place: a person has to look."""

    reason: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Escalate:
    """The handler must not decide this alone."""

    reason: str
    facts: Facts = field(default_factory=dict)


Outcome = Done | NoOp | Retry | Wait | Failed | Unknown | Escalate
