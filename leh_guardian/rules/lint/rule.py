"""Owns the lint of one rule; the one rule: it sees a rule as written and as compiled, and changes neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leh_guardian.patterns import Alternative, Pattern, PatternError, compile_pattern
from leh_guardian.rules.diagnostics import Path, Problem
from leh_guardian.rules.expressions import Expression
from leh_guardian.rules.lint.fields import check_fields
from leh_guardian.rules.lint.implication import implies
from leh_guardian.rules.lint.logic import check_condition, check_logic
from leh_guardian.rules.lint.looks import check_key, check_references, known_types
from leh_guardian.rules.lint.written import Written, find_places
from leh_guardian.rules.triggers import inherited


def lint_rule(
    rule: Mapping[str, Any],
    path: Path,
    patterns: tuple[Pattern, Pattern | None],
    keys: Mapping[str, Expression | None],
) -> Iterator[Problem]:
    """Yield what is impossible (errors) or doubtful (warnings) in a rule whose patterns and keys compile."""
    trigger, resolve = patterns
    opening, problems = _check_pattern(rule["pattern"], trigger, (*path, "pattern"), {})
    yield from problems
    closing: Sequence[Written] = ()
    if resolve:
        shared = inherited(rule["pattern"])
        closing, problems = _check_pattern(rule["resolve_on"], resolve, (*path, "resolve_on"), shared)
        yield from problems
        closes = _of_an_incident(resolve, trigger, keys.get("dedup"))
        if implies(closes, trigger) and not any(problem.severity == "error" for problem in problems):
            message = "`resolve_on` never closes anything: whatever matches it matches `pattern` as well, which opens"
            hint = "name what differs when the trouble is over, such as detail: {state: {value: [OK]}}"
            yield Problem((*path, "resolve_on"), "never-closes", message, hint, on_key=True, severity="warning")
    types, ending = known_types(opening), known_types(closing)
    for name, expression in keys.items():
        if expression:
            yield from check_key(expression, (*path, name), types, ending)
    yield from check_references(rule, path, types)
    yield from _check_conditions(rule.get("actions"), (*path, "actions"))


def _of_an_incident(resolve: Pattern, trigger: Pattern, dedup: Expression | None) -> Pattern:
    """Return what `resolve_on` says together with what it says of an open incident: that one's key satisfied `pattern`.

    Only for a field of `detail` or of the envelope: further down, an array could give the key null and the pattern a value.
    """
    path = dedup.text if dedup else ""
    if len(trigger.alternatives) != 1 or path.removeprefix("detail.").count("."):
        return resolve
    asked = [field for field in trigger.alternatives[0].fields if field.path == path and not field.may_be_absent]
    if not asked or path in resolve.paths:
        return resolve
    return Pattern(tuple(Alternative.of([*one.fields, *asked]) for one in resolve.alternatives))


def _check_pattern(
    written: Mapping[str, Any], pattern: Pattern, path: Path, shared: Mapping[str, Any]
) -> tuple[list[Written], list[Problem]]:
    """Return the alternatives of a pattern, and what is wrong with it; `shared` is what it takes over from `pattern`."""
    alternatives, overwritten = find_places({**shared, **written}, pattern, path)
    found = list(check_logic(str(path[-1]), alternatives, overwritten))
    if not any(problem.severity == "error" for problem in found):
        found += check_fields(alternatives)
    # What is taken over is told where it stands.
    own = [problem for problem in found if problem.severity == "error" or problem.path[len(path)] in written]
    return alternatives, own


def _check_conditions(actions: Any, path: Path) -> Iterator[Problem]:
    for index, action in enumerate(actions if isinstance(actions, list) else ()):
        condition = action.get("if") if isinstance(action, Mapping) else None
        if isinstance(condition, Mapping):
            try:
                pattern = compile_pattern(dict(condition))
            except PatternError:
                continue  # told already
            alternatives, _ = find_places(condition, pattern, (*path, index, "if"))
            yield from check_condition(alternatives)
