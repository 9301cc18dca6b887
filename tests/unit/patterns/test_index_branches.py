"""Every kind of branch of the index: many patterns of one kind, with events that hit, miss and hit several.

Each set is large enough that the index has to branch by the very kind, and is asked of single values, of arrays of
values and of arrays of objects. What is right is what ``Pattern.matches`` says of each pattern by itself.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from leh_guardian.patterns import PatternIndex, compile_pattern
from leh_guardian.patterns.index import lookup

SETS: dict[str, tuple[list[Any], list[Any]]] = {
    "exact": (
        [f"v{n}" for n in range(20)] + list(range(20)) + [True, None],
        ["v3", 3, 3.0, True, 1, None, "v99"],
    ),
    "lists": ([[f"v{n}", f"v{n + 1}", n] for n in range(20)], ["v3", 3, "v20"]),
    "prefix": ([{"prefix": "abcdefgh"[: n % 8] + str(n // 8)} for n in range(40)], ["abc1x", "abcdefg4", "3", "", 5]),
    "nested prefixes": ([{"prefix": "a" * n} for n in range(20)], ["aaab", "a" * 30, "b", ""]),
    "suffix": ([{"suffix": f"{n}.png"} for n in range(20)], ["x13.png", "3.png", ".png", "13.png.x"]),
    "ignore case": ([{"equals-ignore-case": f"Straße {n}"} for n in range(20)], ["STRASSE 7", "straße 7", "strasse 7"]),
    "ignore case unfoldable": ([{"equals-ignore-case": f"ı{n}"} for n in range(20)], ["I7", "ı7", "i7", "I"]),
    "prefix ignoring case": ([{"prefix": {"equals-ignore-case": f"Ab{n}"}} for n in range(20)], ["aB1x", "AB13", "b"]),
    "suffix ignoring case": ([{"suffix": {"equals-ignore-case": f"{n}ß"}} for n in range(20)], ["x13SS", "3ß", "ss"]),
    "blocks": ([{"cidr": f"10.{n}.0.0/{8 + n % 3 * 8}"} for n in range(20)], ["10.5.0.0", "10.6.9.9", "::1", "x", 7]),
    "blocks of both versions": ([{"cidr": f"fe8{n % 10}::/16"} for n in range(20)], ["fe83::1", "10.0.0.1"]),
    "addresses": ([f"10.0.0.{n}" for n in range(20)], ["010.0.0.5", "10.0.0.5", "10.0.0.99"]),
    "ranges": ([{"numeric": [">=", n, "<", n + 5]} for n in range(20)], [3, 7.5, -1, 24, 25, "7", True]),
    "open ranges": (
        [{"numeric": [sign, n]} for n in range(6) for sign in ("<", "<=", ">", ">=", "=")],
        [3, 2.5, -9, 1e300],
    ),
    "wildcards": ([{"wildcard": f"*abcdef*{n:02d}*"} for n in range(20)], ["xabcdefx07", "abcdef1207", "abcdef", ""]),
    "wildcards of one character": ([{"wildcard": f"*{chr(97 + n)}*"} for n in range(20)], ["bcd", "", "zzz"]),
    "wildcards of a beginning": ([{"wildcard": f"a{n}*"} for n in range(20)], ["a13x", "a1", "b"]),
    "wildcards of an end": ([{"wildcard": f"*-{n}"} for n in range(20)], ["x-13", "-1", "b"]),
    "wildcards of nothing": ([{"wildcard": "*"}] * 3 + [{"wildcard": f"{n}"} for n in range(20)], ["7", "", 7]),
    "anything-but": ([{"anything-but": [f"v{n}", f"v{n + 1}"]} for n in range(20)], ["v3", "x", 3, None]),
    "anything-but numbers": ([{"anything-but": n} for n in range(20)], [3, 3.0, "3"]),
    "anything-but prefix": ([{"anything-but": {"prefix": f"v{n}"}} for n in range(20)], ["v3", "v13", None]),
    "exists": ([[{"exists": True}, f"v{n}"] for n in range(20)], ["v3", None, 0]),
    "absent or": ([[{"exists": False}, f"v{n}"] for n in range(20)], ["v3", None, "x"]),
}


@pytest.mark.parametrize("name", SETS)
def test_branch(name: str) -> None:
    """The index agrees with the patterns, whatever the shape of the event; with a second field that all share, too."""
    operators, values = SETS[name]
    written: list[dict[str, Any]] = []
    for operator in operators:
        listed = operator if isinstance(operator, list) else [operator]
        written += ({"d": {"a": listed}}, {"d": {"a": listed, "b": [{"anything-but": "no"}]}, "s": ["x"]})
    events: list[dict[str, Any]] = [{}, {"d": {}}, {"d": {"a": values}}, {"d": {"a": values, "b": "yes"}, "s": "x"}]
    for value in values:
        events += (
            {"d": {"a": value}},
            {"d": {"a": value, "b": "yes"}, "s": "x"},
            {"d": {"a": value, "b": "no"}, "s": "x"},
            {"d": {"a": [value]}, "s": "y"},
            {"d": [{"a": value, "b": "no"}, {"a": "other", "b": "yes"}], "s": "x"},
            {"d": [{"a": value, "b": "yes"}, {"b": "no"}], "s": "x"},
            {"d.a": value, "d": {"b": ["no", "yes"]}, "s": ["x", "y"]},
        )
    _agree(written, events)


def _agree(written: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
    patterns = {number: compile_pattern(json.dumps(pattern)) for number, pattern in enumerate(written)}
    index = PatternIndex(patterns)
    for event in events:
        expected = {number for number, pattern in patterns.items() if pattern.matches(event)}
        assert index.match(event) == expected, event


def test_levels() -> None:
    """Where one field does not tell patterns apart the next one does, down to what nothing tells apart."""
    written = [
        {
            "source": ["aws.s3"],
            "detail": {
                "bucket": [f"b{n % 3}"],
                "key": [{"prefix": f"k{n % 9}"}],
                "size": [{"numeric": [">", n % 4]}],
                "tag": [{"anything-but": f"t{n % 2}"}],
                **({"extra": [{"exists": n % 5 == 0}]} if n % 2 else {}),
            },
        }
        for n in range(300)
    ]
    detail = {"bucket": "b1", "key": "k4/x", "size": 2, "tag": "t1"}
    events = [
        {"source": "aws.s3", "detail": detail},
        {"source": "aws.sqs", "detail": detail},
        {"source": "aws.s3", "detail": {**detail, "extra": 1, "tag": ["t0", "t1"]}},
        {"source": ["aws.s3", "x"], "detail": [detail, {"bucket": "b2", "key": "k5", "size": 9, "tag": "t7"}]},
        {"source": "aws.s3", "detail": [{"bucket": "b1"}, detail | {"bucket": "b0"}]},
    ]
    _agree(written, events)


def test_many_paths() -> None:
    """With more paths in the index than in an event the event's own paths lead."""
    written = [{f"p{n}": {"q": [n]}} for n in range(100)]
    _agree(written, [{"p7": {"q": 7}}, {"p7.q": [7, 8], "p8": {"q": 8}}, {"p7": 7}, {}])


