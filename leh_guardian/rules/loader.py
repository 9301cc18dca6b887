"""Owns the way from a folder to a RuleSet; the one rule: one mistake anywhere refuses the whole folder, and all are told.

A rule case that fails is such a mistake: rules that do not do what their author wrote down are not taken.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leh_guardian.registry import Registry
from leh_guardian.rules.checksums import check_sums
from leh_guardian.rules.compiling import Where, compile_rule
from leh_guardian.rules.diagnostics import MOST_MISTAKES, Diagnostic, Problem, RulesRefused, did_you_mean
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.entries import FileEntry
from leh_guardian.rules.folder import ONCALL, File, Folder, about, read_folder
from leh_guardian.rules.lint.pairs import Placed, check_pairs
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.rules.wording import described, problems, validate

if TYPE_CHECKING:
    from leh_guardian.diagnosis import Signature
    from leh_guardian.model.spend.limits import Budget
    from leh_guardian.rules.cases import Result
    from leh_guardian.rules.oncall.loading import CheckedOnCall
    from leh_guardian.uploads import SignalTable

_ALL_OFF: Final = "running without rules is never meant; to stop the rules, set the daemon's mode to off"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a folder came to."""

    rules: RuleSet | None
    """Also where only cases fail; None where the rules themselves are wrong."""
    diagnostics: tuple[Diagnostic, ...]
    """Every error and warning, file by file."""
    results: tuple[Result, ...] = ()
    """What each case came to."""

    @property
    def refused(self) -> bool:
        """Whether the folder must not be taken."""
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)


@dataclass(frozen=True, slots=True)
class _CheckedFile:
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
    """Load all rules of a folder that was read, ready to match: no event waits for what could be made before.

    Raises:
        RulesRefused: with every mistake of every file.
    """
    checked = check_folder(folder, registry)
    if checked.rules is None or checked.refused:
        raise RulesRefused(diagnostic for diagnostic in checked.diagnostics if diagnostic.severity == "error")
    with _nothing_collected():
        checked.rules.index()
    return checked.rules


def check_rules(directory: Path, registry: Registry) -> tuple[RuleSet | None, tuple[Diagnostic, ...]]:
    """Return all rules of a folder, None if there are errors, and every error and warning, file by file."""
    checked = check_folder(read_folder(directory), registry)
    return (None if checked.refused else checked.rules), checked.diagnostics


def check_folder(folder: Folder, registry: Registry) -> Checked:
    """Look at the rules of a folder that was read, and run their cases."""
    with _nothing_collected():
        without_cases = _compile(folder, registry)
        if without_cases.rules is None or not folder.cases:
            return without_cases
        # A tenth of what `rules check` loads, and many a folder has no cases.
        from leh_guardian.rules.cases import run_cases

        results, complaints = run_cases(folder.cases, without_cases.rules, registry)
        return Checked(without_cases.rules, (*without_cases.diagnostics, *complaints), results)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep the collector of cycles away: nearly all that is made here stays, and looking through it takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            # Else the next look would go through all of it at once, as if it were young. A daemon's frozen start must not thaw.
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _compile(folder: Folder, registry: Registry) -> Checked:
    places: dict[str, str] = {}
    checked = {file.path: _check_file(file, registry, places) for file in folder.rules if not file.trouble}
    placed = [rule for one in checked.values() for rule in one.rules]
    doubled: defaultdict[str, list[Problem]] = defaultdict(list)
    oncall = _of_oncall(folder)
    for rule, problem in (*check_pairs(placed, registry), *_unknown_policies(placed, oncall)):
        doubled[rule.rule.file].append(problem)
    signatures, complaints = _of_signatures(folder)
    budget, more = _of_budget(folder, registry)
    uploads, doubts = _of_upload_signals(folder)
    diagnostics = [
        *folder.diagnostics,
        *check_sums(folder),
        *complaints,
        *more,
        *doubts,
        *(oncall.diagnostics if oncall else ()),
    ]
    for file in folder.rules:
        diagnostics += _told(file, checked.get(file.path), doubled[str(file.path)])
    if not placed and not Checked(None, tuple(diagnostics)).refused:
        diagnostics.append(about(folder.path, "empty", "there are no rules in this folder", _ALL_OFF))
    found = Checked(None, tuple(diagnostics))
    if found.refused:
        return found
    rules = sorted((one.rule for one in placed), key=lambda rule: rule.id)
    who = oncall.oncall if oncall else None
    return Checked(RuleSet(folder.revision, tuple(rules), signatures, who, budget, uploads), found.diagnostics)


