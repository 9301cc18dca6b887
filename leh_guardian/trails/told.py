"""Owns what was read of one log of requests, and how far; the one rule: what has not been read, or not come yet, is said in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

from leh_guardian.errors import HandlerError
from leh_guardian.model.sighting import Screened, Sighting

Found = TypeVar("Found", Sighting, Screened)
_MOST: Final = 250_000
"""Requests that are kept of a log: as many as there may be records of uploads."""


@dataclass
class Told(Generic[Found]):
    """What one log told."""

    found: list[Found] = field(default_factory=list)
    lines: int = 0
    """Lines that were looked at, of whatever they tell."""
    unreadable: int = 0
    """Of them, or of whole objects, such as are torn or are none."""
    objects: int = 0
    oldest: float | None = None
    newest: float | None = None
    """Between these the lines lie that were read, in seconds since 1970."""
    cut: str = ""
    """Why not everything was read; empty where it was."""
    error: HandlerError | None = None
    """Why nothing more could be read."""

    def line(self, at: float | None) -> None:
        """Count a line by its time, None for one that is none."""
        self.lines += 1
        if at is None:
            self.unreadable += 1
            return
        self._dated(at)

    def _dated(self, at: float) -> None:
        self.oldest = at if self.oldest is None else min(self.oldest, at)
        self.newest = at if self.newest is None else max(self.newest, at)

    def keep(self, found: Found) -> None:
        """Take in what a line tells."""
        if len(self.found) >= _MOST:
            self.cut = self.cut or f"more than {_MOST} requests"
            return
        self.found.append(found)

    def add(self, piece: Told[Found]) -> None:
        """Take in what a piece of the log tells, which was read by itself."""
        self.lines += piece.lines
        self.unreadable += piece.unreadable
        self.cut = self.cut or piece.cut
        for at in (piece.oldest, piece.newest):
            if at is not None:
                self._dated(at)
        for one in piece.found:
            self.keep(one)

    @property
    def read(self) -> bool:
        """Whether it could be read at all, be there a line in it or not."""
        return self.error is None or self.lines > 0

    @property
    def why(self) -> str:
        """Why it is unread, or not read whole."""
        return " - ".join(part for part in (self.cut, str(self.error) if self.error else "") if part)

    def facts(self) -> dict[str, Any]:
        """Return what is told of it as a source."""
        return {
            "lines": self.lines,
            "unreadable": self.unreadable,
            "requests": len(self.found),
            "from": _time(self.oldest),
            "to": _time(self.newest),
            "whole": not self.cut and self.error is None,
        }


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()