def test_one_key_of_several_alternatives() -> None:
    """A key whose alternatives refuse different values is refused by none but what all refuse."""
    written = [
        {"$or": [{"a": [{"anything-but": [f"v{n}", "all"]}]}, {"a": [{"anything-but": ["x", "all"]}]}]}
        for n in range(9)
    ]
    _agree(written, [{"a": "v3"}, {"a": "x"}, {"a": "all"}, {"a": ["all", "x"]}, {"a": [{"c": 1}, "all"]}])


def test_nested_elements() -> None:
    """Arrays in arrays of objects are judged exactly, for whichever patterns come that far."""
    written = [{"d": {"n": [n % 5], "e": {"k": [n % 3], "v": [n]}}} for n in range(30)]
    parts = [[{"k": n % 3, "v": n}, {"k": 2, "v": n + 1}] for n in range(8)]
    events = [
        {"d": [{"n": n % 5, "e": part} for n, part in enumerate(parts)]},
        {"d": [{"n": 1, "e": parts[0]}, {"n": 2, "e": parts[1]}]},
        {"d": {"n": 1, "e": parts[1]}},
        {"d": [[{"n": 1}, {"n": 2, "e": parts[2]}], [{"e": parts[1]}]], "d.n": 4},
    ]
    _agree(written, events)


def test_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns of too many alternatives for the index are judged apart, with the same answers."""
    monkeypatch.setattr(lookup, "MAX_INDEXED", 10)
    written: list[dict[str, Any]] = [{"source": ["s"], "a": [n]} for n in range(8)]
    written += (
        {"source": ["s"], "$or": [{"a": [n]} for n in range(5)]},
        {"b": [{"exists": False}], "$or": [{"a": [n]} for n in range(5, 10)]},
    )
    _agree(written, [{"source": "s", "a": 3}, {"source": "t", "a": 3}, {"source": "t", "a": 7}, {"a": 7, "b": 1}])
