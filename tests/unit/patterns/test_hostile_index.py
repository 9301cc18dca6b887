"""Hostile sets of patterns: what would make an index outgrow memory, or ask every pattern about every element.

None of these tests looks at a clock; with the wrong structure they would not come back, or run out of memory.
"""

from __future__ import annotations

from typing import Any

from leh_guardian.patterns import PatternIndex, compile_pattern

MANY = 3_000


def _index(written: list[dict[str, Any]]) -> PatternIndex[int]:
    return PatternIndex({number: compile_pattern(pattern) for number, pattern in enumerate(written)})


def test_overlapping_ranges() -> None:
    """Ranges that all overlap do not make a list of ranges for each piece of the number line."""
    index = _index([{"a": [{"numeric": [">", n, "<", n + 2 * MANY]}]} for n in range(MANY)])
    assert len(index.match({"a": MANY - 1})) == MANY - 1
    assert index.match({"a": MANY * 2 + MANY - 2.5}) == {MANY - 2, MANY - 1}


def test_long_lists_in_several_fields() -> None:
    """Lists of hundreds of values in several fields are not multiplied with each other."""
    values = [str(n) for n in range(300)]
    written = [{name: [f"{name}{rule}", *values] for name in "abc"} for rule in range(60)]
    index = _index(written)
    assert index.match({"a": "a7", "b": "5", "c": "c7"}) == {7}
    assert len(index.match({"a": "1", "b": "5", "c": "9"})) == 60


def test_prefixes_of_each_other() -> None:
    """Each text a beginning of the next: all of them are found, and none is kept with all that begin it."""
    index = _index([{"a": [{"prefix": "a" * n}]} for n in range(MANY // 2)])
    assert index.match({"a": "a" * 40 + "b" + "a" * MANY}) == set(range(41))


def test_elements_and_patterns() -> None:
    """Each of thousands of patterns has its value in some element, and none has both in one."""
    index = _index([{"d": {"id": [f"e{n}"], "n": [{"numeric": ["=", n + 1]}]}} for n in range(MANY)])
    elements = [{"id": f"e{n}", "n": n} for n in range(MANY)]
    assert index.match({"d": elements}) == set()
    assert index.match({"d": [*elements, {"id": "e5", "n": 6}]}) == {5}


def test_nested_elements_and_patterns() -> None:
    """The same one array deeper."""
    index = _index([{"d": {"id": [f"e{n}"], "x": {"k": [n % 7], "v": [n]}}} for n in range(MANY // 10)])
    elements = [{"id": f"e{n}", "x": [{"k": n % 7}, {"v": n}]} for n in range(MANY)]
    assert index.match({"d": elements}) == set()
    assert index.match({"d": [*elements, {"id": "e5", "x": [{}, {"k": 5, "v": 5}]}]}) == {5}


def test_refusals_and_values() -> None:
    """Thousands of anything-but, asked of thousands of values at once, are one question."""
    index = _index([{"a": [{"anything-but": [f"v{n}", "all"]}]} for n in range(MANY)])
    assert len(index.match({"a": [f"v{n}" for n in range(MANY)]})) == MANY
    assert index.match({"a": ["all", "all"]}) == set()
    assert len(index.match({"a": ["all", "v7"]})) == MANY - 1


def test_wide_alternatives() -> None:
    """Twenty patterns of a thousand alternatives each still tell each other apart by what they do not share."""
    written = [{"s": ["same"], "$or": [{f"k{n % 50}": [n * 100 + rule]} for n in range(1000)]} for rule in range(20)]
    index = _index(written)
    assert index.match({"s": "same", "k3": 305, "k4": 412}) == {5, 12}
    assert index.match({"s": "other", "k3": 305}) == set()


def test_a_long_text() -> None:
    """A quarter of a megabyte of text is read once for all wildcards on it."""
    index = _index([{"a": [{"wildcard": f"*abc*abc{n:05d}*"}]} for n in range(MANY)])
    assert index.match({"a": "abc" * 85_000}) == set()
    assert index.match({"a": "abc" * 85_000 + "00007"}) == {7}
