"""Owns what expressions look at in an event; the one rule: a path is doubted only if none of the events that it meets has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leh_guardian.rules.diagnostics import Path, Problem, did_you_mean
from leh_guardian.rules.expression_paths import INDEX
from leh_guardian.rules.expressions import Expression, ExpressionError
from leh_guardian.rules.lint.tree import Miss, find, merge
from leh_guardian.rules.lint.written import Written
from leh_guardian.rules.references import parse_template, texts
from leh_guardian.rules.shapes.envelope import FIELDS
from leh_guardian.rules.shapes.event_type import EventType


def known_types(alternatives: Sequence[Written]) -> tuple[EventType, ...]:
    """Return all event types that a pattern can select, empty where it can select unknown ones."""
    selected = [one.selection.types for one in alternatives]
    return tuple(dict.fromkeys(one for types in selected for one in types)) if all(selected) else ()


def check_key(
    expression: Expression, path: Path, types: Sequence[EventType], closing: Sequence[EventType]
) -> Iterator[Problem]:
    """Yield the paths of `dedup` or `serialize`, at `path`, that the events of `pattern` or those of `resolve_on` do not have."""
    name = path[-1]
    doubts = list(_doubts(expression, types))
    for what, hint in doubts:
        yield Problem(path, "unknown-field", f"`{name}` looks at {what}", hint, severity="warning")
    if not doubts and closing:
        for what, hint in _doubts(expression, closing):
            message = f"an event of `resolve_on` never finds its incident: `{name}` looks at {what}"
            yield Problem(path, "unknown-field", message, hint, severity="warning")


def check_references(rule: Mapping[str, Any], path: Path, types: Sequence[EventType]) -> Iterator[Problem]:
    """Yield the paths of `${event.…}` in the parameters of a rule that its events do not have."""
    actions = rule.get("actions")
    expect = rule.get("expect")
    # What was too much is told in the event (engine/counting.py).
    added = "window" if "window" in rule else ""
    uses: list[tuple[Path, Any]] = [((*path, "verify"), rule.get("verify"))]
    if isinstance(expect, Mapping):
        uses.append(((*path, "expect", "unless"), expect.get("unless")))
    uses += [
        ((*path, "actions", index), action) for index, action in enumerate(actions if isinstance(actions, list) else ())
    ]
    for here, use in uses:
        for at, text in texts(use.get("with") if isinstance(use, Mapping) else None):
            for reference in _references(text):
                for what, hint in _doubts(reference, types, below=("event",), added=added):
                    message = f"the reference ${{{reference.text}}} looks at {what}"
                    yield Problem((*here, "with", *at), "unknown-field", message, hint, severity="warning")


def _references(text: str) -> tuple[Expression, ...]:
    try:
        return parse_template(text).references
    except ExpressionError:
        return ()  # told already


def _doubts(
    expression: Expression, types: Sequence[EventType], below: tuple[str, ...] = (), added: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield what an expression looks at that no event has, with a hint; `below` is the way to it, `added` what guardian puts in."""
    for path in sorted(expression.paths):
        if path[: len(below)] != below:
            continue
        steps = path[len(below) :]
        if added and steps[:1] == (added,):
            continue
        found = [find(event_type, steps, through_rows=False) for event_type in types or (None,)]
        misses = [one for one in found if isinstance(one, Miss)]
        if misses and len(misses) == len(found):
            yield _described(steps, merge(misses), types)


def _described(steps: Sequence[str], miss: Miss, types: Sequence[EventType]) -> tuple[str, str]:
    name, above = steps[miss.depth], _dotted(steps[: miss.depth])
    if miss.depth == 0:
        hint = did_you_mean(name, FIELDS) or miss.elsewhere or f"an event has {', '.join(FIELDS)}"
        return f"`{name}`, which events do not have", hint
    if miss.array and name == INDEX:
        return f"an element of `{above}`, which is no array", "leave the index out"
    if miss.array:
        return f"`{name}` of `{above}`, which is an array", f"take an element: {above}[0].{name}"
    if not miss.siblings:
        return f"`{name}` of `{above}`, which is a value and has no fields", ""
    names = list(dict.fromkeys(event_type.name for event_type in types))
    who = f"`{names[0]}` events" if len(names) == 1 else f"`{names[0]}` and {len(names) - 1} other types of events"
    hint = did_you_mean(name, miss.siblings) or miss.elsewhere or f"there is {', '.join(miss.siblings[:12])}"
    return f"`{_dotted(steps[: miss.depth + 1])}`, which does not exist in {who}", hint


def _dotted(steps: Sequence[str]) -> str:
    return "".join("[0]" if step == INDEX else f".{step}" for step in steps).removeprefix(".")
