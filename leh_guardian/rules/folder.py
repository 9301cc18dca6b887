"""Owns the reading of a rules folder; the one rule: each file is read once, and what was read is what is digested.

A half-written file can then never pass for the whole one under the same revision. Rule files lie in the folder itself; rule
cases, and the events that they name, in its subfolder `cases`.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leh_guardian.rules.diagnostics import TOP, Diagnostic, Source
from leh_guardian.rules.reader import LARGEST

CASES: Final = "cases"
"""The subfolder of rule cases."""
SUMS: Final = "SHA256SUMS"
"""The optional file of checksums."""

SIGNATURES: Final = "signatures.yaml"
"""The optional file of what the AI worker's failures mean."""

ONCALL: Final = "oncall.yaml"
"""The optional file of people, schedules and policies."""

BUDGET: Final = "budget.yaml"
"""The optional file of what AI work costs, and how much is too much."""

UPLOAD_SIGNALS: Final = "upload-signals.yaml"
"""The optional file of signals by which uploads are judged, in the place of the built-in ones."""

_NOT_RULES: Final = frozenset({BUDGET, ONCALL, SIGNATURES, UPLOAD_SIGNALS})
_YAML: Final = frozenset({".yaml", ".yml"})
_EVENT: Final = ".json"


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes as they were at the one time they were read."""

    path: Path
    content: bytes
    trouble: str = ""
    """Why there are none."""

    @property
    def is_event(self) -> bool:
        """Whether it is an event that cases name, not a file of cases."""
        return self.path.suffix == _EVENT

    def refusal(self) -> Diagnostic | None:
        """Return what to say of a file that could not be read."""
        return about(self.path, "unreadable", f"the file cannot be read: {self.trouble}") if self.trouble else None


@dataclass(frozen=True, slots=True)
class Folder:
    """What a rules folder held at one moment."""

    path: Path
    rules: tuple[File, ...]
    cases: tuple[File, ...]
    """Files of cases and of events."""
    diagnostics: tuple[Diagnostic, ...] = ()
    sums: File | None = None
    """The file of checksums, if there is one."""
    signatures: File | None = None
    """The file of signatures, if there is one."""
    oncall: File | None = None
    """The file of on-call, if there is one."""
    budget: File | None = None
    """The file of prices and limits, if there is one."""
    upload_signals: File | None = None
    """The file of upload signals, if there is one."""

    @property
    def in_use(self) -> tuple[File, ...]:
        """The files that decide what the daemon does: rules, who is called, what is too much."""
        return (*self.rules, *filter(None, (self.oncall, self.budget)))

    @property
    def revision(self) -> str:
        """The digest of the rule files and of who is called: cases change nothing that the daemon does."""
        return _digest(self.in_use)

    @property
    def contents(self) -> Mapping[str, bytes]:
        """The bytes of each of the files in use by its name, those that could not be read left out."""
        return {file.path.name: file.content for file in self.in_use if not file.trouble}

    @property
    def digest(self) -> str:
        """The digest of everything that decides whether these rules are taken."""
        return _digest((*self.in_use, *self.cases, *filter(None, (self.sums, self.signatures, self.upload_signals))))


def read_folder(directory: Path) -> Folder:
    """Read a rules folder, in name order; editors' hidden files are left out. Whatever happens there, it never raises."""
    try:
        rules = _files(directory, _is_rule_file)
    except OSError as error:
        return Folder(
            directory, (), (), (about(directory, "no-folder", f"the rules folder cannot be read: {reason(error)}"),)
        )
    others = tuple(_optional(directory / name) for name in (SUMS, SIGNATURES, ONCALL, BUDGET, UPLOAD_SIGNALS))
    try:
        return Folder(directory, rules, _files(directory / CASES, _is_case_file), (), *others)
    except FileNotFoundError:
        return Folder(directory, rules, (), (), *others)
    except OSError as error:
        message = f"the folder of rule cases cannot be read: {reason(error)}"
        return Folder(directory, rules, (), (about(directory / CASES, "no-folder", message),), *others)


def about(path: Path, code: str, message: str, hint: str = "") -> Diagnostic:
    """Return a diagnostic of a file or folder as a whole."""
    return Source(str(path)).diagnostic(TOP, code, message, hint)


def reason(error: OSError) -> str:
    """Return why the system refused."""
    return error.strerror or str(error)


def _files(directory: Path, wanted: Callable[[Path], bool]) -> tuple[File, ...]:
    return tuple(_read(path) for path in sorted(path for path in directory.iterdir() if wanted(path)))


def _optional(path: Path) -> File | None:
    return _read(path) if os.path.lexists(path) else None


def _is_rule_file(path: Path) -> bool:
    return path.suffix in _YAML and not path.name.startswith(".") and path.name not in _NOT_RULES


def _is_case_file(path: Path) -> bool:
    return path.suffix in {*_YAML, _EVENT} and not path.name.startswith(".")


def _read(path: Path) -> File:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for a writer
            return File(path, b"", "it is not a regular file")
        with path.open("rb") as stream:
            return File(path, stream.read(LARGEST + 1))
    except OSError as error:
        return File(path, b"", reason(error))


def _digest(files: Sequence[File]) -> str:
    summary = hashlib.sha256()
    for file in files:
        # Lengths first: no two folders can run together into the same bytes.
        for part in (file.path.name.encode("utf-8", "surrogateescape"), file.content, file.trouble.encode()):
            summary.update(b"%d:" % len(part))
            summary.update(part)
    return summary.hexdigest()[:12]
