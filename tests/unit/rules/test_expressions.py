"""What is known of a JMESPath expression before it meets an event."""

from __future__ import annotations

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.rules.expressions import ExpressionError, compile_expression


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("event", {("event",)}),
        ("actions.cause.verdict", {("actions", "cause")}),
        ('actions."a-b".x', {("actions", "a-b")}),
        ("actions.cause[0].x", {("actions", "cause")}),
        ("actions.*.x", {("actions",)}),
        ("event.a || incident.b", {("event", "a"), ("incident", "b")}),
        ("(event || incident).x", {("event", "x"), ("incident", "x")}),
        ("event.list[?name=='x'].value | [0]", {("event", "list")}),
        ("sort_by(event.list, &age)[0]", {("event", "list")}),
        ("event.list[1:3]", {("event", "list")}),
        ("length(event.a) > `3` && !(incident.b)", {("event", "a"), ("incident", "b")}),
        ("!incident.b", {("incident",)}),  # the library reads (!incident).b
        ("event.{a: detail.x, b: id}", {("event", "detail"), ("event", "id")}),
        ("[event.a, incident]", {("event", "a"), ("incident",)}),
        ("@.event", {("event",)}),
        ("@", {()}),
        ("*.x", {()}),
        ("`5`", set()),
    ],
)
def test_what_an_expression_looks_at(text: str, reads: set[tuple[str, ...]]) -> None:
    """The first names of every path it follows from the top."""
    assert compile_expression(text).reads == reads


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a.b.c", {"a.b.c"}),
        ("a[0].b[1][2].c", {"a.[].b.[].[].c"}),
        ("a[*].b", {"a.[].b"}),
        ("a[].b[]", {"a.[].b"}),
        ("a[1:].b", {"a.[].b"}),
        ("a[?b=='x'].c.d", {"a.[].b", "a.[].c.d"}),
        ("a.b || c", {"a.b", "c"}),
        ("(a || b).c", {"a.c", "b.c"}),
        ("a.{x: b, y: c.d}.x", {"a.b", "a.c.d"}),
        ("a | [0].b", {"a"}),
        ("keys(a.b)[0]", {"a.b"}),
        ("(a[*].b)[0]", {"a.[].b"}),
        ("a.*.b", {"a"}),
        ("sort_by(a.b, &c)[0].d", {"a.b"}),
    ],
)
def test_how_far_an_expression_looks(text: str, paths: set[str]) -> None:
    """The whole paths with every step into an array; where a function or a projection makes something new, up to there."""
    assert {".".join(path) for path in compile_expression(text).paths} == paths


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("detail-type", 'names with hyphens need quotes: "detail-type"'),
        ("detail.", "ends too early"),
        ("a[", "ends too early"),
        ("a b", "unexpected `b` as character 3"),
        ("lenght(a)", "did you mean `length`"),
        ("zzz(a)", "there is no function `zzz` in JMESPath"),
        ("length(a, b)", "`length` takes 1 arguments, not 2"),
        ("merge()", "`merge` takes at least 1 arguments, not 0"),
        ("&a", "only for the arguments"),
        ("(" * 900, "not a JMESPath expression"),
        ("a" * 1001, "more than 1000 characters"),
        ("[" + "9" * 900 + "]", ""),
    ],
    ids=lambda value: value[:30],
)
def test_a_wrong_expression_is_told_before_it_runs(text: str, said: str) -> None:
    """Syntax, unknown functions and wrong numbers of arguments alike; nothing else is ever raised."""
    if said:
        with pytest.raises(ExpressionError) as told:
            compile_expression(text)
        assert said in str(told.value)
    else:
        compile_expression(text)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("length(a)", {"a": 5}),
        ("contains(a, `5`)", {"a": "text"}),
        ("sort(a)", {"a": [1, "x"]}),
        ("ceil(a)", {"a": float("inf")}),
        ("max_by(a, &b)", {"a": [{"b": 1}, {"b": "x"}]}),
    ],
)
def test_hostile_values_give_one_kind_of_error(text: str, data: object) -> None:
    """Whatever the library's depths raise, the caller sees an ExpressionError."""
    with pytest.raises(ExpressionError):
        compile_expression(text).search(data)


def test_alternatives_do_not_multiply() -> None:
    """An expression made to have two to the power of many paths is read at once."""
    assert len(compile_expression("(a||b)" + ".[a,b]" * 100).reads) == 4


_NAMES = st.sampled_from(["a", "b", '"c-d"'])
_DATA = st.recursive(
    st.none() | st.integers() | st.text(max_size=2) | st.just([]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "c-d"]), inner, max_size=3),
)


@given(st.lists(_NAMES, min_size=1, max_size=4), _DATA)
def test_a_plain_path_finds_what_the_library_finds(names: list[str], data: object) -> None:
    """The short way through names alone is only quicker."""
    path = ".".join(names)
    assert compile_expression(path).search(data) == jmespath.search(path, data)
