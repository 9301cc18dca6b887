"""Owns the other engines of the matching benchmark; the one rule: each is used as its authors mean it, prepared once.

Engines without an index ask pattern by pattern. One that cannot be imported is left out, with the reason; none is a
dependency for the benchmark's sake (moto is one of the tests anyway).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import orjson

from leh_guardian.patterns import PatternIndex, compile_pattern

Engine = Callable[[bytes], int]
"""Takes an event as JSON text and counts the patterns that it matches."""


def ours(rules: list[dict[str, Any]]) -> Engine:
    """Return this project's index over the rules."""
    match = PatternIndex({number: compile_pattern(rule) for number, rule in enumerate(rules)}).match
    return lambda body: len(match(orjson.loads(body)))


def moto(rules: list[dict[str, Any]]) -> Engine:
    """Return moto's engine: what `make demo` and many tests have for EventBridge."""
    from moto.events.models import EventPattern

    patterns = [EventPattern(json.dumps(rule), rule) for rule in rules]

    def count(body: bytes) -> int:
        event = orjson.loads(body)
        return sum(pattern.matches_event(event) for pattern in patterns)

    return count


def event_ruler(rules: list[dict[str, Any]]) -> Engine:
    """Return `event-ruler` of PyPI, an engine in Go asked with text; rules that it does not take are left out.

    Raises:
        ImportError: it is not installed.
        ValueError: it takes none of the rules.
    """
    from event_ruler import event_ruler as engine  # type: ignore[import-not-found]  # not a dependency

    patterns = []
    for rule in rules:
        with contextlib.suppress(RuntimeError):  # "invalid pattern": an operator that it does not know
            engine.test_event_pattern("{}", json.dumps(rule))
            patterns.append(json.dumps(rule))

    if rules and not patterns:
        raise ValueError("it takes none of the rules")

    def count(body: bytes) -> int:
        event = body.decode()
        return sum(bool(engine.test_event_pattern(event, pattern)) for pattern in patterns)

    return count


def taken_by_event_ruler(rules: list[dict[str, Any]]) -> int:
    """Count the rules that `event-ruler` of PyPI takes."""
    count = 0
    for rule in rules:
        with contextlib.suppress(ValueError):
            event_ruler([rule])
            count += 1
    return count
