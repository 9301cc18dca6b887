"""Owns `if`: an event pattern over {step id: facts}; the one rule: facts that are not there match as absent, never crash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from leh_guardian.errors import RuleError
from leh_guardian.patterns import PatternError, compile_pattern
from leh_guardian.rules.diagnostics import Path


def holds(condition: Mapping[str, Any], facts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether `condition` holds for the facts of the steps so far, by step id.

    Raises:
        RuleError: the condition is no pattern; one that was loaded with its rule always is.
    """
    try:
        pattern = compile_pattern(dict(condition))
    except PatternError as error:
        raise RuleError(f"the condition of a step is not a pattern: {error}") from error
    return pattern.matches({step: dict(found) for step, found in facts.items()})


def steps_named(condition: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield the step ids that a condition asks about, with their paths; `$or` branches are looked into."""
    for name, value in condition.items():
        if name == "$or" and isinstance(value, list):
            for index, branch in enumerate(value):
                if isinstance(branch, Mapping):
                    yield from steps_named(branch, (*path, name, index))
        else:
            yield (*path, name), name


def facts_asked(conditions: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return {step id: names of its facts} that conditions look at, `$or` branches included."""
    asked: dict[str, set[str]] = {}
    for condition in conditions:
        for path, step in steps_named(condition):
            wanted: Any = condition
            for part in path:
                wanted = wanted[part]
            asked.setdefault(step, set()).update(wanted if isinstance(wanted, Mapping) else ())
    return asked
