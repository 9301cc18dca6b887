"""Owns the work of paused cases as handlers see it (docs/breaker.md); the one rule: what is deleted is the copy that was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ParkedMark:
    """A parked item, known by its key; times that cannot be read are None."""

    case: str
    item: str
    copy: str
    """Another one each time that it is parked."""
    first_seen: datetime | None
    """When it first happened."""
    parked_at: datetime | None

    @property
    def since(self) -> datetime | None:
        """Since when somebody waits for it."""
        return self.first_seen or self.parked_at


@dataclass(frozen=True, slots=True)
class ParkedWork:
    """A parked item as a whole. All of it is text that a stranger may have written."""

    mark: ParkedMark
    evidence: str
    origin: str
    body: str
    attributes: str = ""
    """JSON, empty for none."""
    group: str | None = None


@dataclass(frozen=True, slots=True)
class ParkedCount:
    """What is parked, as far as it was looked at."""

    by_case: Mapping[str, int]
    oldest: ParkedMark | None
    whole: bool
    """Whether that is everything in the table."""


class Parked(Protocol):
    """The table of parked work."""

    async def of_case(self, case: str, most: int = 10_000) -> Sequence[ParkedMark]:
        """Return up to `most` items of a case, those that wait longest first."""

    async def get(self, mark: ParkedMark) -> ParkedWork | None:
        """Return an item as it is now, None where it is gone."""

    async def delete(self, mark: ParkedMark) -> bool:
        """Delete an item; False where it has been parked again since, and stays."""

    async def count(self, most: int = 10_000) -> ParkedCount:
        """Look through up to `most` items of all cases."""
