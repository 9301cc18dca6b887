"""Owns the way from YAML to a signature table; the one rule: an operator's rows come first, and one mistake refuses their file.

The built-in table is a file of the same form beside this module, so that what is shipped can be read, copied and overruled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from leh_guardian.diagnosis.failure import FIELDS
from leh_guardian.diagnosis.signatures import UNKNOWN, Signature, Table
from leh_guardian.patterns import Pattern, PatternError, compile_pattern
from leh_guardian.rules.diagnostics import MOST_MISTAKES, Diagnostic, Problem, RulesRefused, did_you_mean
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.rules.signature_entries import SignatureEntry, SignatureFileEntry
from leh_guardian.rules.triggers import pattern_problem
from leh_guardian.rules.wording import described, problems, validate

BUILT_IN: Final = Path(__file__).with_name("signatures.yaml")


@dataclass(frozen=True, slots=True)
class CheckedSignatures:
    """What a file of signatures came to."""

    signatures: tuple[Signature, ...]
    diagnostics: tuple[Diagnostic, ...]


def check_signatures(content: bytes, file: str) -> CheckedSignatures:
    """Look at a file of signatures; whatever it holds, all that is wrong is said."""
    document = read_document(content, file)
    found: list[Problem] = list(_shape(document)) if document.complete else []
    rows: list[Signature] = []
    names: set[str] = set()
    for index, written in enumerate(_rows(document)):
        row, complaints = _row(written, index, names)
        rows += [row] if row else []
        found += complaints
        if len(found) > MOST_MISTAKES:
            found.append(
                Problem(
                    ("signatures", index), "too-many", f"more than {MOST_MISTAKES} mistakes; the rest was not looked at"
                )
            )
            break
    diagnostics = (*document.diagnostics, *filter(None, map(document.locate, found)))
    return CheckedSignatures(tuple(rows), tuple(sorted(diagnostics, key=lambda one: (one.line, one.column))))


def table_of(own: Sequence[Signature] = ()) -> Table:
    """Return the table of an operator's rows and, after them, the built-in ones whose names are not among them."""
    names = {row.id for row in own}
    return Table([*own, *(row for row in _built_in() if row.id not in names)])


def load_signatures(content: bytes, file: str) -> Table:
    """Return the table of a file's rows and the built-in ones.

    Raises:
        RulesRefused: with every mistake of the file.
    """
    checked = check_signatures(content, file)
    if checked.diagnostics:
        raise RulesRefused(checked.diagnostics)
    return table_of(checked.signatures)


class TableInUse:
    """The table of the rules in use: made anew once a reload has brought other rows."""

    def __init__(self, rules: Callable[[], RuleSet]) -> None:
        self._rules = rules
        self._made: tuple[tuple[Signature, ...], Table] | None = None

    def table(self) -> Table:
        """Return the operators' rows and, after them, the built-in ones."""
        own = self._rules().signatures
        if self._made is None or self._made[0] is not own:
            self._made = (own, table_of(own))
        return self._made[1]


@lru_cache(maxsize=1)
def _built_in() -> tuple[Signature, ...]:
    checked = check_signatures(BUILT_IN.read_bytes(), BUILT_IN.name)
    if checked.diagnostics:
        raise RulesRefused(checked.diagnostics)
    return checked.signatures


def _shape(document: Document) -> Iterator[Problem]:
    data = document.data
    if not isinstance(data, Mapping) or "signatures" not in data:
        what = "has no `signatures`" if isinstance(data, Mapping) else f"is {described(data)}"
        hint = "it begins with `version: 1` and holds a list of `signatures`"
        yield Problem((), "not-a-signature-file", f"this {what}", hint)
        return
    rows = data.get("signatures")
    shape = {**data, "signatures": [None] * len(rows)} if isinstance(rows, list) else data
    yield from problems(validate(SignatureFileEntry, shape)[1], SignatureFileEntry, shape, ())


def _rows(document: Document) -> Sequence[Any]:
    rows = document.data.get("signatures") if isinstance(document.data, Mapping) else None
    return rows if isinstance(rows, list) else ()


def _row(written: Any, index: int, names: set[str]) -> tuple[Signature | None, list[Problem]]:
    path = ("signatures", index)
    if not isinstance(written, Mapping):
        return None, [Problem(path, "bad-value", f"a signature must be a mapping, not {described(written)}")]
    entry, errors = validate(SignatureEntry, written)
    found = list(problems(errors, SignatureEntry, written, path))
    pattern = _pattern(written.get("pattern"), (*path, "pattern"), found)
    name = written.get("id")
    if isinstance(name, str):
        if name in names:
            found.append(
                Problem(
                    (*path, "id"), "duplicate-id", f"there is another signature `{name}`", "ids are unique in a file"
                )
            )
        if name == UNKNOWN:
            found.append(Problem((*path, "id"), "bad-value", f"`{UNKNOWN}` is what fits no row", "choose another id"))
        names.add(name)
    if not isinstance(entry, SignatureEntry) or pattern is None or found:
        return None, found
    return Signature(entry.id, entry.verdict, pattern, entry.one_file, entry.many_cases), found


def _pattern(written: Any, path: tuple[str | int, ...], found: list[Problem]) -> Pattern | None:
    if not isinstance(written, dict):
        return None  # missing, or complained of already
    try:
        pattern = compile_pattern(written)
    except PatternError as error:
        found.append(pattern_problem(error, path))
        return None
    for name in pattern.paths:
        top = name.partition(".")[0]
        if name not in FIELDS:
            hint = did_you_mean(top, FIELDS) or f"known here: {', '.join(FIELDS)}"
            at = (*path, top) if top in written else path
            found.append(Problem(at, "unknown-field", f"failures have no field `{name}`", hint, on_key=True))
    return pattern
