"""Whether one pattern implies another: yes is never wrong, and is said where people would say it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from leh_guardian.patterns import Pattern, PatternError, compile_pattern
from leh_guardian.patterns.values import plain
from leh_guardian.rules.lint.implication import implies
from leh_guardian.rules.lint.witness import witnesses

TEXTS = ["", "a", "b", "ab", "ba", "aba", "A", "aB", "10.0.0.1", "10.1.0.1", "::1", "ß", "a*", "\U0010fffd"]
NUMBERS = [0, 1, 1.5, 2, 3, -1, 2**53 + 1]
BOUNDS = [-1, 0, 1, 1.5, 2, 3]
WILDCARDS = ["*", "a*", "*a", "a*b", "*b*", "a*a", "ab", "a*b*a"]

texts = st.sampled_from(TEXTS)
some = st.lists(st.sampled_from(TEXTS[1:]), min_size=1, max_size=2)
ranges = st.one_of(
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "="]), st.sampled_from(BOUNDS)),
    st.tuples(
        st.sampled_from([">", ">="]), st.sampled_from(BOUNDS), st.sampled_from(["<", "<="]), st.sampled_from(BOUNDS)
    ),
)
operators = st.one_of(
    texts,
    st.sampled_from(NUMBERS),
    st.sampled_from([True, False, None]),
    st.booleans().map(lambda wanted: {"exists": wanted}),
    texts.map(lambda text: {"prefix": text}),
    texts.map(lambda text: {"suffix": text}),
    texts.map(lambda text: {"equals-ignore-case": text}),
    texts.map(lambda text: {"prefix": {"equals-ignore-case": text}}),
    texts.map(lambda text: {"suffix": {"equals-ignore-case": text}}),
    st.sampled_from(WILDCARDS).map(lambda text: {"wildcard": text}),
    ranges.map(lambda bounds: {"numeric": list(bounds)}),
    st.sampled_from(["10.0.0.0/8", "10.0.0.0/16", "10.0.0.1/24", "::/64"]).map(lambda block: {"cidr": block}),
    some.map(lambda refused: {"anything-but": refused}),
    st.lists(st.sampled_from(NUMBERS[:5]), min_size=1, max_size=2).map(lambda refused: {"anything-but": refused}),
    some.map(lambda refused: {"anything-but": {"prefix": refused}}),
    some.map(lambda refused: {"anything-but": {"suffix": refused}}),
    some.map(lambda refused: {"anything-but": {"equals-ignore-case": refused}}),
    st.sampled_from(WILDCARDS).map(lambda text: {"anything-but": {"wildcard": text}}),
)
lists = st.lists(operators, min_size=1, max_size=2)
fields = st.dictionaries(st.sampled_from(["p", "q", "d.x", "d.y", "d.z.w"]), lists, min_size=1, max_size=3)
patterns = st.one_of(
    fields,
    st.builds(
        lambda own, branches: {**own, "$or": branches},
        st.dictionaries(st.sampled_from(["p", "d.x"]), lists, max_size=2),
        st.lists(fields, min_size=2, max_size=3),
    ),
)

# Values that stand where the operators' borders are.
scalars = st.one_of(
    st.text(alphabet="abAB", max_size=4),
    texts,
    st.sampled_from(
        [*NUMBERS, *BOUNDS, -2, 1.2, 4, True, False, None, "010.0.0.1", "10.0.1.1", "0:0:0:0:0:0:0:1", "SS"]
    ),
)
values = st.one_of(scalars, st.lists(scalars, max_size=2))
inner = st.dictionaries(
    st.sampled_from(["x", "y", "z"]),
    st.one_of(
        values, st.dictionaries(st.just("w"), values), st.lists(st.dictionaries(st.just("w"), values), max_size=2)
    ),
)
events = st.fixed_dictionaries(
    {}, optional={"p": values, "q": values, "d": st.one_of(inner, st.lists(inner, max_size=3))}
)


def compiled(written: dict[str, Any]) -> Pattern:
    """Compile a pattern, or try another one."""
    try:
        return compile_pattern(written)
    except PatternError:
        assume(False)
        raise


@settings(max_examples=200, deadline=None)
@given(patterns, patterns, st.lists(events, min_size=1, max_size=12), st.data())
def test_yes_is_certain(
    first: dict[str, Any], second: dict[str, Any], some_events: list[dict[str, Any]], data: st.DataObject
) -> None:
    """No event matches the one and not the other; half of the time the second is a looser copy of the first."""
    if "$or" not in first and data.draw(st.booleans()):
        second = {path: data.draw(st.one_of(st.just(taken), lists)) for path, taken in first.items()}
        second.pop(data.draw(st.sampled_from([None, *second])), None)
    narrow, wide = compiled(first), compiled(second)
    said = implies(narrow, wide)
    event(f"implied: {said}")
    if said:
        for one in some_events:
            assert not narrow.matches(one) or wide.matches(one)
        for one in made(narrow):
            assert wide.matches(one)


@settings(max_examples=100, deadline=None)
@given(patterns)
def test_every_pattern_implies_itself_and_has_a_witness_that_it_matches(written: dict[str, Any]) -> None:
    """Equality is the least that is recognised; a witness is only given if it is one."""
    pattern = compiled(written)
    assert implies(pattern, compile_pattern(written))
    assert all(pattern.matches(one) for one in made(pattern))


def made(pattern: Pattern) -> list[dict[str, Any]]:
    """Return the witnesses of a pattern as events; a dotted key is a path."""
    return [{path: plain(value) for path, value in one.items()} for one in witnesses(pattern) or []]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": ["x"]}, {"a": [{"prefix": ""}]}),
        ({"a": ["x"], "b": [1]}, {"a": ["x", "y"]}),
        ({"a": [{"prefix": "leh-ai"}]}, {"a": [{"prefix": "leh-"}]}),
        ({"a": [{"suffix": "-dlq"}]}, {"a": [{"suffix": "q"}]}),
        ({"a": [{"wildcard": "leh-*-dlq"}]}, {"a": [{"prefix": "leh-"}]}),
        ({"a": [{"wildcard": "leh-*-dlq"}]}, {"a": [{"wildcard": "*-dlq"}]}),
        ({"a": [{"prefix": "leh-a"}]}, {"a": [{"wildcard": "leh-*"}]}),
        ({"a": [{"prefix": "leh-"}]}, {"a": [{"prefix": {"equals-ignore-case": "LEH"}}]}),
        ({"a": [{"equals-ignore-case": "Abc"}]}, {"a": [{"prefix": {"equals-ignore-case": "aB"}}]}),
        ({"a": [{"numeric": [">", 5, "<", 8]}]}, {"a": [{"numeric": [">=", 5]}]}),
        ({"a": [{"numeric": ["=", 5]}]}, {"a": [{"numeric": [">", 4]}]}),
        ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": [{"cidr": "10.0.0.0/8"}]}),
        ({"a": ["10.0.0.1"]}, {"a": [{"cidr": "10.0.0.0/8"}]}),
        ({"a": [{"anything-but": ["x", "y"]}]}, {"a": [{"anything-but": "x"}]}),
        ({"a": [{"anything-but": {"prefix": "a"}}]}, {"a": [{"anything-but": {"prefix": "ab"}}]}),
        ({"a": [{"prefix": "ok"}]}, {"a": [{"anything-but": {"prefix": "test-"}}]}),
        ({"a": [1]}, {"a": [{"exists": True}]}),
        ({"a": [{"exists": False}], "b": [1]}, {"b": [1]}),
        ({"$or": [{"a": ["x"]}, {"a": ["y"], "b": [1]}]}, {"a": ["x", "y", "z"]}),
        ({"a": ["x"]}, {"$or": [{"a": ["x"]}, {"b": [1]}]}),
    ],
)
def test_what_people_see_is_seen(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Each is implied, and not the other way round."""
    assert implies(compile_pattern(first), compile_pattern(second))
    assert not implies(compile_pattern(second), compile_pattern(first))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": ["x"]}, {"a": ["X"]}),
        ({"a": ["x"]}, {"b": ["x"]}),
        ({"a": [{"prefix": "leh"}]}, {"a": [{"prefix": "leh-"}]}),
        ({"a": [{"wildcard": "a*b"}]}, {"a": [{"wildcard": "a*c*b"}]}),
        ({"a": [{"numeric": [">=", 5]}]}, {"a": [{"numeric": [">", 5]}]}),
        ({"a": [{"cidr": "10.0.0.0/8"}]}, {"a": [{"cidr": "11.0.0.0/8"}]}),
        ({"a": [{"exists": False}], "d": {"x": [1]}}, {"a": [{"exists": False}]}),
        ({"a": [{"anything-but": "x"}]}, {"a": [{"anything-but": "y"}]}),
    ],
)
def test_what_is_not_implied_is_not_said(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Near misses, and absence beside fields that could choose an element of an array."""
    assert not implies(compile_pattern(first), compile_pattern(second))


def test_a_question_that_costs_too_much_is_not_answered() -> None:
    """Two patterns of a thousand alternatives each are not compared."""
    many = {"$or": [{"a": [number]} for number in range(1000)]}
    assert not implies(compile_pattern(many), compile_pattern(many))
