"""Patterns and events for property tests, small enough in their words that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = st.sampled_from(["", "a", "A", "ab", "ba", "10.0.0.1", "010.0.0.1", "::1", "ß", "*"])
NUMBERS = st.sampled_from([0, 1, 1.0, -0.0, 2, 2.5, 2**53 + 1, 10**23, float("inf")])
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none())
STEPS = st.sampled_from(["a", "b", "c"])
KEYS = st.sampled_from(["a", "b", "c", "a.b", "b.c", "", "$or"])

JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(KEYS, st.sampled_from(["prefix", "anything-but", "numeric"])), inner, max_size=4),
    ),
    max_leaves=12,
)
"""Any JSON value, leaning to the words of the language."""

EVENTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
        max_leaves=10,
    ),
    max_size=4,
)

OPERATORS: st.SearchStrategy[Any] = st.one_of(
    SCALARS,
    st.booleans().map(lambda wanted: {"exists": wanted}),
    TEXTS.map(lambda text: {"prefix": text}),
    TEXTS.map(lambda text: {"suffix": {"equals-ignore-case": text}}),
    TEXTS.map(lambda text: {"wildcard": f"{text}*" if text != "*" else text}),
    TEXTS.map(lambda text: {"anything-but": [text]}),
    st.just({"numeric": [">", 0, "<=", 2]}),
    st.just({"cidr": "10.0.0.0/8"}),
)
LISTS = st.lists(OPERATORS, min_size=1, max_size=3)

OBJECTS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(st.sampled_from(["a", "b", "c", "a.b", ""]), LISTS, min_size=1, max_size=3),
    lambda inner: st.one_of(
        st.dictionaries(STEPS, st.one_of(LISTS, inner), min_size=1, max_size=3),
        st.fixed_dictionaries({"$or": st.lists(inner, min_size=2, max_size=3)}, optional={"c": LISTS}),
    ),
    max_leaves=4,
)
"""Patterns, nearly all of them valid."""
