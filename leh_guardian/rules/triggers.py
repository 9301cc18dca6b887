"""Owns a rule's two event patterns; the one rule: EventBridge's own reason is told, at the key it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from leh_guardian.patterns import Pattern, PatternError, compile_pattern
from leh_guardian.rules.diagnostics import Path, Problem, did_you_mean

_INHERITED: Final = ("source", "detail-type", "account", "region")
_OPERATORS: Final = ("prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "exists", "numeric", "cidr")


def compile_patterns(rule: Mapping[str, Any], path: Path) -> tuple[Pattern | None, Pattern | None, list[Problem]]:
    """Return the compiled `pattern` and `resolve_on` of a rule, and what is wrong with them.

    What the OK event does not say of where it comes from, it shares with the trouble: `resolve_on` is then one line.
    """
    problems: list[Problem] = []
    trigger = _compile(rule.get("pattern"), (*path, "pattern"), problems)
    closing = rule.get("resolve_on")
    if trigger and isinstance(closing, dict) and closing:
        closing = inherited(rule["pattern"]) | closing
    return trigger, _compile(closing, (*path, "resolve_on"), problems), problems


def inherited(pattern: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `resolve_on` takes over from `pattern` where it does not say otherwise."""
    return {key: value for key, value in pattern.items() if key in _INHERITED}


def pattern_problem(error: PatternError, path: Path) -> Problem:
    """Return the problem of a pattern that stands at `path`."""
    reason, hint = str(error), ""
    if "must be an object or an array" in reason:
        hint = "put the value in a list, such as [ALARM]"
    elif error.path and isinstance(error.path[-1], str):
        known = did_you_mean(error.path[-1], _OPERATORS)
        hint = known if "match type" in reason else ""
    return Problem((*path, *error.path), "bad-pattern", f"not an event pattern: {reason}", hint, on_key=True)


def _compile(written: Any, path: Path, problems: list[Problem]) -> Pattern | None:
    if not isinstance(written, dict):
        return None  # missing, or of a shape that is complained of already
    try:
        return compile_pattern(written)
    except PatternError as error:
        problems.append(pattern_problem(error, path))
        return None
