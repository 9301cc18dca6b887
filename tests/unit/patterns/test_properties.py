"""Properties that hold of every pattern and every event."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from leh_guardian.patterns import Pattern, PatternError, PatternIndex, compile_pattern
from tests.unit.patterns.strategies import CROWDED_EVENTS, CROWDS, EVENTS, JSON, OBJECTS


@settings(max_examples=25, deadline=None)
@given(st.lists(OBJECTS, min_size=1, max_size=5), st.lists(EVENTS, min_size=1, max_size=3))
def test_three_ways_agree(objects: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
    """The index says what matches says, and an explanation says it too, down to its fields."""
    patterns = {number: compile_pattern(written) for number, written in enumerate(objects)}
    index = PatternIndex(patterns)
    for event in events:
        expected = {number for number, pattern in patterns.items() if pattern.matches(event)}
        assert index.match(event) == expected
        for number, pattern in patterns.items():
            explanation = pattern.explain(event)
            assert explanation.matched == (number in expected)
            assert explanation.nearest.matched == explanation.matched
            for one in explanation.alternatives:
                assert not one.matched or all(field.matched for field in one.fields)
            assert str(explanation)


@settings(max_examples=50, deadline=None)
@given(CROWDS, st.lists(CROWDED_EVENTS, min_size=1, max_size=4))
def test_crowds_agree(crowd: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
    """However many patterns share paths and values, the index says of each what matches says."""
    patterns = {number: compile_pattern(written) for number, written in enumerate(crowd)}
    index = PatternIndex(patterns)
    for event in events:
        assert index.match(event) == {number for number, pattern in patterns.items() if pattern.matches(event)}


@settings(max_examples=25, deadline=None)
@given(JSON)
def test_anything_compiles_or_is_refused(value: Any) -> None:
    """Any JSON value, as text or as Python has it, compiles or raises PatternError and nothing else."""
    outcomes = [_compile(value), _compile(json.dumps(value))]
    assert {type(outcome) for outcome in outcomes} in ({Pattern}, {PatternError})


@settings(max_examples=25, deadline=None)
@given(st.one_of(st.text(max_size=20), st.binary(max_size=20)))
def test_any_text_compiles_or_is_refused(text: str | bytes) -> None:
    """Text that is no JSON at all is refused like any bad pattern."""
    assert isinstance(_compile(text), Pattern | PatternError)


@settings(max_examples=25, deadline=None)
@given(OBJECTS, JSON)
def test_no_event_crashes(written: dict[str, Any], event: Any) -> None:
    """Any JSON value may come as an event."""
    pattern = compile_pattern(written)
    assert pattern.matches(event) == pattern.explain(event).matched
    assert PatternIndex({1: pattern}).match(event) == ({1} if pattern.matches(event) else set())


@settings(max_examples=25, deadline=None)
@given(st.lists(OBJECTS, min_size=1, max_size=3), EVENTS)
def test_both_decoders_agree(objects: list[dict[str, Any]], event: dict[str, Any]) -> None:
    """An event decoded by json and by orjson matches the same patterns."""
    text = json.dumps(event)
    if "Infinity" in text:
        return
    for written in objects:
        pattern = compile_pattern(written)
        assert pattern.matches(json.loads(text)) == pattern.matches(orjson.loads(text))


def _compile(written: Any) -> Pattern | PatternError:
    try:
        return compile_pattern(written)
    except PatternError as error:
        return error
