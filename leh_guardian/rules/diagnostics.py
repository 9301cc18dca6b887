"""Owns what is said about a rule file; the one rule: every complaint names a place, a reason and, where it can, the way out.

A `Problem` is what a check finds, at a path such as ("rules", 3, "pattern"). A `Diagnostic` is the same at a line and a
column of a file. Rule files may be hostile: nothing of them reaches a terminal unescaped.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from leh_guardian.errors import RuleError
from leh_guardian.model.text import shown

Path = tuple[str | int, ...]
"""The way from the top of a document to one of its values: keys and indexes."""

Severity = Literal["error", "warning"]

MOST_MISTAKES: Final = 100
"""Of one file: nobody reads more, and a hostile file must not cost more."""

_WINDOW: Final = 100
"""Characters of a source line worth showing."""
_LONGEST_MESSAGE: Final = 600


class Position(NamedTuple):
    """A place in a file, counted from 1 as editors do."""

    line: int
    column: int


TOP: Final = Position(1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake at a path, before it is known where in the file that is."""

    path: Path
    code: str
    message: str
    hint: str = ""
    on_key: bool = False
    """Point at the key that leads to the value, not at the value."""
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A mistake at a place of a file. `code` is stable; the words are not."""

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"
    source: str = field(default="", repr=False, compare=False)
    """The line that it is about."""

    def to_json(self) -> dict[str, Any]:
        """Return what `rules check --json` prints."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        }

    def render(self) -> str:
        """Return it for a terminal: place and message, the line with a caret under the place, the hint."""
        warning = "warning: " if self.severity == "warning" else ""
        message = shown(self.message, _LONGEST_MESSAGE)
        lines = [f"{shown(self.file)}:{self.line}:{self.column}: {warning}{message} [{self.code}]"]
        if self.source.strip():
            text, caret = _excerpt(self.source, self.column)
            lines += [f"{self.line:>6} | {text}".rstrip(), f"       | {' ' * caret}^"]
        if self.hint:
            lines.append(f"       = {shown(self.hint, _LONGEST_MESSAGE)}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


@dataclass(frozen=True, slots=True)
class Source:
    """A file's name and lines, for diagnostics that show the line they are about."""

    file: str
    lines: tuple[str, ...] = ()

    def diagnostic(
        self, position: Position, code: str, message: str, hint: str = "", severity: Severity = "error"
    ) -> Diagnostic:
        """Return the diagnostic of this file at `position`."""
        line = self.lines[position.line - 1] if position.line <= len(self.lines) else ""
        return Diagnostic(self.file, *position, code, message, hint, severity, line)


class RulesRefused(RuleError):
    """The rule files are wrong; `diagnostics` holds every reason."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: Final = tuple(diagnostics)
        super().__init__("\n".join(diagnostic.render() for diagnostic in self.diagnostics))


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return "did you mean `x`?" for the candidate that looks most like `name`, or an empty text."""
    close = difflib.get_close_matches(name[:_WINDOW], list(candidates), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""


def dotted(path: Path) -> str:
    """Return a path as people write it, such as `guards.budget[0].max`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _excerpt(source: str, column: int) -> tuple[str, int]:
    """Return the part of `source` around `column`, escaped, and the offset of its caret in terminal cells."""
    start = max(0, column - _WINDOW // 2) if len(source) > _WINDOW else 0
    before = "".join(map(_escaped, source[start : column - 1]))
    after = "".join(map(_escaped, source[max(start, column - 1) : start + _WINDOW]))
    left, right = "…" if start else "", "…" if start + _WINDOW < len(source) else ""
    return f"{left}{before}{after}{right}", len(left) + sum(map(_cells, before))


def _escaped(character: str) -> str:
    if character == "\t":
        return " "
    return character if character.isprintable() else f"\\x{ord(character):02x}"


def _cells(character: str) -> int:
    # Korean descriptions stand left of many a caret: their letters are two cells wide.
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
