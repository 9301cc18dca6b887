"""The cheap first look loses nothing: whatever is found when every text is looked at closely is found behind it as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leh_guardian.disclosure import Found, Scanner, Seal, gates, scanner
from leh_guardian.disclosure.checks import business_check
from leh_guardian.disclosure.folding import fold, is_odd, plain_of
from tests.support.leaks import clean, held_out, planted, values
from tests.unit.disclosure.test_properties import SOUP

SCANNER = Scanner(values.TODAY, Seal(b"0123456789abcdef"))
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
BUSINESS = next(
    number for number in (f"123-45-6789{last}" for last in range(10)) if business_check(number.replace("-", ""))
)
AROUND = st.sampled_from(
    ["", " ", "값: ", "비밀번호: ", "order ", "\n", "\t", "x", "9", "-", ".", "/", "(", "가", "“", "%"]
)


def _slowly(line: str) -> list[Found]:
    """Return what a line holds where every detector looks at every text of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "signs_of", lambda text, among=gates.ANYTHING: gates.ANYTHING)
        patch.setattr(scanner, "is_odd", lambda text: True)
        return SCANNER.scan_line(line)


def _spellings(line: str) -> Iterator[str]:
    """Yield a line as other programs would write it."""
    yield line
    yield json.dumps({"at": "2026-11-27T10:00:00Z", "message": line}, ensure_ascii=False)
    yield json.dumps({"message": f"\n{line}\t", "ip": "10.20.30.40"})
    yield json.dumps({"body": json.dumps([{"note": line}])}).replace("/", "\\/")


@pytest.mark.parametrize("kind", planted.KINDS)
def test_no_value_is_lost(kind: str) -> None:
    """Of every kind, in every place and spelling, the same is found as by looking at everything."""
    random = Random(f"gates {kind}")
    for make in (planted.planted_lines, held_out.held_out_lines):
        for one in make(random, kind, 40):
            for line in _spellings(one.line):
                assert SCANNER.scan_line(line) == _slowly(line), line


def test_clean_lines_stay_as_they_are() -> None:
    """Nothing more and nothing less is reported of lines that hold nothing."""
    for line in clean.clean_lines(Random("gates"), 1_500):
        assert SCANNER.scan_line(line) == _slowly(line), line


@given(SOUP)
@settings(max_examples=300, deadline=None)
def test_odd_lines(line: str) -> None:
    """However strange the line, the first look hides nothing of it."""
    for spelling in (line, json.dumps({"a": line}), json.dumps({"pw": line}, ensure_ascii=False)):
        assert SCANNER.scan_line(spelling) == _slowly(spelling)


@given(st.sampled_from(planted.KINDS), st.integers(0, 1_000), AROUND, AROUND)
@settings(max_examples=300, deadline=None)
def test_neighbours(kind: str, seed: int, before: str, after: str) -> None:
    """What stands beside a value, escaped or not, does not hide it from the first look."""
    line = f"{before}{planted.value_of(Random(seed), kind)}{after}"
    for spelling in (line, json.dumps({"note": line}), json.dumps({"phone": line}, ensure_ascii=False)):
        assert SCANNER.scan_line(spelling) == _slowly(spelling)


@given(SOUP)
@settings(max_examples=300, deadline=None)
def test_the_plain_text_is_the_folded_one(text: str) -> None:
    """Folding without places gives the same letters, and changes nothing where there is nothing odd."""
    assert plain_of(text) == fold(text).text
    assert is_odd(text) or plain_of(text) == text


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (json.dumps({"a": BUSINESS}), "kr_brn"),
        (json.dumps({"a": f"\n{BUSINESS}"}), "kr_brn"),
        (json.dumps({"a": "11-99-123456-78"}), "kr_driver_license"),
        (json.dumps({"a": f"secret: {SECRET}"}).replace("/", "\\/"), "aws_secret_key"),
        (json.dumps({"a": f"secret:\n{SECRET}"}), "aws_secret_key"),
        (json.dumps({"a": "https://kim:Qwer12!@host/x"}).replace("/", "\\/"), "password"),
        (json.dumps({"패스 워드": "Qwer12!!"}, ensure_ascii=False), "password"),
        (json.dumps({"a": "010.1234.5678"}), "phone"),
    ],
)
def test_what_escapes_and_gaps_hid(line: str, kind: str) -> None:
    """Values without a word, behind an escape, or with escaped slashes (as PHP writes JSON) are found in JSON as in text."""
    assert [found.kind.value for found in SCANNER.scan_line(line)] == [kind]
