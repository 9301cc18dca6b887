"""Owns the way from a folder to a RuleSet; the one rule: one mistake anywhere refuses the whole folder, and all are told.

Each file is read once, and the revision digests exactly the bytes that were parsed: a half-written file can never pass
for the whole one under the same revision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leh_guardian.registry import Registry
from leh_guardian.rules.compiling import Where, compile_rule
from leh_guardian.rules.diagnostics import MOST_MISTAKES, TOP, Diagnostic, Problem, RulesRefused, Source
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.entries import FileEntry
from leh_guardian.rules.folder import Folder, RuleFile, read_folder
from leh_guardian.rules.lint.pairs import Placed, check_pairs
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.rules.wording import described, problems, validate

_ALL_OFF: Final = "running without rules is never meant; to stop the rules, set the daemon's mode to off"


@dataclass(frozen=True, slots=True)
class _Checked:
    """A file that was looked at; its document is not kept, a thousand rules would be a hundred thousand places."""

    rules: tuple[Placed, ...]
    diagnostics: tuple[Diagnostic, ...]


def load_rules(directory: Path, registry: Registry) -> RuleSet:
    """Load all rules of a folder.

    Raises:
        RulesRefused: with every mistake of every file.
    """
    return load_folder(read_folder(directory), registry)


def load_folder(folder: Folder, registry: Registry) -> RuleSet:
    """Load all rules of a folder that was read.

    Raises:
        RulesRefused: with every mistake of every file.
    """
    rules, diagnostics = check_folder(folder, registry)
    if rules is None:
        raise RulesRefused(diagnostic for diagnostic in diagnostics if diagnostic.severity == "error")
    return rules


def check_rules(directory: Path, registry: Registry) -> tuple[RuleSet | None, tuple[Diagnostic, ...]]:
    """Return all rules of a folder, None if there are errors, and every error and warning, file by file."""
    return check_folder(read_folder(directory), registry)


def check_folder(folder: Folder, registry: Registry) -> tuple[RuleSet | None, tuple[Diagnostic, ...]]:
    """Return all rules of a folder that was read, None if there are errors, and every error and warning, file by file."""
    if folder.trouble:
        return None, (_about(folder.path, "no-folder", f"the rules folder cannot be read: {folder.trouble}"),)
    places: dict[str, str] = {}
    checked = {file.path: _check_file(file, registry, places) for file in folder.files if not file.trouble}
    placed = [rule for one in checked.values() for rule in one.rules]
    doubled: defaultdict[str, list[Problem]] = defaultdict(list)
    for rule, problem in check_pairs(placed, registry):
        doubled[rule.rule.file].append(problem)
    diagnostics: list[Diagnostic] = []
    for file in folder.files:
        diagnostics += _told(file, checked.get(file.path), doubled[str(file.path)])
    if not placed and not any(diagnostic.severity == "error" for diagnostic in diagnostics):
        diagnostics.append(_about(folder.path, "empty", "there are no rules in this folder", _ALL_OFF))
    if any(diagnostic.severity == "error" for diagnostic in diagnostics):
        return None, tuple(diagnostics)
    rules = sorted((one.rule for one in placed), key=lambda rule: rule.id)
    return RuleSet(folder.revision, tuple(rules)), tuple(diagnostics)


def digest(directory: Path) -> str:
    """Return the revision of what the folder holds now, without looking into it; whatever happens there, it never raises."""
    return read_folder(directory).revision


def _told(file: RuleFile, checked: _Checked | None, doubled: Sequence[Problem]) -> list[Diagnostic]:
    """Return what is wrong with a file, in the order of its lines."""
    if checked is None:
        return [_about(file.path, "unreadable", f"the file cannot be read: {file.trouble}")]
    told = list(checked.diagnostics)
    if doubled:
        told += filter(None, map(read_document(file.content, str(file.path)).locate, doubled))
    return sorted(told, key=lambda diagnostic: (diagnostic.line, diagnostic.column))


def _check_file(file: RuleFile, registry: Registry, places: dict[str, str]) -> _Checked:
    """Look at a file, and add where its rules' ids stand to `places`."""
    name = str(file.path)
    document = read_document(file.content, name)
    found = list(_check_shape(document)) if document.complete else []
    rules: list[Placed] = []
    for index, written in enumerate(_entries(document)):
        path = ("rules", index)
        rule, complaints = compile_rule(written, Where(path, name, document.place(path).line), registry)
        rules += [Placed(rule, path)] if rule else []
        found += [*complaints, *_check_unique(written, index, document, places)]
        if sum(problem.severity == "error" for problem in found) > MOST_MISTAKES:
            message = f"more than {MOST_MISTAKES} mistakes; the rules from here on were not looked at"
            found.append(Problem(path, "too-many", message))
            break
    return _Checked(tuple(rules), (*document.diagnostics, *filter(None, map(document.locate, found))))


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


def _about(path: Path, code: str, message: str, hint: str = "") -> Diagnostic:
    return Source(str(path)).diagnostic(TOP, code, message, hint)
