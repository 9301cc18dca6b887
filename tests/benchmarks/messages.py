"""Owns the messages and rules of the benchmarks; the one rule: sizes and shapes are those of real alarms, not of test stubs."""

from __future__ import annotations

import json
from typing import Any

from tests.support.builders import alarm_event

KINDS = ("unmatched", "storm", "distinct")

RULES = """
version: 1
rules:
  - id: storm
    mode: observe
    pattern:
      source: [aws.cloudwatch]
      detail-type: [CloudWatch Alarm State Change]
      detail: {alarmName: [{prefix: storm-}], state: {value: [ALARM]}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    guards: {cooldown: 10m}
    actions:
      - uses: notify
        with: {text: "${event.detail.alarmName}"}
"""
_REASON = (
    "Threshold Crossed: 1 out of the last 1 datapoints [3.0 (22/11/26 17:58:00)] was greater than or equal to the threshold"
    " (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
)


def event(kind: str, number: int) -> dict[str, Any]:
    """Return alarm event `number` of a kind; as a body about a kilobyte long, like CloudWatch's."""
    name = {"unmatched": f"other-{number % 100}", "storm": "storm-0", "distinct": f"storm-{number}"}[kind]
    made = alarm_event(name, queue="leh-ai-worker-dlq")
    made["detail"]["state"]["reason"] = _REASON
    made["detail"]["configuration"]["description"] = "Messages in the dead-letter queue of the analysis worker"
    return made


def body(kind: str, number: int) -> str:
    """Return alarm event `number` of a kind as a message body."""
    return json.dumps(event(kind, number))
