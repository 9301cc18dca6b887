"""``$or``: where it is the operator, where it is a field name, and what the order of writing does."""

from __future__ import annotations

import json

import pytest

from leh_guardian.patterns import PatternError, compile_pattern
from tests.unit.patterns.rows import Row, check

OUTSIDE_FIRST = '{"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}'
OUTSIDE_LAST = '{"$or": [{"a": [2]}, {"b": [3]}], "a": [1]}'
DOUBLED = '{"$or": [{"a": [1]}, {"b": [1]}], "$or": [{"c": [1]}, {"d": [1]}]}'
NESTED = '{"$or": [{"a": [1], "$or": [{"b": [1]}, {"c": [1]}]}, {"d": [1]}]}'
LEAF_AND_OBJECT = '{"a": ["1"], "$or": [{"a": {"b": ["2"]}}, {"z": ["9"]}]}'

ROWS = [
    Row("4.5", '{"s": ["x"], "$or": [{"a": [1]}, {"b": [2]}]}', '{"s": "x", "b": 2}', True),
    Row("4.5", '{"s": ["x"], "$or": [{"a": [1]}, {"b": [2]}]}', '{"s": "y", "b": 2}', False),
    Row("4.5", OUTSIDE_FIRST, '{"a": 2}', True),
    Row("4.5", OUTSIDE_FIRST, '{"a": 1}', False),
    Row("4.5", OUTSIDE_FIRST, '{"a": 1, "b": 3}', True),
    Row("4.5", OUTSIDE_LAST, '{"a": 1}', True),
    Row("4.5", OUTSIDE_LAST, '{"a": 2}', False),
    Row("4.5", DOUBLED, '{"a": 1, "c": 1}', True),
    Row("4.5", DOUBLED, '{"a": 1}', False),
    Row("4.5", NESTED, '{"a": 1, "c": 1}', True),
    Row("4.5", NESTED, '{"a": 1}', False),
    Row("4.5", NESTED, '{"d": 1}', True),
    Row("4.5", LEAF_AND_OBJECT, '{"a": "1"}', False),
    Row("4.5", LEAF_AND_OBJECT, '{"a": "1", "z": "9"}', True),
    Row("4.5", '{"$or": [{"prefix": "a"}, {"suffix": "b"}]}', '{"$or": "abc"}', True),
    Row("4.5", '{"$or": {"m": ["x"]}}', '{"$or": {"m": "x"}}', True),
    Row("4.5", '{"$or": ["x", "y"]}', '{"$or": "y"}', True),
    Row("4.5", '{"prefix": ["x"]}', '{"prefix": "x"}', True),
    Row("4.5", '{"b": [{"exists": false}], "$or": [{"a": [1]}, {"b": [2]}]}', '{"b": 2}', True),
]


@pytest.mark.parametrize("row", ROWS)
def test_or(row: Row) -> None:
    """The operator multiplies out in the order of writing."""
    check(row)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": [{"a": [1]}]}', "Unrecognized match type a"),
        ('{"$or": [{"a": [1]}, 5, [1]]}', "Only JSON object is allowed in array of $or relationship."),
        ('{"$or": "x"}', "It must be an Array followed with $or."),
        ('{"$or": [{"a": {"prefix": ["x"]}}, {"b": [1]}]}', "prefix is Ruler reserved fieldName"),
        ('{"$or": [{}, {"b": [1]}]}', "Empty objects are not allowed"),
    ],
)
def test_or_refused(pattern: str, reason: str) -> None:
    """A ``$or`` that is good neither as operator nor as field is refused for the first, and the second is told."""
    with pytest.raises(PatternError) as refusal:
        compile_pattern(pattern)
    assert reason in str(refusal.value)


def _sides(*counts: int) -> str:
    """Write a pattern with as many ``$or`` side by side, of so many branches each."""
    return json.dumps({f"k{n}": {"$or": [{f"f{i}": [i]} for i in range(count)]} for n, count in enumerate(counts)})


def test_a_thousand_combinations() -> None:
    """A thousand combinations compile, one above is refused (study 4.5)."""
    assert len(compile_pattern(_sides(10, 10, 10)).alternatives) == 1000
    with pytest.raises(PatternError, match="more than 1000 combinations"):
        compile_pattern(_sides(7, 11, 13))


def test_explosion_is_cut_short() -> None:
    """2**60 combinations are refused on the way, not after they are made."""
    with pytest.raises(PatternError, match="combinations"):
        compile_pattern(_sides(*[2] * 60))
