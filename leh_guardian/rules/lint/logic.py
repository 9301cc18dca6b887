"""Owns what the language alone tells of a pattern; the one rule: an error is told only where no event can ever match.

A single value can always be found for a field, so what makes a pattern impossible is how its fields stand to each other and to
the envelope: one place cannot hold both a value and fields (only an array that mixes the two could, and no sender writes one),
`source` and `detail-type` are texts in every event that guardian takes in, and `detail` is an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from leh_guardian.patterns import Field
from leh_guardian.patterns.operators import Exact, Numeric, Operator
from leh_guardian.rules.diagnostics import Path, Problem
from leh_guardian.rules.lint.implication import alternative_implies, operator_implies
from leh_guardian.rules.lint.written import Overwritten, Written

_ALWAYS_TEXT: Final = ("source", "detail-type")
_ALWAYS_OBJECT: Final = ("detail",)
_MOST_ALTERNATIVES: Final = 100
"""Looked at in pairs; a pattern of more is made by a program."""


def check_logic(key: str, alternatives: Sequence[Written], overwritten: Iterable[Overwritten]) -> Iterator[Problem]:
    """Yield what is impossible or without effect in a pattern, which stands under `key`; none of it needs an event."""
    impossible = [reason for one in alternatives if (reason := _impossible(one.fields(), _ALWAYS_TEXT, _ALWAYS_OBJECT))]
    if alternatives and len(impossible) == len(alternatives):
        place, why = impossible[0]
        yield Problem(place, "unreachable", f"no event can match `{key}`: {why}", on_key=True)
        return
    for place, why in dict(impossible).items():
        message = f"this branch of `$or` can never hold: {why}"
        yield Problem(place, "dead-branch", message, on_key=True, severity="warning")
    yield from _vacuous(alternatives)
    yield from _redundant_values(alternatives)
    yield from _redundant_branches(alternatives)
    for lost in overwritten:
        message = "this field does not count: another one of the same path, further down, takes its place"
        hint = (
            "in an event pattern the last writing of a path holds; to demand one of both, put both values in one list"
        )
        yield Problem(lost.place, "overwritten", message, hint, on_key=True, severity="warning")


def check_condition(alternatives: Sequence[Written]) -> Iterator[Problem]:
    """Yield why the `if` of a step can never hold: the facts of a step are always fields, never a value."""
    steps = {field.path.partition(".")[0] for one in alternatives for field in one.alternative.fields}
    impossible = [reason for one in alternatives if (reason := _impossible(one.fields(), (), tuple(steps)))]
    if alternatives and len(impossible) == len(alternatives):
        place, why = impossible[0]
        yield Problem(place, "never-runs", f"this step never runs: {why}", on_key=True, severity="warning")


def _impossible(
    fields: Sequence[tuple[Field, Path]], always_text: Sequence[str], always_object: Sequence[str]
) -> tuple[Path, str] | None:
    """Return where and why these fields can never hold together, None where they may."""
    demanded = {field.path: place for field, place in fields if not field.may_be_absent}
    for field, place in fields:
        if field.path in always_object and not field.may_be_absent:
            return place, f"`{field.path}` always holds fields, it is never a value"
        if field.path in always_text and not any(_takes_text(operator) for operator in field.operators):
            return place, f"`{field.path}` is a text in every event"
        if field.exact_keys is None and all(map(_is_empty, field.operators)):
            return place, f"no number satisfies the bounds of `{field.path}`"
        if field.may_be_absent:
            continue
        steps = field.path.split(".")
        for end in range(1, len(steps)):
            parent = ".".join(steps[:end])
            if parent in demanded or parent in always_text:
                return place, f"`{parent}` would have to be a value and to hold `{'.'.join(steps[end:])}`"
    return None


def _takes_text(operator: object) -> bool:
    if isinstance(operator, Exact):
        return any(isinstance(key, str) for key in operator.keys)
    return type(operator).__name__ not in {"Numeric", "Absent"}


def _is_empty(operator: Operator) -> bool:
    """Tell whether an operator is a range that holds no number."""
    return isinstance(operator, Numeric) and operator.low == operator.high and (operator.above or operator.below)


def _vacuous(alternatives: Sequence[Written]) -> Iterator[Problem]:
    """Yield `exists: false` on a path below which something is demanded: where that is, the path is no leaf anyway."""
    seen: dict[Path, str] = {}
    for one in alternatives:
        demanded = [field.path for field in one.alternative.fields if not field.may_be_absent]
        for field, place in one.fields():
            if not field.may_be_absent:
                continue
            below = next((path for path in demanded if path.startswith(f"{field.path}.")), None)
            if below:
                seen.setdefault(
                    place, f"`exists: false` says nothing here: `{below}` is demanded, so there is an object"
                )
    for place, message in seen.items():
        yield Problem(place, "no-effect", message, "`exists` looks at values only", on_key=True, severity="warning")


def _redundant_values(alternatives: Sequence[Written]) -> Iterator[Problem]:
    places = {place: field for one in alternatives for field, place in one.fields()}
    for place, field in places.items():
        for index, operator in enumerate(field.operators):
            others = [(at, other) for at, other in enumerate(field.operators) if at != index]
            for at, other in others:
                equal = operator_implies(other, [operator])
                if operator_implies(operator, [other]) and (not equal or at < index):
                    message = (
                        f"{field.expected[index]} adds nothing: {field.expected[at]} in the same list takes it already"
                    )
                    yield Problem((*place, index), "redundant", message, severity="warning")
                    break


def _redundant_branches(alternatives: Sequence[Written]) -> Iterator[Problem]:
    """Yield the branches of `$or` without which the pattern would match the same events."""
    if not 1 < len(alternatives) <= _MOST_ALTERNATIVES:
        return
    branches = dict.fromkeys((at, branch) for one in alternatives for at, branch in one.chosen.items())
    removed: set[tuple[Path, int]] = set()
    for at, branch in reversed(branches):  # of two that are equal the later one is told
        within = [one for one in alternatives if one.chosen.get(at) == branch]
        rest = [
            one
            for one in alternatives
            if one.chosen.get(at) not in {branch, None} and not removed & set(one.chosen.items())
        ]
        covers = [cover for one in within if (cover := _covering(one, rest))]
        if len(covers) == len(within):
            removed.add((at, branch))
            message = (
                f"this branch of `$or` adds nothing: branch {covers[0].chosen[at] + 1} matches whatever it matches"
            )
            yield Problem((*at, branch), "redundant", message, severity="warning")


def _covering(one: Written, others: Sequence[Written]) -> Written | None:
    return next((other for other in others if alternative_implies(one.alternative, other.alternative)), None)
