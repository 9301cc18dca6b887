"""Wildcard complexity: EventBridge's count, and what it refuses."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leh_guardian.patterns import PatternError, compile_pattern
from leh_guardian.patterns.complexity import MAX_COMPLEXITY, complexity
from leh_guardian.patterns.wildcard import parse_wildcard

REASON = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a"
    " wildcard character"
)

# The first three are of the study (4.10): AWS refuses the first and accepts the others. The rest was asked of
# event-ruler 2.1.0 (MachineComplexityEvaluator).
COUNTS = [
    (["*:*:*:*:*:event-bus/*"], 11),
    (["/Users/*/dir/dir/dir/dir/dir/doc.txt"], 7),
    (["arn:aws:events:us-east-1:*:event-bus/*"], 3),
    ([""], 1),
    (["abc"], 1),
    (["*"], 2),
    (["a*b"], 2),
    (["*a*"], 3),
    (["*aaaa"], 5),
    (["*:*:*:*:*:"], 10),
    (["*ab*ab*ab"], 6),
    (["é*é"], 2),
    (["*éé"], 3),
    (["a*", "b*"], 2),
    (["*a", "*b"], 4),
    (["*a*", "*b*"], 6),
    (["abc*", "ab*"], 4),
    (["*a", "a"], 3),
]


@pytest.mark.parametrize(("wildcards", "count"), COUNTS)
def test_counts(wildcards: list[str], count: int) -> None:
    """The count is event-ruler's."""
    assert complexity([parse_wildcard(text, ()) for text in wildcards]) == count


def _matches_whole(symbols: str, value: str) -> bool:
    reachable = {0}
    for symbol in symbols:
        if symbol == "*":
            reachable = {later for start in reachable for later in range(start, len(value) + 1)}
        else:
            reachable = {start + 1 for start in reachable if value[start : start + 1] == symbol}
        if not reachable:
            return False
    return len(value) in reachable


@settings(max_examples=40, deadline=None)
@given(st.sets(st.text("ab*", max_size=4).filter(lambda text: "**" not in text), min_size=1, max_size=3))
def test_count_is_what_it_says(wildcards: set[str]) -> None:
    """It is the greatest number of beginnings that one value matches, tried out over all short values."""
    beginnings = [f'"{text}"'[: end + 1] for text in wildcards for end in range(len(text) + 2)]
    values = [
        '"' + "".join(letters) + end
        for length in range(8)
        for letters in product("ab", repeat=length)
        for end in ("", '"')
    ]
    most = max(sum(_matches_whole(beginning, value) for beginning in beginnings) for value in values)
    count = complexity([parse_wildcard(text, ()) for text in wildcards])
    assert min(count, MAX_COMPLEXITY + 1) == min(most, MAX_COMPLEXITY + 1)


TOO_MUCH = "*:*:*:*:*:event-bus/*"


@pytest.mark.parametrize(
    "values",
    [
        [{"wildcard": TOO_MUCH}],
        [{"anything-but": {"wildcard": TOO_MUCH}}],
        [{"anything-but": {"wildcard": ["a*", TOO_MUCH]}}],
        [{"wildcard": f"{letter}*"} for letter in "abcdefghijk"],
        [{"wildcard": "*a" * 5000}],
    ],
    ids=range(5),
)
def test_refused(values: list[Any]) -> None:
    """Too complex wildcards are refused in EventBridge's words, at the field."""
    with pytest.raises(PatternError) as refusal:
        compile_pattern({"x": [1], "d": {"a": values}})
    assert str(refusal.value) == REASON
    assert refusal.value.path == ("d", "a")


@pytest.mark.parametrize(
    "pattern",
    [
        {"a": [{"wildcard": "*:*:*:*:*:"}]},
        {"a": [{"wildcard": f"{letter}*"} for letter in "abcdefghij"]},
        {letter: [{"wildcard": "*:*:*"}] for letter in "abcdefghijk"},
        f'{{"a": [{{"wildcard": "{TOO_MUCH}"}}], "a": ["x"]}}',
        {"a": [{"wildcard": "abc" * 10_000 + "*"}]},
    ],
    ids=range(5),
)
def test_accepted(pattern: str | dict[str, Any]) -> None:
    """At the limit, in different fields, or overwritten, wildcards are taken."""
    assert compile_pattern(pattern).paths


def test_other_faults_come_first() -> None:
    """Complexity is judged once the pattern is otherwise valid, as EventBridge does."""
    with pytest.raises(PatternError, match="Unrecognized match type"):
        compile_pattern({"a": [{"wildcard": TOO_MUCH}], "b": [{"regex": "x"}]})
