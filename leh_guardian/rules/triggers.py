"""Owns what sets a rule off: its event patterns; the one rule: EventBridge's own reason is told, at the key it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from leh_guardian.patterns import Pattern, PatternError, compile_pattern
from leh_guardian.registry import Registry
from leh_guardian.rules.diagnostics import Path, Problem, did_you_mean
from leh_guardian.rules.schedule import ticks_of

_INHERITED: Final = ("source", "detail-type", "account", "region")
_OPERATORS: Final = ("prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "exists", "numeric", "cidr")


@dataclass(frozen=True, slots=True)
class Asked:
    """A pattern as it is written and as it is compiled."""

    pattern: Pattern
    written: Mapping[str, Any]
    path: Path


@dataclass(frozen=True, slots=True)
class Trigger:
    """The patterns of a rule, None where there is none or it cannot be read."""

    opening: Asked | None
    """`pattern`, the `after` of `expect`, or what matches the ticks of `schedule`."""
    closing: Asked | None
    """`resolve_on`, or the `then` of `expect`."""
    shared: Mapping[str, Any]
    """What `resolve_on` takes over from `pattern`."""


def read_trigger(rule: Mapping[str, Any], path: Path, registry: Registry) -> tuple[Trigger, list[Problem]]:
    """Return the compiled patterns of a rule, and what is wrong with them and with how they stand together.

    What the OK event does not say of where it comes from, it shares with the trouble: `resolve_on` is then one line.
    """
    found = list(_check_choice(rule, path))
    if isinstance(window := rule.get("window"), Mapping):
        found += _check_window(window, (*path, "window"))
    if isinstance(expect := rule.get("expect"), Mapping):
        here = (*path, "expect")
        found += _check_expect(expect, here, registry)
        opening = _compile(expect, "after", here, found)
        return Trigger(opening, _compile(expect, "then", here, found), {}), found
    if isinstance(rule.get("schedule"), Mapping) and isinstance(rule_id := rule.get("id"), str):
        ticks = ticks_of(rule_id)
        return Trigger(Asked(compile_pattern(ticks), ticks, (*path, "schedule")), None, {}), found
    opening = _compile(rule, "pattern", path, found)
    shared = inherited(rule["pattern"]) if opening and rule.get("resolve_on") else {}
    return Trigger(opening, _compile(rule, "resolve_on", path, found, shared), shared), found


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


def _check_choice(rule: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    if "schedule" in rule:
        yield from _check_beside_schedule(rule, path)
        return
    if "expect" not in rule:
        if "pattern" not in rule:
            hint = (
                "The EventBridge event pattern of what happened; or `expect`: what must follow on an event, and did not;"
                " or `schedule`: when it is time."
            )
            yield Problem((*path, "pattern"), "missing-key", "`pattern` is missing", hint)
        return
    if "pattern" in rule:
        message = "a rule has either `pattern` (what happened) or `expect` (what did not follow)"
        yield Problem((*path, "expect"), "bad-value", message, "make two rules of it", on_key=True)
    if "window" in rule:
        message = "`window` measures what `pattern` matches: `expect` is about what did not follow"
        yield Problem((*path, "window"), "bad-value", message, "make two rules of it", on_key=True)
    if "resolve_on" in rule:
        message = "`resolve_on` is for `pattern`: what ends an absence is its `then`"
        yield Problem((*path, "resolve_on"), "bad-value", message, "leave it out", on_key=True)


def _check_beside_schedule(rule: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    for key in ("pattern", "expect", "window"):
        if key in rule:
            message = f"a rule has either `{key}` or `schedule`: no event sets off what its clock does"
            yield Problem((*path, key), "bad-value", message, "make two rules of it", on_key=True)
    if "resolve_on" in rule:
        message = "`resolve_on` is for `pattern`: what a schedule began closes when its plan has ended well"
        yield Problem((*path, "resolve_on"), "bad-value", message, "leave it out", on_key=True)


def _check_window(window: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    if "sum" in window and "distinct" in window:
        message = "a window has either `sum` or `distinct`"
        yield Problem((*path, "distinct"), "bad-value", message, "make two rules of it", on_key=True)
    if "above" in window and "at_least" in window:
        message = "a window has either `above` or `at_least`"
        yield Problem((*path, "at_least"), "bad-value", message, "leave one of them out", on_key=True)
    if not {"above", "at_least"} & window.keys():
        message = "nothing says how much is too much"
        yield Problem(path, "missing-key", message, "give `above` or `at_least`", on_key=True)
    if window.get("at_least") in (0, 0.0):
        yield Problem((*path, "at_least"), "bad-value", "there is always 0 at least: the first event would fire")


def _check_expect(expect: Mapping[str, Any], path: Path, registry: Registry) -> Iterator[Problem]:
    if not {"then", "unless"} & expect.keys():
        message = "without `then` and `unless` nothing could ever be found to have followed"
        yield Problem(path, "missing-key", message, "give `then`, `unless` or both", on_key=True)
    unless = expect.get("unless")
    name = unless.get("uses") if isinstance(unless, Mapping) else None
    spec = registry.get(name) if isinstance(name, str) else None
    if spec is not None and not spec.only_reads:
        readers = ", ".join(sorted(one.name for one in registry if one.only_reads))
        message = f"`{spec.name}` does more than look: it has effects"
        yield Problem((*path, "unless", "uses"), "bad-value", message, f"handlers that only read: {readers}")


def _compile(
    rule: Mapping[str, Any], key: str, path: Path, problems: list[Problem], shared: Mapping[str, Any] | None = None
) -> Asked | None:
    written, here = rule.get(key), (*path, key)
    if not isinstance(written, dict):
        return None  # missing, or of a shape that is complained of already
    try:
        # What is empty stays so, and is refused as such.
        return Asked(compile_pattern({**(shared or {}), **written} if written else written), written, here)
    except PatternError as error:
        problems.append(pattern_problem(error, here))
        return None
