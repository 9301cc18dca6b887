"""Patterns and events for property tests, small enough in their words that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = st.sampled_from([
    "", "a", "A", "ab", "ba", "aB", "abc", "ß", "SS", "*", "K", "\u212a", "가a", "가A",
    "10.0.0.1", "010.0.0.1", "10.0.0.9", "::1", "0:0::1", "xabcdefx", "abcdefabcdef", "a.b",
])  # fmt: skip
NUMBERS = st.sampled_from(
    [0, 1, 1.0, -0.0, 2, 2.5, -1, 2**53, 2**53 + 1, 2**60, 10**23, 10**30 + 1, 1e300, float("inf")]
)
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

WILDCARDS = st.one_of(
    st.sampled_from(["*", "a*", "*b", "a*b", "*b*", "*abcdef*", "x*cde*x", "*가*", "", r"\\*", r"*\**"]),
    TEXTS.map(lambda text: f"{text}*" if text != "*" else text),
)
RANGES = st.sampled_from([
    [">", 0, "<=", 2], [">=", 0, "<", 2], ["=", 1], ["=", 1e23], ["<", 1], [">", 1], [">=", -1, "<=", 1e300], ["<=", 2.5],
])  # fmt: skip
BLOCKS = st.sampled_from(["10.0.0.0/8", "10.0.0.0/29", "0.0.0.0/0", "::/64", "::1/127", "10.0.0.9/30"])


def _with_operand(name: str, operand: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return operand.map(lambda value: {name: value})


ANYTHING_BUT = _with_operand(
    "anything-but",
    st.one_of(
        TEXTS,
        st.lists(TEXTS, min_size=1, max_size=3),
        st.lists(st.sampled_from([0, 1, 2.5, 2**53]), min_size=1, max_size=2),
        _with_operand("prefix", st.sampled_from(["a", "10.", ["a", "x"]])),
        _with_operand("suffix", st.sampled_from(["a", "1", ["b", "x"]])),
        _with_operand("equals-ignore-case", st.one_of(TEXTS, st.lists(TEXTS, min_size=1, max_size=2))),
        _with_operand("wildcard", st.one_of(WILDCARDS, st.lists(WILDCARDS, min_size=1, max_size=2))),
    ),
)
OPERATORS: st.SearchStrategy[Any] = st.one_of(
    SCALARS,
    TEXTS,
    _with_operand("exists", st.booleans()),
    _with_operand("prefix", TEXTS),
    _with_operand("suffix", TEXTS),
    _with_operand("equals-ignore-case", TEXTS),
    _with_operand("prefix", _with_operand("equals-ignore-case", TEXTS)),
    _with_operand("suffix", _with_operand("equals-ignore-case", TEXTS)),
    _with_operand("wildcard", WILDCARDS),
    _with_operand("numeric", RANGES),
    _with_operand("cidr", BLOCKS),
    ANYTHING_BUT,
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

FLAT = st.dictionaries(
    st.sampled_from(["a", "b", "c.a", "c.b"]), st.lists(OPERATORS, min_size=1, max_size=2), min_size=1, max_size=3
)
CROWDS = st.lists(FLAT, min_size=8, max_size=30)
"""So many patterns over so few paths and values that an index has to branch again and again."""

_MEMBERS = st.one_of(SCALARS, TEXTS, st.lists(st.one_of(TEXTS, SCALARS), max_size=3))
_ELEMENTS = st.fixed_dictionaries({}, optional={"a": _MEMBERS, "b": _MEMBERS})
CROWDED_EVENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "a": _MEMBERS,
        "b": _MEMBERS,
        "c": st.one_of(_ELEMENTS, st.lists(_ELEMENTS, max_size=3)),
        "c.a": _MEMBERS,
    },
)
"""Events for them: plain, with arrays of scalars, with arrays of objects, and with a dotted key."""
