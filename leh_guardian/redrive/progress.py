"""Owns what one redrive has done over all its attempts; the one rule: of bounded size, however many letters it moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MOST_REFUSED = 100
"""Letters that SQS may refuse until a redrive gives up."""


class Phase(StrEnum):
    """How far a redrive is."""

    CANARY = "canary"
    """A few letters go first."""
    PROOF = "proof"
    """It is waited for what becomes of them."""
    RAMP = "ramp"
    """The rest follows."""
    VERIFY = "verify"
    """It is waited for what becomes of the rest."""


@dataclass
class Progress:
    """Written down before each delete."""

    planned: int
    plan: dict[str, Any] = field(default_factory=dict)
    """What was found before the first letter was moved."""
    phase: Phase = Phase.RAMP
    moved: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    """Letters that SQS did not take, by message id, and why."""
    skipped: int = 0
    """Letters that were not selected or do not fit the goal, seen by the present attempt."""
    unfit: dict[str, int] = field(default_factory=dict)
    """Those that do not fit it, by reason."""
    quarantined: int = 0
    released: int = 0
    """Those of the moved ones that came out of quarantine."""
    returned: int = 0
    """Letters that were sent back and have died again."""
    buried: int = 0
    """Those of them that are in quarantine since."""
    stopped: list[str] = field(default_factory=list)
    """FIFO groups in which a letter stayed behind: what comes after it must not overtake it."""
    sent: list[str] = field(default_factory=list)
    """Message ids of the last batch: sent, and perhaps not deleted."""
    waits: int = 0
    """How often it came back for letters that another receiver, or an attempt that crashed, was hiding."""
    rate: float = 0.0
    """Messages a second, where the ramp has come to."""
    begun: list[str] = field(default_factory=list)
    """Evidence of the canary whose record was seen and has not failed: what is failed afterwards has failed again."""
    since: float = 0.0
    """Unix time at which the last letter of the phase was sent."""

    @property
    def room(self) -> int:
        """How many letters the plan still has."""
        return self.planned - self.moved - len(self.refused) - self.quarantined

    @property
    def finished(self) -> bool:
        """Whether everything planned is dealt with and nothing that was sent may still be in the DLQ."""
        return self.room <= 0 and not self.sent
