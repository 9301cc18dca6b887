"""Owns how good a check's result is, and the results that are kept; the one rule: what was not looked at is UNKNOWN, never OK."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID


class Status(StrEnum):
    """How good it is."""

    OK = "OK"
    WARN = "WARN"
    UNKNOWN = "UNKNOWN"
    FAIL = "FAIL"

    @property
    def bad(self) -> bool:
        """Whether people must know at once."""
        return self in {Status.UNKNOWN, Status.FAIL}

    @property
    def rank(self) -> int:
        """Where it stands between good and bad: the higher, the worse."""
        return _ORDER.index(self)


_ORDER: Final = tuple(Status)
"""From good to bad."""


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst of several, OK of none."""
    return max(statuses, key=lambda status: status.rank, default=Status.OK)


@dataclass(frozen=True, slots=True)
class KeptResult:
    """What one run of a check came to, as it is kept."""

    check: str
    looked_at: datetime
    status: Status
    since: datetime
    """Since when it has come to the same, run after run."""
    facts: Mapping[str, Any]
    """The whole result as its action left it; the words in both languages."""


@dataclass(frozen=True, slots=True)
class SentReport:
    """A report that went out."""

    action_id: UUID
    sent_at: datetime
    week: str
    """Like 2026-W49."""
    overall: Status

    @property
    def label(self) -> str:
        """What the next report calls it, and people read where none follows: the instant, to the second."""
        return self.sent_at.isoformat(timespec="seconds")
