"""Owns what is known of one piece of evidence that is to be processed anew; the one rule: its key is the same for every attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from leh_guardian.model.identity import key


class PieceState(StrEnum):
    """How far it is."""

    PLANNED = "planned"
    ASKING = "asking"
    """The request is about to go out, or has: nobody has heard of it yet."""
    ASKED = "asked"
    """The API has taken it."""
    FINISHED = "finished"
    """Its record is finished."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may have been asked for or not, and its record does not tell: a person has to look."""


OPEN = frozenset({PieceState.ASKING, PieceState.ASKED})
"""What may be at work."""
BAD = frozenset({PieceState.FAILED, PieceState.UNKNOWN})
"""What did not finish."""


UNHEARD: Final = "guardian ended between asking and answer: whether it was asked for is not known"
"""Why a piece is unknown of which not even a failure was heard."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence of one action."""

    evidence: str
    case: str | None
    state: PieceState = PieceState.PLANNED
    canary: bool = False
    """Whether it was one of the first."""
    before: str = ""
    """What its record said before it was asked for."""
    asked_at: datetime | None = None
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether it may be at work."""
        return self.state in OPEN

    @property
    def unheard(self) -> bool:
        """Whether guardian itself ended while it asked: nothing of that is the service's fault, nor proves anything about it."""
        return self.state is PieceState.UNKNOWN and self.reason.startswith(UNHEARD)

    @property
    def tried(self) -> bool:
        """Whether it was, or may have been, asked for, and the API did not refuse it."""
        return self.asked_at is not None


def idempotency_key(action: UUID, evidence: str) -> str:
    """Return the key under which `action` asks for `evidence`, however often it does."""
    return str(key(f"{action}/reprocess/{evidence}"))
