"""Events a second through the rule index, decode included, at several numbers of rules."""

from __future__ import annotations

import json
import time

import orjson

from leh_guardian.patterns import PatternIndex, compile_pattern
from tests.support.builders import alarm_event


def measure_matching(seconds: float) -> None:
    """Print the table."""
    bodies = [json.dumps(alarm_event(f"alarm-{number % 997}", queue="q")).encode() for number in range(1000)]
    print("\nMatching, one core, orjson decode included (each rule names its own alarm):")
    for rules in (1, 100, 1000):
        patterns = {
            n: compile_pattern(
                {"source": ["aws.cloudwatch"], "detail": {"alarmName": [f"alarm-{n}"], "state": {"value": ["ALARM"]}}}
            )
            for n in range(rules)
        }
        index = PatternIndex(patterns)
        done, began = 0, time.process_time()
        while time.process_time() - began < seconds:
            index.match(orjson.loads(bodies[done % 1000]))
            done += 1
        print(f"  {rules:>5} rules: {done / (time.process_time() - began):>8.0f} events/s")
