"""What the conformance tables share: a row, and the one check of it.

A row's source says who says so: "docs" is the AWS documentation ("Amazon EventBridge event patterns: comparison
operators"), a number such as "4.6" or the name of a table is that place in section 4 of the project's study of the
semantics (event_patterns.md, verified on aws/event-ruler), "choice" is one of our own choices (its section 5).
"""

from __future__ import annotations

import json
from typing import NamedTuple

import orjson

from leh_guardian.patterns import PatternIndex, compile_pattern


class Row(NamedTuple):
    """One statement: this pattern matches this event, or does not."""

    source: str
    pattern: str
    event: str
    matches: bool


def check(row: Row) -> None:
    """Hold the row to every way of asking: matches, explain and the index; text read by json and by orjson."""
    pattern = compile_pattern(row.pattern)
    events = [json.loads(row.event)]
    if "e400" not in row.event:  # orjson refuses what no double holds
        events.append(orjson.loads(row.event))
    for event in events:
        assert pattern.matches(event) is row.matches
        assert pattern.explain(event).matched is row.matches
        assert PatternIndex({"key": pattern}).match(event) == ({"key"} if row.matches else set())
