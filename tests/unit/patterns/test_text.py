"""Text: wildcards, letter case and addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.patterns import compile_pattern
from leh_guardian.patterns.wildcard import parse_wildcard, wildcard_matches
from tests.unit.patterns.rows import Row, check

LAST_CASED = 0x20000
"""Beyond this code point there are ideographs, tags and private letters, none of which has case."""


def _wildcard(wildcard: str, value: str, matches: bool) -> Row:
    return Row("4.10", f'{{"a": [{{"wildcard": "{wildcard}"}}]}}', f'{{"a": "{value}"}}', matches)


def _any_case(text: str, value: str, matches: bool) -> Row:
    return Row("4.11", f'{{"a": [{{"equals-ignore-case": "{text}"}}]}}', f'{{"a": "{value}"}}', matches)


def _cidr(block: str, value: str, matches: bool) -> Row:
    return Row("4.12", f'{{"a": [{{"cidr": "{block}"}}]}}', f'{{"a": "{value}"}}', matches)


ROWS = [
    _wildcard("x*y", "xy", True),
    _wildcard("*", "", True),
    _wildcard("", "", True),
    _wildcard("", "x", False),
    _wildcard("x*y", r"x\ny", True),
    _wildcard(r"x\\*", "x*", True),
    _wildcard(r"x\\*", "xy", False),
    _wildcard(r"x\\\\*", r"x\\y", True),
    _wildcard("a?c", "abc", False),
    _wildcard("a[b]c", "a[b]c", True),
    _wildcard(r"*\\**", "x*y", True),
    _wildcard(r"*\\**", "xy", False),
    _wildcard("ab*ba", "aba", False),
    _wildcard("a*b*b", "ab", False),
    _wildcard("*a*a*", "ba", False),
    _wildcard("*:*:*:*:*:bus", "arn:aws:events:r:1:bus", True),
    Row("4.8", '{"a": [{"wildcard": "*"}]}', '{"a": 1}', False),
    Row("table strings", '{"a": ["*"]}', '{"a": "*"}', True),
    Row("table strings", '{"a": ["*"]}', '{"a": "x"}', False),
    Row("4.11", r'{"a": ["\u00e9"]}', '{"a": "é"}', True),
    Row("4.11", r'{"a": ["\u00e9"]}', r'{"a": "e\u0301"}', False),
    Row("4.13", '{"a": [{"exactly": "x"}]}', '{"a": "x"}', True),
    Row("4.13", '{"a": [{"exactly": "10.0.0.1"}]}', '{"a": "010.0.0.1"}', False),
    _any_case("aBc", "AbC", True),
    _any_case("straße", "STRASSE", True),
    _any_case("straße", "STRAßE", True),
    _any_case("straße", "strasse", False),
    _any_case("k", "\u212a", False),
    _any_case("\u212a", "k", True),
    _any_case("\u01c5", "\u01c5", False),
    _any_case("이메일 A", "이메일 a", True),
    Row("choice", '{"a": [{"equals-ignore-case": "😀"}]}', '{"a": "😀"}', True),
    Row("4.11", '{"a": [{"prefix": {"equals-ignore-case": "straß"}}]}', '{"a": "STRASSE"}', True),
    Row("4.11", '{"a": [{"suffix": {"equals-ignore-case": "aße"}}]}', '{"a": "STRASSE"}', True),
    Row("4.11", '{"a": [{"suffix": {"equals-ignore-case": "aße"}}]}', '{"a": "sse"}', False),
    _cidr("10.0.0.5/24", "10.0.0.200", True),
    _cidr("0.0.0.0/0", "8.8.8.8", True),
    _cidr("10.0.0.0/24", "010.0.0.5", True),
    _cidr("10.0.0.0/24", "10.0.0", False),
    _cidr("10.0.0.0/24", "10.0.0.256", False),
    _cidr("10.0.0.0/24", "10.0.0.1 ", False),
    _cidr("10.0.0.0/24", "10.0.0.٣", False),
    _cidr("10.0.0.0/24", "::ffff:0a00:0001", True),
    _cidr("::ffff:0a00:0001/24", "10.0.0.9", True),
    _cidr("fe80::/10", "FE80::1", True),
    _cidr("fe80::/10", "fe80::1%eth0", False),
    _cidr("fe80::/10", "fe80:::1", False),
    Row("4.12", '{"a": ["10.0.0.1"]}', '{"a": "010.0.0.1"}', True),
    Row("4.12", '{"a": ["::1"]}', '{"a": "0:0:0:0:0:0:0:1"}', True),
    Row("4.12", '{"a": ["::1"]}', '{"a": "::2"}', False),
    Row("4.12", '{"a": ["1:2"]}', '{"a": "1:2"}', True),
    Row("choice", '{"a": [{"cidr": "10.0.0.0/24"}]}', '{"a": "0a00:0000::"}', False),
    Row("choice", '{"a": [{"cidr": "::/0"}]}', '{"a": "10.0.0.5"}', False),
    Row("choice", '{"a": [{"cidr": "0.0.0.0/0"}]}', '{"a": 1.5}', False),
]


@pytest.mark.parametrize("row", ROWS)
def test_text(row: Row) -> None:
    """Text operators keep to text, and to the letter of their rules."""
    check(row)


@given(st.lists(st.text("ab", max_size=3), min_size=1, max_size=5), st.text("ab", max_size=12))
def test_wildcard_against_the_definition(pieces: list[str], value: str) -> None:
    """The greedy match says what trying every split says."""

    def fits(rest: list[str], text: str) -> bool:
        if not rest:
            return text == ""
        starts = range(len(text) + 1)
        return any(
            text[start:].startswith(rest[0]) and fits(rest[1:], text[start + len(rest[0]) :]) for start in starts
        )

    assert wildcard_matches(tuple(pieces), value) == (
        value.startswith(pieces[0])
        and (fits([*pieces[1:-1], pieces[-1]], value[len(pieces[0]) :]) if len(pieces) > 1 else value == pieces[0])
    )


@given(st.text(r"a*\é", max_size=8))
def test_escaped_wildcard_is_literal(text: str) -> None:
    """With both escapes applied, any text is a wildcard that matches itself alone."""
    escaped = text.replace("\\", "\\\\").replace("*", "\\*")
    assert parse_wildcard(escaped, ()) == (text,)


def test_case_forms_never_overlap() -> None:
    """No character's lower and upper forms begin or end one another: what lets AnyCase match without trying again."""
    for char in map(chr, range(LAST_CASED)):
        lower, upper = char.lower(), char.upper()
        if lower != upper and len(lower) != len(upper):
            longer, shorter = sorted((lower, upper), key=len, reverse=True)
            assert not longer.startswith(shorter)
            assert not longer.endswith(shorter)


def test_half_a_surrogate_pair() -> None:
    """json.loads lets halves of surrogate pairs through; they match themselves and can be shown."""
    pattern = compile_pattern(r'{"a": [{"prefix": "\ud83d"}, {"wildcard": "\ud83d*"}]}')
    assert pattern.matches({"a": "\ud83dx"})
    assert str(pattern.explain({"a": "\ud83dx"})).encode()
