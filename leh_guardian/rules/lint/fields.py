"""Owns the comparison of a pattern's fields with what the selected events look like; the one rule: one type that fits is enough.

A field, value or type is doubted only if no event type that the alternative selects has it. Senders may extend their events
without asking, so all of it is warnings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from leh_guardian.patterns import Field
from leh_guardian.patterns.operators import Absent, AnythingBut, Exact, Exists, Numeric, Operator
from leh_guardian.patterns.values import plain
from leh_guardian.rules.diagnostics import Path, Problem, did_you_mean
from leh_guardian.rules.lint.selection import Selection
from leh_guardian.rules.lint.tree import Miss, find, merge, names_below
from leh_guardian.rules.lint.written import Written
from leh_guardian.rules.shapes.envelope import FIELDS
from leh_guardian.rules.shapes.kinds import OPEN, Kind, Leaf
from leh_guardian.rules.wording import described


def check_fields(alternatives: Sequence[Written]) -> Iterator[Problem]:
    """Yield the fields and values that no selected event can have, each place once."""
    told: dict[Path, tuple[Path, Problem]] = {}
    fine: set[Path] = set()
    for one in alternatives:
        for field, place in one.fields():
            if _is_fine(field, one.selection):
                fine.add(place)
                continue
            for problem in _check_field(field, place, one.selection):
                told.setdefault(problem.path, (place, problem))
    # A field that stands outside of `$or` belongs to several alternatives: it makes sense if it does in one of them.
    yield from (problem for place, problem in told.values() if place not in fine)


@lru_cache(maxsize=4096)  # the rules of a folder ask the same few things
def _is_fine(field: Field, selection: Selection) -> bool:
    return next(_check_field(field, (), selection), None) is None


def _check_field(field: Field, place: Path, selection: Selection) -> Iterator[Problem]:
    for doubt in selection.doubts:
        if doubt.field == field.path:
            yield Problem((*place, doubt.index), "unknown-event", doubt.message, doubt.hint, severity="warning")
    steps = tuple(field.path.split("."))
    found = [find(event_type, steps, through_rows=True) for event_type in selection.types or (None,)]
    leaves = [shape for shape in found if not isinstance(shape, Miss)]
    if not leaves:
        yield _unknown(steps, merge([shape for shape in found if isinstance(shape, Miss)]), place, selection)
        return
    if OPEN in leaves:
        return
    known = [shape for shape in leaves if isinstance(shape, Leaf)]
    if not known:
        message = f"`{field.path}` holds fields, never a value: only what is below it can be matched"
        hint = f"it has {', '.join(names_below(leaves[0])[:12])}"
        yield Problem(place, "unknown-field", message, hint, on_key=True, severity="warning")
        return
    for index, operator in enumerate(field.operators):
        complaints = [_complain(operator, leaf, field.path, field.expected[index]) for leaf in known]
        first = complaints[0]
        if first and all(complaints):
            code, message, hint = first
            yield Problem((*place, index), code, message, hint, severity="warning")


def _unknown(steps: Sequence[str], miss: Miss, place: Path, selection: Selection) -> Problem:
    path, name = ".".join(steps[: miss.depth + 1]), steps[miss.depth]
    if miss.depth == 0:
        hint = did_you_mean(name, FIELDS) or miss.elsewhere or f"an event has {', '.join(FIELDS)}"
        message = f"an event has no field `{name}` at its top"
        return Problem(
            _key_at(place, steps, miss.depth), "unknown-field", message, hint, on_key=True, severity="warning"
        )
    who = _who(selection)
    message = f"`{path}` does not exist in {who}"
    hint = did_you_mean(name, miss.siblings) or miss.elsewhere
    if not hint and miss.siblings:
        hint = f"there is {', '.join(miss.siblings[:12])}"
    if not miss.siblings:
        hint = f"`{'.'.join(steps[: miss.depth])}` is a value and has no fields"
    return Problem(_key_at(place, steps, miss.depth), "unknown-field", message, hint, on_key=True, severity="warning")


def _key_at(place: Path, steps: Sequence[str], depth: int) -> Path:
    """Return the place of the key that brings the path to step `depth`; one key may hold several steps."""
    left = len(steps)
    for end in range(len(place), 0, -1):
        key = place[end - 1]
        if isinstance(key, int) or isinstance(place[end] if end < len(place) else None, int):
            continue  # the branch of a `$or`, and the `$or`
        left -= key.count(".") + 1
        if left <= depth:
            return place[:end]
    return place


def _who(selection: Selection) -> str:
    names = list(dict.fromkeys(event_type.name for event_type in selection.types))
    if not names:
        return "these events"
    return f"`{names[0]}` events" if len(names) == 1 else f"`{names[0]}` and {len(names) - 1} other types of events"


_Complaint = tuple[str, str, str]
"""Code, message and hint."""


def _complain(operator: Operator, leaf: Leaf, path: str, written: str) -> _Complaint | None:
    """Return what keeps `operator` from ever holding for `leaf`, or from ever refusing anything; None if nothing does."""
    match operator:
        case Exists() | Absent():
            return None
        case Exact():
            fine = not any(_complain_of_value(plain(key), leaf, path) for key in operator.keys)
            return None if fine else _complain_of_value(_as_written(written), leaf, path)
        case AnythingBut():
            return _complain_of_refused(operator, leaf, path)
        case Numeric():
            fits, of = leaf.kind is Kind.NUMBER, "`numeric`"
        case _:
            fits, of = leaf.kind is Kind.TEXT, "an operator for texts"
    if not fits:
        return "wrong-type", f"`{path}` is {leaf.kind.value}: {of} never holds for it", ""
    if leaf.values and not any(operator.matches(value) for value in leaf.values):
        return "unknown-value", f"no value of `{path}` fits", f"it is one of {', '.join(leaf.values)}"
    return None


def _complain_of_refused(operator: AnythingBut, leaf: Leaf, path: str) -> _Complaint | None:
    if leaf.kind is Kind.TEXT and not leaf.values:
        return None
    refused = [plain(key) for one in operator.refused if isinstance(one, Exact) for key in one.keys]
    return next(filter(None, (_complain_of_value(value, leaf, path) for value in refused)), None)


def _complain_of_value(value: Any, leaf: Leaf, path: str) -> _Complaint | None:
    kind = _kind(value)
    if kind is None:
        return None
    if kind is not leaf.kind:
        shown = value if isinstance(value, _Digits) else described(value)
        return "wrong-type", f"`{path}` is {leaf.kind.value}, not {shown}", _how_to_write(value, leaf.kind)
    if leaf.values and value not in leaf.values:
        same = next((known for known in leaf.values if known.lower() == str(value).lower()), None)
        hint = f"did you mean `{same}`?" if same else did_you_mean(str(value), leaf.values)
        hint = hint or f"it is one of {', '.join(leaf.values)}"
        return "unknown-value", f"`{path}` is never {described(value)}", hint
    if leaf.form and not leaf.form.fullmatch(str(value)):
        return "unknown-value", f"`{path}` is never {described(value)}", f"it looks like {leaf.example}"
    return None


def _as_written(expected: str) -> Any:
    """Return the value of an exact match, which `{"exactly": …}` may stand around, with the digits that were written."""
    value = json.loads(expected, parse_float=_Digits, parse_int=_Digits)
    return next(iter(value.values())) if isinstance(value, dict) else value


class _Digits(str):
    """A number as it was written: an account id must not be told as 12345670123.0."""

    __slots__ = ()


def _kind(value: Any) -> Kind | None:
    """Return the kind of a value, None for null: any field may hold it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return Kind.FLAG
    return Kind.TEXT if isinstance(value, str) and not isinstance(value, _Digits) else Kind.NUMBER


def _how_to_write(value: Any, wanted: Kind) -> str:
    if wanted is Kind.TEXT:
        written = str(value).lower() if isinstance(value, bool) else value
        return f'quote it: "{written}"'
    return f"write it without quotes: {value}" if _looks_like(str(value), wanted) else ""


def _looks_like(text: str, kind: Kind) -> bool:
    if kind is Kind.FLAG:
        return text.lower() in {"true", "false"}
    return text.replace(".", "", 1).removeprefix("-").isdecimal()
