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
from leh_guardian.rules.triggers import Asked, Trigger


def lint_rule(
    rule: Mapping[str, Any],
    path: Path,
    trigger: Trigger,
    keys: Mapping[str, Expression | None],
    by: Mapping[Path, Expression],
    counted: Mapping[Path, Expression],
) -> Iterator[Problem]:
    """Yield what is impossible (errors) or doubtful (warnings) in a rule whose patterns and keys compile.

    `by` has the expressions of an `expect` by their places, that over `after` first; `counted` those of a `window`.
    """
    asked, ends = trigger.opening, trigger.closing
    if asked is None:
        return
    opening, problems = _check_pattern(asked, {})
    yield from problems
    closing: Sequence[Written] = ()
    if ends:
        closing, problems = _check_pattern(ends, trigger.shared)
        yield from problems
        if not any(problem.severity == "error" for problem in problems):
            yield from _check_end(asked, ends, keys.get("dedup"))
    types, ending = known_types(opening), known_types(closing)
    for name, expression in keys.items():
        if expression:
            yield from check_key(expression, (*path, name), types, () if by else ending)
    for (place, expression), seen in zip(by.items(), (types, ending), strict=False):
        yield from check_key(expression, place, seen, ())
    if len(by) == 1:
        for place, expression in by.items():
            yield from check_key(expression, place, ending, ()) if ends else ()
    for place, expression in counted.items():
        yield from check_key(expression, place, types, ())
    yield from check_references(rule, path, types)
    yield from _check_conditions(rule.get("actions"), (*path, "actions"))


def _check_end(opening: Asked, closing: Asked, dedup: Expression | None) -> Iterator[Problem]:
    """Yield why what should end the trouble never does, or always."""
    if closing.path[-1] == "then":
        if implies(opening.pattern, closing.pattern):
            message = "this rule never fires: whatever matches `after` matches `then` as well, which completes it"
            hint = "name what differs when the thing is done, such as another detail-type"
            yield Problem(closing.path, "never-fires", message, hint, on_key=True, severity="warning")
    elif implies(_of_an_incident(closing.pattern, opening.pattern, dedup), opening.pattern):
        message = "`resolve_on` never closes anything: whatever matches it matches `pattern` as well, which opens"
        hint = "name what differs when the trouble is over, such as detail: {state: {value: [OK]}}"
        yield Problem(closing.path, "never-closes", message, hint, on_key=True, severity="warning")


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


def _check_pattern(asked: Asked, shared: Mapping[str, Any]) -> tuple[list[Written], list[Problem]]:
    """Return the alternatives of a pattern, and what is wrong with it; `shared` is what it takes over from `pattern`."""
    written, path = asked.written, asked.path
    alternatives, overwritten = find_places({**shared, **written}, asked.pattern, path)
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
