"""Explanations: what a person reads when an event did not match."""

from __future__ import annotations

from leh_guardian.patterns import compile_pattern


def test_fields_tell_expected_and_seen() -> None:
    """Each path tells whether it matched, what was listed, and the values there in the event's order."""
    pattern = compile_pattern('{"source": ["aws.sqs", {"prefix": "leh."}], "detail": {"n": [{"numeric": [">", 3.0]}]}}')
    explanation = pattern.explain({"source": "leh.worker", "detail": [{"n": 1}, {"n": True}, {"n": None}]})
    assert not explanation.matched
    number, source = explanation.fields
    assert (number.path, number.matched, number.seen) == ("detail.n", False, (1, True, None))
    assert number.expected == ('{"numeric": [">", 3.0]}',)
    assert (source.path, source.matched, source.seen) == ("source", True, ("leh.worker",))


def test_text_names_the_failing_field() -> None:
    """The text says which field failed and what was seen instead."""
    pattern = compile_pattern('{"source": ["a"], "state": ["ALARM", {"exists": false}]}')
    assert str(pattern.explain({"source": "b"})) == (
        'does not match\n  NO source: expected "a"; saw "b"\n  ok state: expected "ALARM", {"exists": false}; saw nothing'
    )


def test_nearest_alternative_is_shown() -> None:
    """Of several alternatives the one that matched is shown, or the one with the fewest faults."""
    pattern = compile_pattern('{"$or": [{"a": [1], "b": [1]}, {"c": [1], "d": [1]}]}')
    near = pattern.explain({"a": 2, "b": 2, "c": 1, "d": 2})
    assert [field.path for field in near.fields] == ["c", "d"]
    assert "nearest of 2" in str(near)
    assert [field.path for field in pattern.explain({"a": 1, "b": 1, "c": 1}).fields] == ["a", "b"]


def test_split_over_elements_is_told() -> None:
    """Where every field is found but in different elements of an array, the explanation says just that."""
    pattern = compile_pattern('{"d": {"a": [1], "b": [2]}}')
    explanation = pattern.explain({"d": [{"a": 1}, {"b": 2}]})
    assert explanation.nearest.split
    assert "not all within one element" in str(explanation)
    assert not pattern.explain({"d": [{"a": 1, "b": 2}, {}]}).nearest.split


def test_absence_inside_arrays() -> None:
    """An absence that fails is told with the leaf that is there; one that holds, by choice of element, is ok."""
    absent = compile_pattern('{"d": {"b": [{"exists": false}]}}')
    assert 'NO d.b: expected {"exists": false}; saw 2' in str(absent.explain({"d": [{"a": 1}, {"b": 2}]}))
    chosen = compile_pattern('{"d": {"a": [1], "b": [{"exists": false}]}}')
    assert all(field.matched for field in chosen.explain({"d": [{"a": 1}, {"b": 2}]}).fields)


def test_long_lists_are_shortened() -> None:
    """The text shows a few values and counts the rest; the value has them all."""
    explanation = compile_pattern({"a": list(range(10))}).explain({"a": ["x" * 1000] * 100})
    assert "and 5 more" in str(explanation)
    assert "and 95 more" in str(explanation)
    assert len(str(explanation)) < 2000
    assert len(explanation.fields[0].seen) == 100


def test_no_object_is_no_event() -> None:
    """Something that is no object matches nothing, not even an absence."""
    pattern = compile_pattern('{"a": [{"exists": false}]}')
    for event in ([], "x", None, 1, [{"b": 1}]):
        assert not pattern.matches(event)  # type: ignore[arg-type]
        assert not pattern.explain(event).matched  # type: ignore[arg-type]
