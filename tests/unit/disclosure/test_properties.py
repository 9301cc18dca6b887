"""What holds for every text: no exception, offsets that point at the value, and no value in anything that can be shown."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leh_guardian.disclosure import Kind, Scanner, Seal
from leh_guardian.disclosure.json_lines import Places, read_json, walk
from tests.support.leaks import clean, planted
from tests.support.leaks.values import TODAY

SCANNER = Scanner(TODAY, Seal(b"0123456789abcdef"))
PIECES = st.sampled_from(
    [
        *'{}[]":,\\ \n%*=-',
        "password",
        "비밀번호",
        "\\u0039",
        "%2D",
        "010-1234-5678",
        "900101-1234567",
        "***",
        "가",
        "１",
        "null",
    ]
)
SOUP = st.one_of(
    st.text(), st.lists(PIECES, max_size=40).map("".join), st.binary().map(lambda b: b.decode("utf-8", "replace"))
)


@given(SOUP)
@settings(max_examples=300, deadline=None)
def test_no_text_is_too_odd(line: str) -> None:
    """Whatever the line, there is an answer, in order, without overlaps and within the line."""
    end = 0
    for found in SCANNER.scan_line(line):
        assert end <= found.offset < found.offset + found.length <= len(line)
        end = found.offset + found.length


@given(st.text(max_size=20), st.sampled_from([False, True]), st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_a_value_is_found_behind_every_escape(around: str, ascii_only: bool, levels: int) -> None:
    """A number in a text of JSON within JSON is found, and what stands at its offset is read back as that number."""
    number = "010-1234-5678"
    line = json.dumps({"note": f"{around} {number} {around}"}, ensure_ascii=ascii_only)
    for _ in range(levels):
        line = json.dumps({"body": line}, ensure_ascii=ascii_only)
    places = [line[found.offset : found.offset + found.length] for found in SCANNER.scan_line(line)]
    assert number in places


@given(st.text(min_size=7), st.integers(0, 3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_places_of_leaves(text: str, levels: int, ascii_only: bool) -> None:
    """Each letter of a leaf is found again in the line, as the escape that it was written with."""
    line = json.dumps([{"first": 1, "note": f"x{text}"}], ensure_ascii=ascii_only)
    for _ in range(levels):
        line = json.dumps({"body": line}, ensure_ascii=ascii_only)
    places = Places(line)
    for leaf in walk(read_json(line)):
        begin, end = places.place(leaf.trail, 0, len(leaf.text))
        written = line[begin:end]
        for _ in leaf.trail:
            written = json.loads(f'"{written}"', strict=False)
        assert written == leaf.text


@pytest.mark.parametrize("kind", planted.KINDS)
def test_planted_values(kind: str) -> None:
    """Of each kind at least 98 of 100 are found in every place and spelling, and each where it stands."""
    lines = list(planted.planted_lines(Random(kind), kind, 100))
    found = sum(
        any(
            f.kind.value == kind and p.line[f.offset : f.offset + f.length] == p.value
            for f in SCANNER.scan_line(p.line)
        )
        for p in lines
    )
    assert found >= 98


def test_clean_lines() -> None:
    """At most two clean lines of a thousand are reported, harsh as they are; hardly any as confirmed."""
    lines = list(clean.clean_lines(Random(7), 4_000))
    found = [SCANNER.scan_line(line) for line in lines]
    assert sum(map(bool, found)) <= 8
    assert sum(f.tier.value == "confirmed" for founds in found for f in founds) <= 3


def test_records() -> None:
    """A row or an event is looked through as it is, nested and mixed; the field says where."""
    record = {
        "id": 7,
        "actor": {"phone": "010-1234-5678", "tags": ["a", "주민 900101-1234567"]},
        "raw": b'{"password": "Abc123!!"}',
        "when": TODAY,
        "none": None,
    }
    found = [(f.kind.value, f.field, f.offset, f.length) for f in SCANNER.scan_record(record)]
    assert found == [
        ("phone", "$.actor.phone", 0, 13),
        ("kr_rrn", "$.actor.tags[1]", 3, 14),
        ("password", "$.raw.password", 0, 8),
    ]


def test_a_field_path_tells_no_value() -> None:
    """A key that is somebody's number is found, and left out of the paths of what stands under it."""
    line = '{"900101-1234567": {"password": "Abc123!!", "AKIAIOSFODNN7EXAMPLE": 1}}'
    founds = SCANNER.scan_line(line)
    assert {f.kind for f in founds} == {Kind.KR_RRN, Kind.PASSWORD, Kind.AWS_ACCESS_KEY}
    assert not any("900101" in repr(f) or "AKIA" in repr(f) for f in founds)


def test_the_first_of_two_values_of_a_key() -> None:
    """A key that comes twice hides nothing: readers keep the last value, the line has both."""
    assert [f.offset for f in SCANNER.scan_line('{"password":"Abc123!!","password":"***"}')] == [13]


def test_fingerprints() -> None:
    """One number is one number however it is written; another key, another fingerprint; no key is shown or too short."""
    lines = ["주민 900101-1234567", "주민 9001011234567", "rrn=900101%2D1234567"]
    prints = {f.fingerprint for line in lines for f in SCANNER.scan_line(line)}
    assert len(prints) == 1
    assert {f.fingerprint for f in Scanner(TODAY).scan_line(lines[0])} != prints
    phones = ["010-1234-5678", "+82 10 1234 5678", "+82-(0)10-1234-5678"]
    assert len({f.fingerprint for line in phones for f in SCANNER.scan_line(line)}) == 1
    assert "0123456789abcdef" not in repr(Seal(b"0123456789abcdef"))
    with pytest.raises(ValueError, match="16 bytes") as refused:
        Seal(b"short-secret")
    assert "short-secret" not in str(refused.value)


HOSTILE = [
    "1",
    "1-",
    "900101-",
    "password=",
    "비밀번호는 ",
    "***:",
    "{",
    '{"a":',
    "[[",
    '"\\',
    "%2D",
    "\\u0031",
    "eyJa.",
    "sk-a",
    "\uff11",
    "010-1234-5678 ",
    '"010-1234-5678",',
    "-----BEGIN PRIVATE KEY-----",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_lines_end(piece: str) -> None:
    """A line made to annoy is answered: of so many, a form that backtracks would see no end."""
    soup = piece * (100_000 // len(piece))
    SCANNER.scan_line(soup)
    SCANNER.scan_line(json.dumps({"note": soup, "list": [piece] * 5_000}))
