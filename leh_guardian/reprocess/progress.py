"""Owns what one reprocessing has done over all its attempts; the one rule: of bounded size - each piece has a row of its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self


class Phase(StrEnum):
    """How far it is."""

    PLAN = "plan"
    """Nothing is done yet."""
    COLLECT = "collect"
    """Letters go to quarantine, what they name is written down."""
    FIX = "fix"
    """The function's deployment is waited for."""
    CANARY = "canary"
    """A few pieces go first, and it is seen whether they finish."""
    REST = "rest"
    """The rest follows."""


@dataclass
class Progress:
    """Written down between effects."""

    phase: Phase = Phase.PLAN
    plan: dict[str, Any] = field(default_factory=dict)
    """What was found before anything was done."""
    letters: int = 0
    """Letters that were put into quarantine."""
    unnamed: int = 0
    """... of which so many name no evidence."""
    last: list[str] = field(default_factory=list)
    """Message ids of the last batch: kept and counted, and perhaps not deleted."""
    waits: int = 0
    """How often it came back for letters that another receiver, or an attempt that crashed, was hiding."""
    baseline: dict[str, str] | None = None
    """What Lambda said of the function at the beginning: `version` and `code`."""
    since: float = 0.0
    """Unix time at which the phase began."""
    fixed: str = ""
    """How the deployment was known."""
    looked_at: float = 0.0
    """Unix time at which it was last looked for letters that have died since the first were collected."""
    trouble_since: float = 0.0
    """Unix time since which nothing can be asked; 0: all is well."""
    stopped: str = ""
    """Why no more is asked for."""

    @classmethod
    def of(cls, remembered: dict[str, Any]) -> Self:
        """Read a checkpoint."""
        return cls(**{**remembered, "phase": Phase(remembered["phase"])})

    def to_json(self) -> dict[str, Any]:
        """Return the checkpoint."""
        return asdict(self)
