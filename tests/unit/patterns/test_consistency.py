"""Array consistency against its definition: choose a leaf for each field in turn, and try every choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from leh_guardian.patterns import Field, compile_pattern
from leh_guardian.patterns.values import canonical

_Membership = dict[int, int]
_Leaf = tuple[str, Any, _Membership]

SCALARS = st.sampled_from([1, 2])


def _flatten(value: Any, path: str, membership: _Membership) -> Iterator[_Leaf]:
    """Give every leaf with the index that each array around it was entered by (study, section 3)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flatten(inner, f"{path}.{key}" if path else key, membership)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            entered = {**membership, id(value): position} if isinstance(inner, dict | list) else membership
            yield from _flatten(inner, path, entered)
    else:
        yield path, value, membership


def _agree(one: _Membership, other: _Membership) -> bool:
    return all(other.get(array, position) == position for array, position in one.items())


def _satisfiable(fields: Sequence[Field], leaves: list[_Leaf], chosen: _Membership) -> bool:
    """Try the first field's leaves, and its absence, each with all that follows (study 4.2 and 4.6)."""
    if not fields:
        return True
    field, *rest = fields
    open_leaves = [leaf for leaf in leaves if leaf[0] == field.path and _agree(leaf[2], chosen)]
    if field.may_be_absent and not open_leaves and _satisfiable(rest, leaves, chosen):
        return True
    return any(
        field.matches(canonical(value)) and _satisfiable(rest, leaves, {**chosen, **membership})
        for _, value, membership in open_leaves
    )


def _nodes(depth: int) -> st.SearchStrategy[Any]:
    """Give events as real ones are: an array holds scalars, or objects, or arrays, but not a mixture."""
    if depth == 0:
        return SCALARS
    inner = _nodes(depth - 1)
    objects = st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    return st.one_of(
        SCALARS,
        st.lists(SCALARS, max_size=2),
        objects,
        st.lists(objects, max_size=3),
        st.lists(st.lists(objects, min_size=1, max_size=2), min_size=1, max_size=2),
    )


PATHS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map(".".join)
VALUES = st.sampled_from([[1], [2], [{"exists": True}], [{"exists": False}], [1, {"exists": False}]])


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(PATHS, VALUES, min_size=1, max_size=5),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), _nodes(3), min_size=1, max_size=3),
)
def test_linear_answer_is_the_exhaustive_one(written: dict[str, Any], event: dict[str, Any]) -> None:
    """Judging each element by itself gives what trying every choice of leaves gives."""
    pattern = compile_pattern(written)
    (alternative,) = pattern.alternatives
    leaves = list(_flatten(event, "", {}))
    assert pattern.matches(event) == _satisfiable(alternative.fields, leaves, {})


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["d.a", "d.b", "d.c", "d.e.a", "d.e.b"]), VALUES, min_size=2, max_size=5),
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "a": SCALARS,
                "b": SCALARS,
                "c": SCALARS,
                "e": st.lists(st.fixed_dictionaries({}, optional={"a": SCALARS, "b": SCALARS}), max_size=3),
            },
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_linear_answer_in_one_array(written: dict[str, Any], elements: list[dict[str, Any]]) -> None:
    """The same where every field meets in one array, with another array inside."""
    pattern = compile_pattern(written)
    (alternative,) = pattern.alternatives
    leaves = list(_flatten({"d": elements}, "", {}))
    assert pattern.matches({"d": elements}) == _satisfiable(alternative.fields, leaves, {})
