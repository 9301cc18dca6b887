"""What is certain of a rule without an event, over many patterns, and what findings do to a load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leh_guardian.patterns import Pattern, PatternError, compile_pattern
from leh_guardian.registry import Registry
from leh_guardian.rules.lint.candidates import Candidates
from leh_guardian.rules.lint.fields import check_fields
from leh_guardian.rules.lint.implication import alternative_implies, implies
from leh_guardian.rules.lint.logic import check_logic
from leh_guardian.rules.lint.witness import witnesses
from leh_guardian.rules.lint.written import find_places
from leh_guardian.rules.loader import check_rules
from tests.unit.rules.conftest import Check
from tests.unit.rules.test_lint_implication import events, lists, patterns

# Paths that lie within each other, the envelope's own among them.
nested = st.dictionaries(
    st.sampled_from(["p", "p.q", "p.q.r", "d.x", "d", "source", "source.of", "detail-type", "detail"]),
    st.one_of(lists, st.just([{"exists": False}]), st.just([{"numeric": ["<", -1.7976931348623157e308]}])),
    min_size=1,
    max_size=3,
)
scalars = st.sampled_from(["", "a", "ab", 0, 1, True, None])
trees = st.recursive(
    scalars, lambda inner: st.dictionaries(st.sampled_from(["q", "r", "x"]), inner, max_size=2), max_leaves=4
)
whole_events = st.fixed_dictionaries(
    {"source": st.sampled_from(["", "a", "ab"]), "detail-type": st.sampled_from(["a", "b"]), "detail": events},
    optional={
        "p": st.one_of(trees, st.lists(trees.filter(lambda tree: isinstance(tree, dict)), max_size=2)),
        "d": trees,
    },
)


@settings(max_examples=200, deadline=None)
@given(nested, st.lists(nested, min_size=2, max_size=2), st.booleans(), st.lists(whole_events, min_size=1, max_size=12))
def test_an_unreachable_pattern_matches_nothing(
    own: dict[str, Any], branches: list[dict[str, Any]], with_or: bool, some_events: list[dict[str, Any]]
) -> None:
    """An error refuses a rule, so no event that could come, without arrays that mix values and objects, may match it."""
    pattern, errors, _ = judged({**own, "$or": branches} if with_or else own)
    if pattern and errors:
        assert not any(pattern.matches(event) for event in some_events)


@settings(max_examples=200, deadline=None)
@given(patterns, st.lists(events, min_size=1, max_size=12))
def test_a_redundant_branch_or_value_makes_no_difference(
    written: dict[str, Any], some_events: list[dict[str, Any]]
) -> None:
    """Without what is said to add nothing, the pattern matches the same events."""
    pattern, _, redundant = judged(written)
    if pattern is None or not redundant:
        return
    lean = without(written, redundant)
    if isinstance(lean.get("$or"), list) and len(lean["$or"]) == 1:
        lean = {**{key: value for key, value in lean.items() if key != "$or"}, **lean["$or"][0]}
    smaller = compile_pattern(lean)
    for event in some_events:
        assert pattern.matches(event) == smaller.matches(event)


@settings(max_examples=100, deadline=None)
@given(st.lists(patterns, min_size=2, max_size=6))
def test_no_implied_pattern_is_missed_among_the_candidates(written: list[dict[str, Any]]) -> None:
    """The shortcut for a thousand rules gives what comparing all of them gives."""
    compiled = [pattern for pattern, _, _ in map(judged, written) if pattern]
    index = Candidates(dict(enumerate(compiled)))
    for one in compiled:
        found = witnesses(one)
        for number, other in enumerate(compiled):
            if found and implies(one, other):
                assert all(number in index.of(values) for values in found)


keys = st.sampled_from(
    ["detail", "source", "state", "a.b", ".", "", ".a", "a.", "$or", "detail.state", "configuration"]
)
odd = st.recursive(
    st.dictionaries(keys, lists, min_size=1, max_size=3),
    lambda inner: st.one_of(
        st.dictionaries(keys, st.one_of(lists, inner), min_size=1, max_size=3),
        st.fixed_dictionaries({"$or": st.lists(inner, min_size=2, max_size=2)}),
    ),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(odd, st.booleans())
def test_every_finding_has_a_place_within_its_pattern(written: dict[str, Any], alarm: bool) -> None:
    """Whatever the keys are, nothing falls over, and each finding points at a key or a value that was written."""
    if alarm:
        written = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"], **written}
    pattern, _, _ = judged(written)
    if pattern is None:
        return
    alternatives, overwritten = find_places(written, pattern, ())
    for problem in (*check_logic("pattern", alternatives, overwritten), *check_fields(alternatives)):
        here: Any = written
        for part in problem.path:
            here = here[part]
        assert problem.path


def judged(written: dict[str, Any]) -> tuple[Pattern | None, list[str], list[tuple[Any, ...]]]:
    """Return a pattern, None for none, the errors about it and the places that are said to be redundant."""
    try:
        pattern = compile_pattern(written)
    except PatternError:
        return None, [], []
    problems = list(check_logic("pattern", *find_places(written, pattern, ())))
    errors = [problem.message for problem in problems if problem.severity == "error"]
    return pattern, errors, [problem.path for problem in problems if problem.code == "redundant"]


def without(written: Any, places: list[tuple[Any, ...]], at: tuple[Any, ...] = ()) -> Any:
    """Return `written` without what stands at `places`."""
    if isinstance(written, dict):
        return {key: without(value, places, (*at, key)) for key, value in written.items()}
    if isinstance(written, list):
        return [
            without(value, places, (*at, index)) for index, value in enumerate(written) if (*at, index) not in places
        ]
    return written


def test_places_are_those_of_the_alternatives() -> None:
    """Dotted and nested keys, overwriting and `$or` within `$or`: each field is found where it was written last."""
    written = {"a": [1], "b": {"c.d": [2]}, "$or": [{"b": {"c": {"d": [3]}}}, {"$or": [{"e": [4]}, {"a": [5]}]}]}
    alternatives, overwritten = find_places(written, compile_pattern(written), ("pattern",))
    places = [{field.path: "/".join(map(str, place[1:])) for field, place in one.fields()} for one in alternatives]
    assert places == [
        {"a": "a", "b.c.d": "$or/0/b/c/d"},
        {"a": "a", "b.c.d": "b/c.d", "e": "$or/1/$or/0/e"},
        {"a": "$or/1/$or/1/a", "b.c.d": "b/c.d"},
    ]
    assert {(lost.place[1:], lost.by[1:]) for lost in overwritten} == {
        (("b", "c.d"), ("$or", 0, "b", "c", "d")),
        (("a",), ("$or", 1, "$or", 1, "a")),
    }


def test_an_or_that_is_a_field_is_left_alone() -> None:
    """Where `$or` cannot be the operator it is a name, and nothing is claimed of the pattern."""
    written = {"$or": [{"prefix": "a"}, {"suffix": "b"}]}
    assert find_places(written, compile_pattern(written), ()) == ([], [])


def test_alternatives_compare_field_by_field() -> None:
    """One alternative implies another that demands less."""
    wide, narrow = compile_pattern({"a": [1, 2]}), compile_pattern({"a": [1], "b": ["x"]})
    assert alternative_implies(narrow.alternatives[0], wide.alternatives[0])


def test_findings_that_are_no_errors_never_refuse_a_file(tmp_path: Path, registry: Registry) -> None:
    """AWS may add a field tomorrow: two hundred rules that use it are loaded, and every warning is told."""
    rules = "".join(
        f"  - {{id: r-{n}, pattern: {{source: [aws.acm], detail-type: [ACM Certificate Expired], detail: {{New: [n-{n}]}}}}}}\n"
        for n in range(200)
    )
    (tmp_path / "a.yaml").write_text(f"version: 1\nrules:\n{rules}", encoding="utf-8")
    loaded, diagnostics = check_rules(tmp_path, registry)
    assert loaded is not None
    assert [diagnostic.code for diagnostic in diagnostics] == ["unknown-field"] * 200


def test_an_unreachable_rule_is_refused(one_rule: Check) -> None:
    """The design: what can never run is a mistake, told at load, and not found out at three in the morning."""
    rules, diagnostics = one_rule("resolve_on: {detail: {state: [OK], state.value: [OK]}}\n")
    assert rules is None
    assert [(diagnostic.code, diagnostic.severity) for diagnostic in diagnostics] == [("unreachable", "error")]


@pytest.mark.parametrize(
    ("dedup", "resolve_on", "found"),
    [
        ("detail.alarmName", "detail: {state: {value: [ALARM]}}", ["never-closes"]),
        ("detail.alarmName", "detail: {state: {value: [OK]}}", []),
        ("detail.alarmName", "detail: {alarmName: [b], state: {value: [ALARM]}}", []),
        ("account", "detail: {state: {value: [ALARM]}}", []),  # another alarm of the account closes it
    ],
)
def test_what_closes_has_the_key_of_what_opened(check: Check, dedup: str, resolve_on: str, found: list[str]) -> None:
    """An OK copied from the alarm's pattern, state and all, closes nothing: the alarm it is for opens."""
    alarm = "{alarmName: [a], state: {value: [ALARM]}}"
    pattern = f"{{source: [aws.cloudwatch], detail-type: [CloudWatch Alarm State Change], detail: {alarm}}}"
    rule = f"{{id: r, pattern: {pattern}, resolve_on: {{{resolve_on}}}, dedup: {dedup}}}"
    _, diagnostics = check(f"version: 1\nrules:\n- {rule}\n")
    assert [diagnostic.code for diagnostic in diagnostics] == found
