"""Owns the matching benchmark: one core, decoding included; the one rule: CPU time, so that neighbours do not count.

Every engine is given the same events and the same rules in the same run.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import orjson

from leh_guardian.patterns import PatternIndex, compile_pattern
from tests.benchmarks.matching_adversaries import measure_adversaries
from tests.benchmarks.matching_engines import Engine, event_ruler, moto, ours, taken_by_event_ruler
from tests.benchmarks.matching_events import make_bodies
from tests.benchmarks.matching_rules import make_rules
from tests.benchmarks.report import table

_SIZES = (1, 10, 100, 1_000, 10_000)
_RULER = "event-ruler (PyPI)"
_OTHERS = {"moto": moto, _RULER: event_ruler}


def measure_matching(seconds: float) -> None:
    """Print events a second at several numbers of mixed rules, for this engine and others; then what it costs to build."""
    bodies = make_bodies(1000)
    sizes = [len(body) for body in bodies]
    print(
        f"\nMatching: events/s of one core, CPU time, orjson included; events of {min(sizes)}-{max(sizes)} bytes,"
        f" mean {sum(sizes) / len(sizes):.0f}; ten shapes of rules",
        flush=True,
    )
    floor = _rate(orjson.loads, bodies, seconds)
    print(f"decoding alone: {floor:.0f} events/s, {1e6 / floor:.1f} µs an event")
    rules = make_rules(max(_SIZES))
    others = {name: make for name, make in _OTHERS.items() if _usable(name, make)}
    rows = []
    for count in _SIZES:
        engine = ours(rules[:count])
        rate = _rate(engine, bodies, seconds)
        row = [f"{count} rules", f"{rate:.0f}", f"{1e6 / rate:.1f}", f"{sum(map(engine, bodies)) / len(bodies):.3f}"]
        for make in others.values():
            try:
                theirs = _rate(make(rules[:count]), bodies, seconds)
            except ValueError:  # it takes none of these rules
                row += ["-", "-"]
            else:
                row += [f"{theirs:.{0 if theirs > 100 else 1}f}", f"{rate / theirs:.0f}x"]
        rows.append(row)
    heads = [head for name in others for head in (name, "ours is")]
    table(["", "events/s", "µs", "hits/event", *heads], rows)
    if _RULER in others:
        print(f"{_RULER} takes {taken_by_event_ruler(rules[:10])} of the 10 shapes; it was asked about those only")
    _measure_one(rules[0], bodies, seconds)
    _measure_building(rules)
    measure_adversaries()


def _usable(name: str, make: Callable[[list[dict[str, Any]]], Engine]) -> bool:
    try:
        make([])
    except ImportError as error:
        print(f"{name} is left out: {error}")
        return False
    return True


def _rate(engine: Callable[[bytes], object], bodies: list[bytes], seconds: float) -> float:
    """Return events a second, the better of two runs; a slow engine is stopped between two events."""
    best = 0.0
    for _ in range(2):
        done, began, spent = 0, time.process_time(), 0.0
        while spent < seconds:
            # A few events at a time, so that looking at the clock does not count.
            few = bodies[done % 1000 : done % 1000 + (20 if done else 1)]
            for body in few:
                engine(body)
            done += len(few)
            spent = time.process_time() - began
        best = max(best, done / spent)
    return best


def _measure_one(rule: dict[str, Any], bodies: list[bytes], seconds: float) -> None:
    matches = compile_pattern(rule).matches
    rate = _rate(lambda body: matches(orjson.loads(body)), bodies, seconds)
    print(f"Pattern.matches, no index, one rule: {rate:.0f} events/s")


def _measure_building(rules: list[dict[str, Any]]) -> None:
    began = time.process_time()
    patterns = {number: compile_pattern(rule) for number, rule in enumerate(rules)}
    compiled = time.process_time()
    PatternIndex(patterns)
    indexed = time.process_time()
    tracemalloc.start()
    index = PatternIndex({number: compile_pattern(rule) for number, rule in enumerate(rules)})
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del index
    print(
        f"Building {len(rules)} rules: {compiled - began:.2f} s to compile, {indexed - compiled:.2f} s to index;"
        f" {size / 1e6:.0f} MB, patterns included"
    )