def _of_signatures(folder: Folder) -> tuple[tuple[Signature, ...], Sequence[Diagnostic]]:
    """Return the folder's signatures and what is wrong with them; most folders have none."""
    if folder.signatures is None:
        return (), ()
    if refusal := folder.signatures.refusal():
        return (), (refusal,)
    from leh_guardian.rules.signatures import check_signatures

    checked = check_signatures(folder.signatures.content, str(folder.signatures.path))
    return checked.signatures, checked.diagnostics


def _of_upload_signals(folder: Folder) -> tuple[SignalTable | None, Sequence[Diagnostic]]:
    """Return the folder's upload signals and what is wrong with them; most folders have none."""
    if folder.upload_signals is None:
        return None, ()
    if refusal := folder.upload_signals.refusal():
        return None, (refusal,)
    from leh_guardian.rules.upload_signals import check_upload_signals

    return check_upload_signals(folder.upload_signals.content, str(folder.upload_signals.path))


def _of_budget(folder: Folder, registry: Registry) -> tuple[Budget | None, Sequence[Diagnostic]]:
    """Return the folder's prices and limits, and what is wrong with them."""
    if folder.budget is None:
        return None, ()
    if refusal := folder.budget.refusal():
        return None, (refusal,)
    from leh_guardian.rules.budget import check_budget

    checked = check_budget(folder.budget.content, str(folder.budget.path), registry)
    return checked.budget, checked.diagnostics


def _of_oncall(folder: Folder) -> CheckedOnCall | None:
    """Return what the folder's `oncall.yaml` came to, None where there is none."""
    if folder.oncall is None:
        return None
    from leh_guardian.rules.oncall.loading import CheckedOnCall, check_oncall

    if refusal := folder.oncall.refusal():
        return CheckedOnCall(None, (refusal,))
    return check_oncall(folder.oncall.content, str(folder.oncall.path))


def _unknown_policies(placed: Sequence[Placed], oncall: CheckedOnCall | None) -> Iterator[tuple[Placed, Problem]]:
    """Yield the rules whose policy is not there, or not at their level; a file that could not be read says nothing of its policies."""
    if oncall is None or not oncall.policies:
        return
    whole = oncall.oncall.policies if oncall.oncall else {}
    for one in placed:
        name, level = one.rule.escalate, one.rule.plan.level
        if name not in oncall.policies:
            hint = did_you_mean(name, oncall.policies) or f"there are: {', '.join(oncall.policies[:10])}"
            yield one, Problem((*one.path, "escalate"), "unknown-policy", f"{ONCALL} has no policy `{name}`", hint)
        elif level is not None and name in whole and level > (top := max(step.level for step in whole[name].steps)):
            message = f"the policy `{name}` has no level {level} or above"
            yield one, Problem((*one.path, "escalate", "level"), "bad-value", message, f"its last level is {top}")


def _told(file: File, checked: _CheckedFile | None, doubled: Sequence[Problem]) -> list[Diagnostic]:
    """Return what is wrong with a file, in the order of its lines."""
    if checked is None:
        return [refusal for refusal in [file.refusal()] if refusal]
    told = list(checked.diagnostics)
    if doubled:
        told += filter(None, map(read_document(file.content, str(file.path)).locate, doubled))
    return sorted(told, key=lambda diagnostic: (diagnostic.line, diagnostic.column))


def _check_file(file: File, registry: Registry, places: dict[str, str]) -> _CheckedFile:
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
    return _CheckedFile(tuple(rules), (*document.diagnostics, *filter(None, map(document.locate, found))))


def _check_shape(document: Document) -> Iterator[Problem]:
    data = document.data
    if not isinstance(data, Mapping) or not {"rules", "version"} & data.keys():
        what = "has neither `version` nor `rules`" if isinstance(data, Mapping) else f"is {described(data)}"
        yield Problem(
            (), "not-a-rule-file", f"this {what}", "a rule file begins with `version: 1` and holds a list of `rules`"
        )
        return
    # Of the rules, that they are a list: what stands in each is looked at by itself.
    rules = data.get("rules")
    shape = {**data, "rules": [None] * len(rules)} if isinstance(rules, list) else data
    yield from problems(validate(FileEntry, shape)[1], FileEntry, shape, ())


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
