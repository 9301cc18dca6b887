"""Hostile input: depth, breadth and combinations that would sink a recursive or a backtracking matcher.

None of these tests looks at a clock; the wrong algorithm would simply not come back, or would overflow the stack.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from leh_guardian.patterns import Pattern, PatternError, PatternIndex, compile_pattern
from leh_guardian.patterns.wildcard import parse_wildcard, wildcard_matches

DEEP = 6_000


def _answers(pattern: Pattern, event: dict[str, Any]) -> bool:
    matched = pattern.matches(event)
    assert pattern.explain(event).matched == matched
    assert PatternIndex({1: pattern}).match(event) == ({1} if matched else set())
    return matched


def test_deep_objects() -> None:
    """An event nested thousands of levels deep is matched as far as the pattern goes."""
    event: dict[str, Any] = {"b": 1}
    for _ in range(DEEP):
        event = {"a": event}
    assert not _answers(compile_pattern('{"a": {"a": [1]}}'), event)
    assert _answers(compile_pattern('{"a": {"a": {"b": [{"exists": false}]}}}'), event)


@pytest.mark.parametrize("beside", [[], [0], [{"b": 2}]])
def test_deep_arrays(beside: list[Any]) -> None:
    """Arrays in arrays, thousands deep at a path in use, are walked and judged without recursion."""
    value: list[Any] = [{"a": 1, "b": 1}]
    for _ in range(DEEP // 2):
        value = [value, *beside]
    assert _answers(compile_pattern('{"d": {"a": [1], "b": [1]}}'), {"d": value})
    assert not _answers(compile_pattern('{"d": {"a": [1], "b": [3]}}'), {"d": value})


def test_many_arrays_side_by_side() -> None:
    """Eight arrays of a hundred elements with one clash at the end are not 100**8 choices."""
    names = [f"f{n}" for n in range(8)]
    pattern = compile_pattern({**{name: {"a": [1]} for name in names}, "z": {"a": [1], "b": [1]}})
    event = {**{name: [{"a": 1}] * 100 for name in names}, "z": [{"a": 1}, {"b": 1}]}
    assert not _answers(pattern, event)
    assert _answers(pattern, {**event, "z": [{}, {"a": 1, "b": 1}]})


def test_many_arrays_inside_elements() -> None:
    """The same inside the elements of an array, where each has to be judged by itself."""
    names = [f"f{n}" for n in range(8)]
    element = {name: [{"a": 1}] * 5 for name in names}
    pattern = compile_pattern({"d": {**{name: {"a": [1]} for name in names}, "z": [1]}})
    assert not _answers(pattern, {"d": [element] * 50 + [{"z": 1}]})
    assert _answers(pattern, {"d": [element] * 50 + [{**element, "z": 1}]})


def test_many_stars() -> None:
    """A wildcard of many stars is judged in one pass over a value made to defeat backtracking, though none is compiled."""
    pieces = parse_wildcard("*a" * 50 + "b", ())
    assert not wildcard_matches(pieces, "a" * 20_000)
    assert wildcard_matches(pieces, "a" * 20_000 + "b")


@pytest.mark.parametrize("levels", [101, 500, 100_000])
def test_deep_pattern_text(levels: int) -> None:
    """A pattern nested too deep is refused as a pattern."""
    with pytest.raises(PatternError, match="more than 100"):
        compile_pattern('{"a":' * levels + "[1]" + "}" * levels)


def test_deep_pattern_operands() -> None:
    """Depth is no way around the grammar either: inside operands, or in nested $or."""
    for text in (
        '{"a": [' + "[" * 500 + "]" * 500 + "]}",
        '{"a": [{"prefix": ' + '{"x":' * 500 + "1" + "}" * 500 + "}]}",
    ):
        with pytest.raises(PatternError):
            compile_pattern(text)
    nested = '{"a": [1]}'
    for _ in range(200):
        nested = f'{{"$or": [{nested}, {{"b": [1]}}]}}'
    with pytest.raises(PatternError, match="nested more than"):
        compile_pattern(nested)


def test_endless_pattern() -> None:
    """A dict that contains itself, as YAML anchors can make it, is refused."""
    endless: dict[str, Any] = {}
    endless["a"] = endless
    with pytest.raises(PatternError, match="nested more than"):
        compile_pattern(endless)


def test_long_path() -> None:
    """Dots nest as braces do, and are bounded alike."""
    assert _answers(compile_pattern({".".join(["a"] * 100): [1]}), {".".join(["a"] * 100): 1})
    with pytest.raises(PatternError, match="more than 100 steps"):
        compile_pattern({".".join(["a"] * 101): [1]})


def test_huge_numbers() -> None:
    """Numbers of any length compile, match as far as a decoder can read them, and crash nothing."""
    digits = "1" * 6000
    assert not _answers(compile_pattern(f'{{"a": [{digits}, 0.{digits}, 1e{digits}, 0e{digits}]}}'), {"a": 1})
    with pytest.raises(PatternError, match="Cannot compare number"):
        compile_pattern(f'{{"a": [{{"numeric": [">", {digits}]}}]}}')
    long = "1" * 4000
    assert _answers(compile_pattern(f'{{"a": [{long}]}}'), json.loads(f'{{"a": {long}}}'))
