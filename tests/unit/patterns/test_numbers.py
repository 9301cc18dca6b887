"""Numbers: equal by value where EventBridge can compare them, by their text where it cannot."""

from __future__ import annotations

import math

import pytest

from leh_guardian.patterns import compile_pattern
from tests.unit.patterns.rows import Row, check

ABOVE_ONE = '{"a": [{"numeric": [">", 1]}]}'

ROWS = [
    Row("4.9", '{"a": [300]}', '{"a": 300.0}', True),
    Row("4.9", '{"a": [300]}', '{"a": 3.0e2}', True),
    Row("4.9", '{"a": [3.0e2]}', '{"a": 300}', True),
    Row("4.8", '{"a": [300]}', '{"a": "300"}', False),
    Row("4.8", '{"a": ["300"]}', '{"a": 300}', False),
    Row("4.9", '{"a": [{"numeric": ["=", 0]}]}', '{"a": -0}', True),
    Row("4.9", '{"a": [{"numeric": ["=", -0.0]}]}', '{"a": 0}', True),
    Row("4.9", ABOVE_ONE, '{"a": "5"}', False),
    Row("4.9", '{"a": [{"numeric": [">", 0]}]}', '{"a": true}', False),
    Row("4.9", ABOVE_ONE, '{"a": null}', False),
    Row("4.9", '{"a": [{"numeric": [">", 5000000001]}]}', '{"a": 6000000000}', True),
    Row("4.9", '{"a": [{"numeric": [">", 1e299]}]}', '{"a": 1e300}', True),
    Row("4.9", ABOVE_ONE, '{"a": 9007199254740992}', True),
    Row("4.9", ABOVE_ONE, '{"a": 9007199254740993}', False),
    Row("4.9", '{"a": [9007199254740993]}', '{"a": 9007199254740993}', True),
    Row("4.9", '{"a": [9007199254740993]}', '{"a": 9007199254740992}', False),
    Row("4.9", '{"a": [9007199254740992]}', '{"a": 9007199254740993}', False),
    # 2**60 is a double, but its shortest text has other digits.
    Row("4.9", ABOVE_ONE, '{"a": 1152921504606846976}', False),
    Row("4.9", '{"a": [1152921504606847000]}', '{"a": 1152921504606846976}', False),
    Row("4.9", '{"a": [1152921504606847000]}', '{"a": 1.152921504606847e18}', True),
    Row("4.9", '{"a": [1e23]}', '{"a": 100000000000000000000000}', True),
    Row("4.9", '{"a": [{"anything-but": 9007199254740992}]}', '{"a": 9007199254740993}', True),
    Row("4.9", '{"a": [0.3]}', '{"a": 0.30000000000000004}', False),
    Row("4.9", '{"a": [{"numeric": ["=", 0.1]}]}', '{"a": 0.1}', True),
    Row("4.9", ABOVE_ONE, '{"a": 1e400}', False),
    Row("4.9", '{"a": [{"numeric": ["<", 1]}]}', '{"a": -1e400}', False),
    Row("4.9", '{"a": [1e400]}', '{"a": 1e400}', True),
    Row("4.9", '{"a": [1e400]}', '{"a": -1e400}', False),
    Row("choice", '{"a": [0.1000000000000000055511151231257827]}', '{"a": 0.1000000000000000055511151231257827}', True),
    Row("choice", '{"a": [100000000000000000000001]}', '{"a": 100000000000000000000001}', True),
]


@pytest.mark.parametrize("row", ROWS)
def test_numbers(row: Row) -> None:
    """A number is compared only if its text is the shortest form of a double."""
    check(row)


@pytest.mark.parametrize(
    "value",
    [math.inf, -math.inf, math.nan, pytest.param(10**400, id="long"), pytest.param(-(10**5000), id="longer")],
)
def test_incomparable_numbers(value: float) -> None:
    """Whatever a decoder lets through, numeric refuses, exists accepts, and nothing crashes."""
    event = {"a": value}
    assert not compile_pattern(ABOVE_ONE).matches(event)
    assert not compile_pattern('{"a": [1]}').matches(event)
    pattern = compile_pattern('{"a": [{"exists": true}]}')
    assert pattern.matches(event)
    assert str(pattern.explain(event)).startswith("matches")
