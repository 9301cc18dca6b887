"""Owns the way from a folder to a RuleSet; the one rule: one mistake anywhere refuses the whole folder, and all are told.

Each file is read once, and the revision digests exactly the bytes that were parsed: a half-written file can never pass
for the whole one under the same revision.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leh_guardian.registry import Registry
from leh_guardian.rules.compiling import Where, compile_rule
from leh_guardian.rules.diagnostics import MOST_MISTAKES, TOP, Diagnostic, Problem, RulesRefused, Source
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.entries import FileEntry
from leh_guardian.rules.reader import LARGEST
from leh_guardian.rules.ruleset import Rule, RuleSet
from leh_guardian.rules.wording import described, problems, validate

_NOT_RULES: Final = frozenset({"oncall.yaml"})
_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_ALL_OFF: Final = "running without rules is never meant; to stop the rules, set the daemon's mode to off"


@dataclass(frozen=True, slots=True)
class _File:
    """A rule file's bytes as they were at the one time they were read."""

    path: Path
    content: bytes
    trouble: str = ""
    """Why there are none."""


def load_rules(directory: Path, registry: Registry) -> RuleSet:
    """Load all rules of a folder.

    Raises:
        RulesRefused: with every mistake of every file.
    """
    rules, diagnostics = check_rules(directory, registry)
    if rules is None:
        raise RulesRefused(diagnostic for diagnostic in diagnostics if diagnostic.severity == "error")
    return rules


def check_rules(directory: Path, registry: Registry) -> tuple[RuleSet | None, tuple[Diagnostic, ...]]:
    """Return all rules of a folder, None if there are errors, and every error and warning, file by file."""
    files, diagnostics = _read_folder(directory)
    rules: list[Rule] = []
    places: dict[str, str] = {}
    for file in files:
        complaints = _check_file(file, registry, rules, places)
        diagnostics += sorted(complaints, key=lambda complaint: (complaint.line, complaint.column))
    if not rules and not any(diagnostic.severity == "error" for diagnostic in diagnostics):
        diagnostics.append(_about(directory, "empty", "there are no rules in this folder", _ALL_OFF))
    if any(diagnostic.severity == "error" for diagnostic in diagnostics):
        return None, tuple(diagnostics)
    return RuleSet(_revision(files), tuple(sorted(rules, key=lambda rule: rule.id))), tuple(diagnostics)


def digest(directory: Path) -> str:
    """Return the revision of what the folder holds now, without looking into it; whatever happens there, it never raises."""
    return _revision(_read_folder(directory)[0])


def _check_file(file: _File, registry: Registry, rules: list[Rule], places: dict[str, str]) -> list[Diagnostic]:
    """Add the rules of a file to `rules` and where their ids stand to `places`; return what is wrong with the file."""
    name = str(file.path)
    if file.trouble:
        return [_about(file.path, "unreadable", f"the file cannot be read: {file.trouble}")]
    document = read_document(file.content, name)
    found = list(_check_shape(document)) if document.complete else []
    for index, written in enumerate(_entries(document)):
        path = ("rules", index)
        rule, complaints = compile_rule(written, Where(path, name, document.place(path).line), registry)
        rules += [rule] if rule else []
        found += [*complaints, *_check_unique(written, index, document, places)]
        if len(found) > MOST_MISTAKES:
            message = f"more than {MOST_MISTAKES} mistakes; the rules from here on were not looked at"
            found.append(Problem(path, "too-many", message))
            break
    return [*document.diagnostics, *filter(None, map(document.locate, found))]


def _check_shape(document: Document) -> Iterator[Problem]:
    data = document.data
    if not isinstance(data, Mapping) or not {"rules", "version"} & data.keys():
        what = "has neither `version` nor `rules`" if isinstance(data, Mapping) else f"is {described(data)}"
        yield Problem(
            (), "not-a-rule-file", f"this {what}", "a rule file begins with `version: 1` and holds a list of `rules`"
        )
        return
    yield from problems(validate(FileEntry, data)[1], FileEntry, data, ())


def _entries(document: Document) -> Sequence[object]:
    rules = document.data.get("rules") if isinstance(document.data, Mapping) else None
    return rules if isinstance(rules, list) else ()


def _check_unique(written: object, index: int, document: Document, places: dict[str, str]) -> Iterator[Problem]:
    """Yield the problem of a rule id that is taken; the rule need not be right otherwise."""
    rule_id = written.get("id") if isinstance(written, Mapping) else None
    if not isinstance(rule_id, str):
        return
    path = ("rules", index, "id")
    here = document.place(path)
    first = places.setdefault(rule_id, f"{document.source.file}:{here.line}:{here.column}")
    if first != f"{document.source.file}:{here.line}:{here.column}":
        yield Problem(
            path, "duplicate-id", f"there is another rule `{rule_id}`, at {first}", "ids are unique over all files"
        )


def _read_folder(directory: Path) -> tuple[list[_File], list[Diagnostic]]:
    """Return the folder's rule files in name order; editors' hidden files are no rule files."""
    try:
        paths = sorted(path for path in directory.iterdir() if _is_rule_file(path))
    except OSError as error:
        return [], [_about(directory, "no-folder", f"the rules folder cannot be read: {_reason(error)}")]
    return [_read(path) for path in paths], []


def _is_rule_file(path: Path) -> bool:
    return path.suffix in _SUFFIXES and not path.name.startswith(".") and path.name not in _NOT_RULES


def _read(path: Path) -> _File:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for a writer
            return _File(path, b"", "it is not a regular file")
        with path.open("rb") as stream:
            return _File(path, stream.read(LARGEST + 1))
    except OSError as error:
        return _File(path, b"", _reason(error))


def _revision(files: Sequence[_File]) -> str:
    summary = hashlib.sha256()
    for file in files:
        # Lengths first: no two folders can run together into the same bytes.
        for part in (file.path.name.encode("utf-8", "surrogateescape"), file.content, file.trouble.encode()):
            summary.update(b"%d:" % len(part))
            summary.update(part)
    return summary.hexdigest()[:12]


def _about(path: Path, code: str, message: str, hint: str = "") -> Diagnostic:
    return Source(str(path)).diagnostic(TOP, code, message, hint)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
