"""What counts as there: leaves do, objects and empty arrays do not, null does."""

from __future__ import annotations

import pytest

from tests.unit.patterns.rows import Row, check

EXISTS = '{"a": [{"exists": true}]}'
ABSENT = '{"a": [{"exists": false}]}'
NOT_X = '{"a": [{"anything-but": "x"}]}'

ROWS = [
    Row("4.6", EXISTS, '{"a": null}', True),
    Row("4.6", EXISTS, '{"a": []}', False),
    Row("4.6", EXISTS, '{"a": {}}', False),
    Row("4.6", EXISTS, '{"a": {"b": 1}}', False),
    Row("4.6", EXISTS, '{"a": [{"b": 1}]}', False),
    Row("4.6", EXISTS, '{"a": [{"b": 1}, 0]}', True),
    Row("4.6", ABSENT, '{"a": []}', True),
    Row("4.6", ABSENT, '{"a": {"b": 1}}', True),
    Row("4.6", ABSENT, "{}", True),
    Row("4.6", '{"a": {"b": [{"exists": false}]}}', '{"x": 1}', True),
    Row("4.6", '{"a": {"b": [{"exists": false}]}}', '{"a": "s"}', True),
    Row("4.6", '{"a": ["x", {"exists": false}]}', '{"b": 1}', True),
    Row("4.6", '{"a": ["x", {"exists": false}]}', '{"a": "x"}', True),
    Row("4.6", '{"a": ["x", {"exists": false}]}', '{"a": "y"}', False),
    Row("4.7", NOT_X, '{"b": 1}', False),
    Row("4.7", NOT_X, '{"a": []}', False),
    Row("4.7", NOT_X, '{"a": {"b": 1}}', False),
    Row("4.7", NOT_X, '{"a": null}', True),
    Row("4.7", NOT_X, '{"a": 1}', True),
    Row("4.7", '{"a": [{"anything-but": "1"}]}', '{"a": 1}', True),
    Row("4.7", '{"a": [{"anything-but": 1}]}', '{"a": "1"}', True),
    Row("4.7", '{"a": [{"anything-but": 1}]}', '{"a": true}', True),
    Row("4.7", '{"a": [{"anything-but": 1}]}', '{"a": 1.0}', False),
    Row("4.7", '{"a": [{"anything-but": {"prefix": "t"}}]}', '{"a": true}', True),
    Row("4.8", '{"a": [null]}', '{"b": 1}', False),
    Row("4.8", '{"a": [null]}', '{"a": []}', False),
    Row("4.8", '{"a": [null]}', '{"a": "null"}', False),
    Row("4.8", '{"a": [1]}', '{"a": true}', False),
    Row("4.8", '{"a": [0]}', '{"a": false}', False),
    Row("4.8", '{"a": [true]}', '{"a": 1}', False),
    Row("4.8", '{"a": [true]}', '{"a": "true"}', False),
    Row("4.8", '{"a": [true]}', '{"a": true}', True),
    Row("4.8", '{"a": [{"prefix": ""}]}', '{"a": ""}', True),
    Row("4.8", '{"a": [{"prefix": ""}]}', '{"a": 1}', False),
    Row("4.8", '{"a": [{"suffix": ""}]}', '{"a": "x"}', True),
    Row("4.8", '{"a": [{"suffix": {"equals-ignore-case": ""}}]}', '{"a": "x"}', True),
    Row("4.8", '{"a": [{"suffix": ""}]}', '{"a": null}', False),
]


@pytest.mark.parametrize("row", ROWS)
def test_presence(row: Row) -> None:
    """Presence is a matter of leaves, and the types of leaves are kept apart."""
    check(row)
