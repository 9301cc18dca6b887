"""The index: many patterns, one walk, the same answers."""

from __future__ import annotations

from leh_guardian.patterns import PatternIndex, compile_pattern


def test_match_gives_the_keys() -> None:
    """The keys of all matching patterns are given, whatever their kind, and no others."""
    texts = {
        "exact": '{"source": ["aws.sqs"], "detail": {"n": [1, 2]}}',
        "other": '{"source": ["aws.s3"]}',
        "range": '{"detail": {"n": [{"numeric": [">", 0]}]}}',
        "absent": '{"detail": {"m": [{"exists": false}]}}',
        "either": '{"$or": [{"source": ["aws.s3"]}, {"detail": {"n": [2]}}]}',
        "unused": '{"detail": {"z": [{"prefix": "z"}]}}',
    }
    index = PatternIndex({name: compile_pattern(text) for name, text in texts.items()})
    assert index.match({"source": "aws.sqs", "detail": {"n": 2}}) == {"exact", "range", "absent", "either"}
    assert index.match({"source": "aws.s3", "detail": {"m": 1}}) == {"other", "either"}
    assert index.match({}) == {"absent"}


def test_empty_index() -> None:
    """No patterns, no matches."""
    assert PatternIndex[str]({}).match({"source": "x"}) == set()


def test_keys_may_be_any_hashable() -> None:
    """Keys are given back as they are, so that a caller may index by its own rule objects."""
    pattern = compile_pattern('{"a": [1]}')
    assert PatternIndex({("rule", 1): pattern, ("rule", 2): pattern}).match({"a": [1, 1]}) == {("rule", 1), ("rule", 2)}


def test_no_object_matches_nothing() -> None:
    """An event that is no object is no error and no match."""
    index = PatternIndex({1: compile_pattern('{"a": [{"exists": false}]}')})
    assert index.match([1]) == set()  # type: ignore[arg-type]


def test_paths_of_other_patterns_do_not_interfere() -> None:
    """A pattern's answer does not depend on what else is indexed, arrays and dots included."""
    pattern = compile_pattern('{"d": {"a": [1], "b": [2]}}')
    others = {n: compile_pattern(f'{{"d": {{"e{n}": [1], "a.x": [{n}]}}}}') for n in range(20)}
    index = PatternIndex({"it": pattern, **others})
    assert index.match({"d": [{"a": 1}, {"b": 2}, {"e0": 1}]}) == set()
    assert index.match({"d": [{"a": 1, "b": 2}, {"e0": 1, "a": {"x": 0}}]}) == {"it", 0}
