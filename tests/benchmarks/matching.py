"""Owns the matching benchmark: one core, decoding included; the one rule: CPU time, so that neighbours do not count."""

from __future__ import annotations

import time
from typing import Any

import orjson

from leh_guardian.patterns import PatternIndex, compile_pattern
from tests.benchmarks.messages import event
from tests.benchmarks.report import table


def measure_matching(seconds: float) -> None:
    """Print events a second at several numbers of rules, which name their alarm exactly or by prefix."""
    bodies = [orjson.dumps(event("distinct", number)) for number in range(1000)]
    print(f"\nMatching: events/s on one core, decoding with orjson included, events of {len(bodies[0])} bytes")
    rows = []
    for rules in (1, 100, 1000):
        exact = _rate(bodies, [f"storm-{n}" for n in range(rules)], seconds)
        prefix = _rate(bodies, [{"prefix": f"storm-{n}"} for n in range(rules)], seconds)
        rows.append([f"{rules} rules", f"{exact:.0f}", f"{prefix:.0f}"])
    table(["", "alarm by name", "alarm by prefix"], rows)


def _rate(bodies: list[bytes], names: list[Any], seconds: float) -> float:
    patterns = {
        n: compile_pattern(
            {"source": ["aws.cloudwatch"], "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}}}
        )
        for n, name in enumerate(names)
    }
    index = PatternIndex(patterns)
    done, began = 0, time.process_time()
    while (spent := time.process_time() - began) < seconds:
        for raw in bodies[done % 1000 : done % 1000 + 100]:
            index.match(orjson.loads(raw))
        done += 100
    return done / spent
