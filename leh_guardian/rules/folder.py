"""Owns the reading of the rules folder; the one rule: what is compared, judged and loaded are the same bytes, read once."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from leh_guardian.rules.reader import LARGEST

_NOT_RULES: Final = frozenset({"oncall.yaml"})
_SUFFIXES: Final = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule file's bytes as they were at the one time they were read."""

    path: Path
    content: bytes
    trouble: str = ""
    """Why there are none."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The rule files of a folder, in name order."""

    path: Path
    files: tuple[RuleFile, ...]
    trouble: str = ""
    """Why they could not be listed."""
    revision: str = field(init=False)
    """A digest of their names and bytes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "revision", _revision(self.files))

    @property
    def contents(self) -> Mapping[str, bytes]:
        """The bytes of each file by its name, those that could not be read left out."""
        return {file.path.name: file.content for file in self.files if not file.trouble}


def read_folder(directory: Path) -> Folder:
    """Read a folder's rule files; editors' hidden files are no rule files. Whatever happens there, it never raises."""
    try:
        paths = sorted(path for path in directory.iterdir() if _is_rule_file(path))
    except OSError as error:
        return Folder(directory, (), _reason(error))
    return Folder(directory, tuple(map(_read, paths)))


def _is_rule_file(path: Path) -> bool:
    return path.suffix in _SUFFIXES and not path.name.startswith(".") and path.name not in _NOT_RULES


def _read(path: Path) -> RuleFile:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for a writer
            return RuleFile(path, b"", "it is not a regular file")
        with path.open("rb") as stream:
            return RuleFile(path, stream.read(LARGEST + 1))
    except OSError as error:
        return RuleFile(path, b"", _reason(error))


def _revision(files: Sequence[RuleFile]) -> str:
    summary = hashlib.sha256()
    for file in files:
        # Lengths first: no two folders can run together into the same bytes.
        for part in (file.path.name.encode("utf-8", "surrogateescape"), file.content, file.trouble.encode()):
            summary.update(b"%d:" % len(part))
            summary.update(part)
    return summary.hexdigest()[:12]


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
