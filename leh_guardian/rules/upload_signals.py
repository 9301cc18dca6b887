"""Owns the way from YAML to the table of upload signals; the one rule: a file replaces the built-in one, whole or not at all.

Weights are only right together, so an operator's file is no addition to the built-in one: it is copied from it and changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from leh_guardian.rules.diagnostics import MOST_MISTAKES, Diagnostic, Problem, RulesRefused, did_you_mean
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.rules.upload_entries import COMPARISONS, ConditionEntry, SignalEntry, UploadSignalsEntry
from leh_guardian.rules.wording import described, problems, validate
from leh_guardian.uploads.measures import MEASURES
from leh_guardian.uploads.signals import Condition, Signal, SignalTable

BUILT_IN: Final = Path(__file__).with_name("upload_signals.yaml")


def load_upload_signals(content: bytes, file: str) -> SignalTable:
    """Return the table that a file holds.

    Raises:
        RulesRefused: with every mistake of the file.
    """
    table, diagnostics = check_upload_signals(content, file)
    if table is None:
        raise RulesRefused(diagnostics)
    return table


def check_upload_signals(content: bytes, file: str) -> tuple[SignalTable | None, tuple[Diagnostic, ...]]:
    """Look at a file of upload signals; whatever it holds, all that is wrong is said, and without a mistake there is a table."""
    document = read_document(content, file)
    found: list[Problem] = []
    shape = _shape(document, found) if document.complete else None
    signals = list(_signals(document, found))
    located = (*document.diagnostics, *filter(None, map(document.locate, found[:MOST_MISTAKES])))
    diagnostics = tuple(sorted(located, key=lambda one: (one.line, one.column)))
    if diagnostics or shape is None:
        return None, diagnostics
    return _table(shape, signals, hashlib.sha256(content).hexdigest()), ()


@lru_cache(maxsize=1)
def built_in_upload_signals() -> SignalTable:
    """Return the table that is shipped."""
    return load_upload_signals(BUILT_IN.read_bytes(), BUILT_IN.name)


class SignalsInUse:
    """The signals of the rules in use."""

    def __init__(self, rules: Callable[[], RuleSet]) -> None:
        self._rules = rules

    def table(self) -> SignalTable:
        """Return the operators' signals, else the built-in ones."""
        return self._rules().upload_signals or built_in_upload_signals()


def _table(shape: UploadSignalsEntry, signals: Sequence[Signal], digest: str) -> SignalTable:
    return SignalTable(
        prior=float(shape.prior),
        suspicious=float(shape.verdicts.suspicious),
        attack=float(shape.verdicts.attack),
        require_families=shape.require_families,
        decisive=frozenset(shape.decisive.families),
        decisive_weight=float(shape.decisive.weight),
        most={str(family): float(weight) for family, weight in shape.families.items()},
        signals=tuple(signals),
        digest=digest,
    )


def _shape(document: Document, found: list[Problem]) -> UploadSignalsEntry | None:
    data = document.data
    if not isinstance(data, Mapping) or "signals" not in data:
        what = "has no `signals`" if isinstance(data, Mapping) else f"is {described(data)}"
        hint = "it begins with `version: 1` and holds `prior`, `verdicts` and a list of `signals`"
        found.append(Problem((), "not-an-upload-signal-file", f"this {what}", hint))
        return None
    rows = data["signals"]
    plain = {**data, "signals": [None] * len(rows)} if isinstance(rows, list) else data
    entry, errors = validate(UploadSignalsEntry, plain)
    found += problems(errors, UploadSignalsEntry, plain, ())
    if rows == []:
        found.append(Problem(("signals",), "bad-value", "`signals` is empty"))
    return entry if isinstance(entry, UploadSignalsEntry) else None


def _signals(document: Document, found: list[Problem]) -> Iterator[Signal]:
    rows = document.data.get("signals") if isinstance(document.data, Mapping) else None
    names: set[str] = set()
    for index, written in enumerate(rows if isinstance(rows, list) else ()):
        before = len(found)
        entry = _entry(written, index, names, found)
        if entry is not None and len(found) == before:
            yield Signal(
                id=entry.id,
                family=entry.family,
                weight=float(entry.weight),
                when=tuple(map(_condition, entry.when)),
                unless=tuple(map(_condition, entry.unless)),
                contains=entry.contains,
            )
        if len(found) >= MOST_MISTAKES:
            return


def _entry(written: Any, index: int, names: set[str], found: list[Problem]) -> SignalEntry | None:
    path = ("signals", index)
    if not isinstance(written, Mapping):
        found.append(Problem(path, "bad-value", f"a signal must be a mapping, not {described(written)}"))
        return None
    entry, errors = validate(SignalEntry, written)
    found += problems(errors, SignalEntry, written, path)
    name = written.get("id")
    if isinstance(name, str) and name in names:
        message, hint = f"there is another signal `{name}`", "ids are unique in a file"
        found.append(Problem((*path, "id"), "duplicate-id", message, hint))
    names |= {name} if isinstance(name, str) else set()
    found += _unknown_measures(written, path)
    return entry if isinstance(entry, SignalEntry) else None


def _unknown_measures(written: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    for part in ("when", "unless"):
        conditions = written.get(part)
        for index, condition in enumerate(conditions if isinstance(conditions, list) else ()):
            name = condition.get("measure") if isinstance(condition, Mapping) else None
            if isinstance(name, str) and name not in MEASURES:
                hint = did_you_mean(name, MEASURES) or "docs/uploads.md lists the measures"
                yield Problem((*path, part, index, "measure"), "unknown-measure", f"there is no measure `{name}`", hint)


def _condition(entry: ConditionEntry) -> Condition:
    comparison = next(word for word in COMPARISONS if getattr(entry, word) is not None)
    return Condition(entry.measure, comparison, float(getattr(entry, comparison)))
