"""Owns where lines of audit logs come from; the one rule: they come in bounded pieces, and an error about them quotes none of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Stratum = tuple[str, str]
"""A day, and what kind of line: its action, by a hash, since actions are content."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A row that was drawn, by where it lies."""

    stratum: Stratum
    part: int
    """The table or partition, by its number in the catalogue."""
    place: str
    """Where in it, as PostgreSQL's ctid."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row, as texts."""

    drawn: Drawn
    id: str
    at: datetime | None
    values: Mapping[str, str]
    cut: bool
    """Whether a value is longer than what was read of it."""


class Rows(Protocol):
    """An open look at the table: one snapshot, however long it lasts."""

    @property
    def place(self) -> str:
        """The table's name."""

    @property
    def unread(self) -> Sequence[str]:
        """What of it cannot be seen, each with the statement that would allow it."""

    async def count(self) -> Mapping[Stratum, int]:
        """Return how many rows each stratum has."""

    def draw(self, shares: Mapping[Stratum, float], seed: int) -> AsyncGenerator[Sequence[Drawn], None]:
        """Yield rows, a piece at a time, each with the chance of its stratum, told by its id and the seed: the same again for both."""

    async def read(self, drawn: Sequence[Drawn]) -> Sequence[Row]:
        """Return what rows hold that were drawn."""


class AuditTable(Protocol):
    """The table of LEH's audit log."""

    def opened(self, since: datetime, until: datetime, seconds: float) -> AbstractAsyncContextManager[Rows]:
        """Look at the rows from `since` on and before `until`, for so many seconds at most."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """What an event of a log group says."""

    text: str
    stream: str
    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LogPage:
    """A part of what a log group says, in no certain order."""

    lines: Sequence[LogLine]
    following: str | None
    """Where the next page begins; None: this was the last."""


class AuditGroups(Protocol):
    """CloudWatch Logs."""

    async def page(self, group: str, since: datetime, until: datetime, after: str | None) -> LogPage:
        """Return a page of what a group says from `since` on and before `until`."""


class Body(Protocol):
    """An object's content, as it comes."""

    async def read(self, most: int) -> bytes:
        """Return what comes next, nothing at its end."""


class AuditObjects(Protocol):
    """Objects of S3, to be read."""

    def opened(self, bucket: str, key: str) -> AbstractAsyncContextManager[Body]:
        """Open an object."""


@dataclass(frozen=True, slots=True)
class AuditSources:
    """Every place that audit lines are looked for in, as the settings say."""

    table: AuditTable | None
    groups: AuditGroups
    objects: AuditObjects
    named_groups: tuple[str, ...] = ()
    prefixes: tuple[tuple[str, str], ...] = ()
    """Buckets, each with what the keys begin with."""
    key: Callable[[], bytes | None] = lambda: None
    """The key of fingerprints, None for one of each run's own.

    Raises:
        Refused: it cannot be read.
    """
