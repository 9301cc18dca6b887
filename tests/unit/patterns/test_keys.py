"""Keys: dots join, the last writing holds, and nothing else about a key is special."""

from __future__ import annotations

import pytest

from leh_guardian.patterns import compile_pattern
from tests.unit.patterns.rows import Row, check

ROWS = [
    Row("4.3", '{"a": {"b.c": ["x"]}}', '{"a": {"b": {"c": "x"}}}', True),
    Row("4.3", '{"a": {"b": {"c": ["x"]}}}', '{"a": {"b.c": "x"}}', True),
    Row("4.3", '{"a.b.c": ["x"]}', '{"a": {"b": {"c": "x"}}}', True),
    Row("4.3", '{"a": {"b": {"c": ["x"]}}}', '{"a.b": {"c": "x"}}', True),
    Row("4.3", '{"a": {"b": {"c": ["x"]}}}', '{"a.b.c": "x", "z": 1, "y": 2, "w": 3, "v": 4, "u": 5}', True),
    Row("4.3", '{"a": {"b": [1]}}', '{"a": {"b": 2}, "a.b": 1}', True),
    Row("4.3", '{"a": {"b": ["x"]}}', '{"ab": "x"}', False),
    Row("4.4", '{"a": ["x"], "a": ["y"]}', '{"a": "y"}', True),
    Row("4.4", '{"a": ["x"], "a": ["y"]}', '{"a": "x"}', False),
    Row("4.4", '{"a": {"b": [1]}, "a": {"c": [2]}}', '{"a": {"c": 2}}', False),
    Row("4.4", '{"a": {"b": [1]}, "a": {"c": [2]}}', '{"a": {"b": 1, "c": 2}}', True),
    Row("4.4", '{"a.b": ["x"], "a": {"b": ["y"]}}', '{"a": {"b": "y"}}', True),
    Row("4.4", '{"a.b": ["x"], "a": {"b": ["y"]}}', '{"a": {"b": "x"}}', False),
    Row("table keys", '{"": ["x"]}', '{"": "x"}', True),
    Row("table keys", '{"a": {"": ["x"]}}', '{"a": {"": "x"}}', True),
    Row("4.3", '{"a": {"": ["x"]}}', '{"a.": "x"}', True),
    Row("4.3", '{".": ["x"]}', '{"": {"": "x"}}', True),
    Row("table keys", '{"A": ["x"]}', '{"a": "x"}', False),
    Row("table keys", r'{"\u0061": ["x"]}', '{"a": "x"}', True),
]


@pytest.mark.parametrize("row", ROWS)
def test_keys(row: Row) -> None:
    """A path is the keys joined with dots, in pattern and event alike."""
    check(row)


def test_paths() -> None:
    """A pattern tells the event paths that it uses, each once, sorted."""
    pattern = compile_pattern('{"z": [1], "$or": [{"a.b": [1]}, {"a": {"b": [2], "c": [3]}}]}')
    assert pattern.paths == ("a.b", "a.c", "z")
    assert "a.b, a.c, z" in repr(pattern)


def test_alternatives_in_path_order() -> None:
    """Each alternative lists its fields in the order of their paths, by UTF-16 unit as Java compares them."""
    pattern = compile_pattern('{"b": [1], "\ufb01": [2], "\U0001f600": [3], "a": ["x", {"exists": false}]}')
    (alternative,) = pattern.alternatives
    assert [field.path for field in alternative.fields] == ["a", "b", "\U0001f600", "\ufb01"]
    assert alternative.fields[0].expected == ('"x"', '{"exists": false}')
    assert alternative.fields[0].may_be_absent
