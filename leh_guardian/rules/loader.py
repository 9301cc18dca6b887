"""Owns the way from a folder to a RuleSet; the one rule: one mistake anywhere refuses the whole folder, and all are told.

A rule case that fails is such a mistake: rules that do not do what their author wrote down are not taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from leh_guardian.registry import Registry
from leh_guardian.rules.cases import Result, run_cases
from leh_guardian.rules.compiling import Where, compile_rule
from leh_guardian.rules.diagnostics import MOST_MISTAKES, Diagnostic, Problem, RulesRefused
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.entries import FileEntry
from leh_guardian.rules.folder import File, Folder, about, read_folder
from leh_guardian.rules.ruleset import Rule, RuleSet
from leh_guardian.rules.wording import described, problems, validate

_ALL_OFF: Final = "running without rules is never meant; to stop the rules, set the daemon's mode to off"


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
    rules, diagnostics, _ = try_rules(directory, registry)
    return (None if _refused(diagnostics) else rules), diagnostics


def try_rules(directory: Path, registry: Registry) -> tuple[RuleSet | None, tuple[Diagnostic, ...], tuple[Result, ...]]:
    """Return what `check_rules` does, with the rules also where only cases of theirs fail, and what each case came to."""
    folder = read_folder(directory)
    rules, diagnostics = _compile(folder, directory, registry)
    if rules is None:
        return None, diagnostics, ()
    results, complaints = run_cases(folder.cases, rules, registry)
    return rules, (*diagnostics, *complaints), results


def _compile(folder: Folder, directory: Path, registry: Registry) -> tuple[RuleSet | None, tuple[Diagnostic, ...]]:
    diagnostics = list(folder.diagnostics)
    rules: list[Rule] = []
    places: dict[str, str] = {}
    for file in folder.rules:
        complaints = _check_file(file, registry, rules, places)
        diagnostics += sorted(complaints, key=lambda complaint: (complaint.line, complaint.column))
    if not rules and not _refused(diagnostics):
        diagnostics.append(about(directory, "empty", "there are no rules in this folder", _ALL_OFF))
    if _refused(diagnostics):
        return None, tuple(diagnostics)
    return RuleSet(folder.revision, tuple(sorted(rules, key=lambda rule: rule.id))), tuple(diagnostics)


def _refused(diagnostics: Sequence[Diagnostic]) -> bool:
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def _check_file(file: File, registry: Registry, rules: list[Rule], places: dict[str, str]) -> list[Diagnostic]:
    """Add the rules of a file to `rules` and where their ids stand to `places`; return what is wrong with the file."""
    name = str(file.path)
    if refusal := file.refusal():
        return [refusal]
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
