"""Owns the question whether a changed rule file was written to its end; the one rule: without a sign of it, a file is taken as it is.

A file that was cut off between two rules, or after one of the keys of its last rule, is valid YAML that says less. What tells it
from an edit is the version in use. An editor ends its last line, a file that ended with YAML's own document end mark `...` still
does, and a file that is nothing but the beginning of what it was before is either a deletion at the end or a write that is not
over yet. docs/adr/0006-cut-off-rule-files.md weighs this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leh_guardian.rules.diagnostics import Diagnostic, Position
from leh_guardian.rules.folder import Folder
from leh_guardian.rules.reader import decode

_MARK: Final = b"..."
_AS_IT_IS: Final = "or send SIGHUP to take it as it is"


@dataclass(frozen=True, slots=True)
class CutOff:
    """Changed files that look as if their end were missing."""

    certain: tuple[Diagnostic, ...]
    """What no editor leaves so."""
    shorter: tuple[str, ...]
    """The names of those that are the beginning of what they were, to the end of a line; told where nothing is certain."""


def find_cut_off(folder: Folder, before: Mapping[str, bytes]) -> CutOff:
    """Compare a folder with the bytes of the files in use, by name; a file that is new has nothing to be compared with."""
    changed = [
        (file.path, file.content, before[file.path.name])
        for file in folder.in_use
        if not file.trouble and before.get(file.path.name, file.content) != file.content
    ]
    certain = [diagnostic for path, now, then in changed for diagnostic in _certain(path, now, then)]
    # An emptied file is refused as such.
    shorter = [path.name for path, now, then in changed if now and then.startswith(now)]
    return CutOff(tuple(certain), () if certain else tuple(shorter))


def _certain(path: Path, now: bytes, then: bytes) -> Iterator[Diagnostic]:
    if _ends_its_line(then) and now and not _ends_its_line(now):
        message = "the file looks cut off: its last line has no line break, and that of the version in use has one"
        yield _at_the_end(path, now, message, f"end it with a line break, {_AS_IT_IS}")
    elif _is_marked(then) and not _is_marked(now):
        message = "the file looks cut off: it does not end with the line `...`, and the version in use does"
        yield _at_the_end(path, now, message, f"write the rest, and `...` as the last line, {_AS_IT_IS}")


def _ends_its_line(content: bytes) -> bool:
    return content.endswith((b"\n", b"\r"))


def _is_marked(content: bytes) -> bool:
    """Tell whether the last line is `...`; blank lines and comments may follow."""
    for line in reversed(content.splitlines()):
        if text := line.partition(b"#")[0].rstrip():
            return text == _MARK
    return False


def _at_the_end(path: Path, content: bytes, message: str, hint: str) -> Diagnostic:
    _, source, _ = decode(content, str(path))
    last = len(source.lines) - (len(source.lines) > 1 and not source.lines[-1])
    column = len(source.lines[last - 1]) + 1 if source.lines else 1
    return source.diagnostic(Position(max(last, 1), column), "cut-off", message, hint)
