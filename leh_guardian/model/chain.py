"""Owns the hash chain of an incident's journal; the one rule: a line's hash is made of every word of it and of the hash before.

What it proves and what it does not is in docs/adr/0014-journal-chain.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from leh_guardian.model.canary import CANARY

_GENESIS: Final = b"leh-guardian/journal/"
_ROOTS: Final = b"leh-guardian/journal-roots"
SETTLED: Final = timedelta(minutes=10)
"""How old a line is that must have been chained, wherever it came from."""
_BACK: Final = timedelta(minutes=5)
"""How much earlier than the line before it one may be dated: transactions end in another order than they began."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal as it is stored."""

    id: int
    at: datetime
    author: str
    kind: str
    reason: str
    incident_id: UUID
    action_id: UUID | None
    rule_id: str | None
    data: str
    """Its JSON, letter by letter."""

    def canonical(self) -> bytes:
        """Return every word of it as bytes that are the same everywhere."""
        words = {
            "id": self.id,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "author": self.author,
            "kind": self.kind,
            "reason": self.reason,
            "incident": str(self.incident_id),
            "action": str(self.action_id) if self.action_id else None,
            "rule": self.rule_id,
            "data": self.data,
        }
        return json.dumps(words, sort_keys=True, separators=(",", ":")).encode("ascii")


@dataclass(frozen=True, slots=True)
class Link:
    """A line's place in its chain."""

    position: int
    line: int
    incident_id: UUID
    at: datetime
    hash: bytes


@dataclass(frozen=True, slots=True)
class Root:
    """A day's hash over all chains."""

    day: date
    position: int
    """The last link in it."""
    root: bytes


class Fault(StrEnum):
    """What is wrong with a chain."""

    CHANGED = "changed"
    """The line says something else, or the link before it was taken out."""
    REMOVED = "removed"
    """The line is gone."""
    INSERTED = "inserted"
    """A line that was never chained, or is dated before lines that were there first."""
    ROOT = "root"
    """The day's links are not those that its root was made of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    fault: Fault
    incident_id: UUID | None = None
    line: int | None = None
    at: datetime | None = None
    day: date | None = None


def genesis(incident_id: UUID) -> bytes:
    """Return the hash that an incident's first line follows."""
    return hashlib.sha256(_GENESIS + incident_id.bytes).digest()


def follow(before: bytes, line: Line) -> bytes:
    """Return the hash of a line that follows `before`."""
    return hashlib.sha256(before + line.canonical()).digest()


def check(
    incident_id: UUID, end: bytes | None, links: Sequence[Link], lines: Mapping[int, Line], now: datetime
) -> Iterator[Finding]:
    """Yield what is wrong with one chain: `end` is the last hash of what retention dropped, `links` are in order."""
    before, newest, rest = end or genesis(incident_id), None, dict(lines)
    for link in links:
        line = rest.pop(link.line, None)
        if line is None:
            yield Finding(Fault.REMOVED, incident_id, link.line, link.at)
        elif follow(before, line) != link.hash:
            yield Finding(Fault.CHANGED, incident_id, link.line, line.at)
        elif newest is not None and line.at < newest - _BACK:
            yield Finding(Fault.INSERTED, incident_id, link.line, line.at)
        # One fault is told once: what follows is held against what was chained.
        before, newest = link.hash, max(newest or link.at, link.at)
    if not links and end is None and all(line.rule_id == CANARY for line in rest.values()):
        # Canaries leave nothing that is kept.
        return
    for line in rest.values():
        if abs(now - line.at) > SETTLED:
            yield Finding(Fault.INSERTED, incident_id, line.id, line.at)


class RootHash:
    """A day's root in the making."""

    def __init__(self, before: bytes | None, day: date) -> None:
        self._hash = hashlib.sha256((before or hashlib.sha256(_ROOTS).digest()) + day.isoformat().encode())

    def add(self, links: Iterable[Link]) -> None:
        """Take in links, in order."""
        for link in links:
            head = link.position.to_bytes(8, "big") + link.line.to_bytes(8, "big")
            self._hash.update(head + link.incident_id.bytes + link.hash)

    def digest(self) -> bytes:
        """Return the root."""
        return self._hash.digest()
