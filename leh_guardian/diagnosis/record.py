"""Owns the Record: what one call of a logger, or one death, left in the log; the one rule: its size is bounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from leh_guardian.diagnosis.levels import Level
from leh_guardian.diagnosis.platform_lines import PlatformLine

_FIRST: Final = 400
_LAST: Final = 400
"""Lines: a traceback ends in what matters, and RecursionError's may have thousands."""
_WIDEST: Final = 32_000


@dataclass(slots=True)
class Record:
    """One record of the log."""

    n: int
    """The physical line it begins at, from 1."""
    level: Level | None = None
    """None where the text has no form that says one."""
    request: str = ""
    """The Lambda request id, or nothing."""
    stream: str = ""
    at: float | None = None
    """Seconds since the epoch."""
    headed: bool = False
    """Whether it begins in the form of a log record, not as bare text."""
    message: str = ""
    """The first line without its header."""
    lines: list[str] = field(default_factory=list)
    """The lines after it."""
    data: Mapping[str, Any] | None = None
    """The record as JSON, where it is."""
    platform: PlatformLine | None = None
    cut: bool = False

    def add(self, line: str) -> None:
        """Add a line that goes on."""
        if len(self.lines) >= _FIRST + _LAST:
            del self.lines[_FIRST]
        self.lines.append(line[:_WIDEST])

    @property
    def text(self) -> str:
        """The message with the lines after it."""
        return "\n".join([self.message, *self.lines]) if self.lines else self.message
