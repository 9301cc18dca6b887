"""What YAML text turns into, where its parts stand, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from leh_guardian.rules import reader
from leh_guardian.rules.diagnostics import Position
from leh_guardian.rules.document import Document, read_document


def read(text: str | bytes) -> Document:
    """Read a text as a rule file."""
    return read_document(text.encode() if isinstance(text, str) else text, "rules.yaml")


def codes(document: Document) -> list[str]:
    """Return what a document was refused for."""
    return [diagnostic.code for diagnostic in document.diagnostics]


@pytest.fixture(params=["libyaml", "pure Python"])
def _either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with PyYAML as it is built with libyaml, and as it is without."""
    if request.param == "pure Python":
        monkeypatch.setattr(reader, "_LOADER", yaml.SafeLoader)


TRAPS: list[tuple[str, Any]] = [
    ("012345670123", "012345670123"),  # an account id: octal in YAML 1.1
    ("123456789012", 123456789012),
    ("22:30", "22:30"),  # 1350 in YAML 1.1
    ("on", "on"),
    ("off", "off"),
    ("yes", "yes"),
    ("no", "no"),
    ("NO", "NO"),
    ("True", "True"),
    ("true", True),
    ("false", False),
    ("null", None),
    ("Null", "Null"),
    ("~", None),
    ("", None),
    ("0", 0),
    ("-0", 0),
    ("+5", 5),
    ("-17", -17),
    ("00", "00"),
    ("0o17", "0o17"),
    ("0x1F", "0x1F"),
    ("0b1", "0b1"),
    ("1_000", "1_000"),
    ("1.5", 1.5),
    ("-2.5e3", -2500.0),
    ("1e3", 1000.0),
    ("01.5", "01.5"),
    (".5", ".5"),
    ("5.", "5."),
    (".inf", ".inf"),
    (".nan", ".nan"),
    ("1e999", "1e999"),  # no JSON number
    ("9" * 5000, "9" * 5000),  # int() refuses it
    ("١٢", "١٢"),  # digits, but not these
    ("2026-11-23", "2026-11-23"),  # a date in YAML 1.1
    ("=", "="),
    ("'5'", "5"),
    ('"true"', "true"),
    ("|\n  5\n", "5\n"),
    (">-\n  a\n  b\n", "a b"),
]


@pytest.mark.usefixtures("_either_parser")
@pytest.mark.parametrize(("written", "meant"), TRAPS, ids=[written[:20] for written, _ in TRAPS])
def test_plain_texts_mean_what_they_look_like(written: str, meant: Any) -> None:
    """Nothing but true, false, null, ~, nothing and decimal numbers is changed; the types are exact."""
    document = read(f"value: {written}\n")
    assert document.diagnostics == ()
    assert document.data == {"value": meant}
    assert type(document.data["value"]) is type(meant)


def test_every_key_and_value_has_its_place() -> None:
    """Places count from 1, in characters, whatever stands to the left."""
    document = read('version: 1\n"한국어": {키: [a, "b"]}\n')
    assert document.place(("한국어",), on_key=True) == Position(2, 1)
    assert document.place(("한국어",)) == Position(2, 8)
    assert document.place(("한국어", "키", 1)) == Position(2, 16)
    assert document.place(("version",), on_key=True) == Position(1, 1)
    assert document.place(("version",)) == Position(1, 10)


def test_what_is_missing_stands_where_it_should_be() -> None:
    """The place of a missing value is that of the nearest thing around it."""
    document = read("rules:\n  - id: a\n")
    assert document.place(("rules", 0, "actions", 3)) == Position(2, 5)
    assert document.place(("elsewhere",)) == Position(1, 1)


def test_a_byte_order_mark_is_no_character() -> None:
    """Windows editors write one; places and keys do not notice."""
    document = read(b"\xef\xbb\xbfversion: 1\n")
    assert document.data == {"version": 1}
    assert document.place(("version",), on_key=True) == Position(1, 1)


def test_windows_line_ends_count_once() -> None:
    """A caret points at the right line of a file with CRLF."""
    assert read("a: 1\r\nb: 2\r\n").place(("b",), on_key=True) == Position(2, 1)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"# comment\n", "empty"),
        (b"a" * (reader.LARGEST + 1), "too-large"),
        (b"a: \x00", "unprintable"),
        (b"a: \x1b[31m", "unprintable"),
        (b"a: \xff", "encoding"),
        (b"\xff\xfea\x00", "encoding"),
        (b'a: "\\0"', "unprintable"),
        (b'a: "\\ud800"', "yaml-syntax"),
        (b"a: [", "yaml-syntax"),
        (b"a: 1\n---\nb: 1\n", "several-documents"),
        (b"a: &x 1\n", "alias"),
        (b"a: *x\n", "alias"),
        (b"&x a: 1\n", "alias"),
        (b"a: !x 1\n", "tag"),
        (b"a: ! 1\n", "tag"),
        (b"<<: {a: 1}\n", "merge-key"),
        (b"1: a\n", "key-not-text"),
        (b"? [a]\n: b\n", "key-not-text"),
        (b"? {a: 1}\n: b\n", "key-not-text"),
        (b"? ~\n: b\n", "key-not-text"),
        (b"a: 1\na: 2\n", "duplicate-key"),
        (b"a: 1\n'a': 2\n", "duplicate-key"),
    ],
)
def test_what_a_rule_file_has_no_use_for_is_refused(content: bytes, code: str) -> None:
    """Each is one diagnostic with its code, and never an exception."""
    assert codes(read(content)) == [code]


def test_a_quoted_merge_key_is_a_key() -> None:
    """Only the plain `<<` merges in YAML 1.1; quoted it is a text like any other."""
    assert read("'<<': 1\n").diagnostics == ()


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    """A mistake that does not keep the parser from going on does not hide the next one."""
    assert codes(read("a: &x 1\na: !t 2\nb: *x\n3: c\n")) == ["alias", "duplicate-key", "tag", "alias", "key-not-text"]


def test_of_doubled_keys_the_first_holds() -> None:
    """So that further checks speak of what stands first; the file is refused anyway."""
    document = read("a: 1\na: {b: 2}\n")
    assert document.data == {"a": 1}
    assert ("a", "b") not in document.values


@pytest.mark.usefixtures("_either_parser")
@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)),
        "[" * 5_000,
        "{a: " * 5_000,
        "- " * 5_000,
        "? " * 5_000,
        "&a " * 5_000,
        "{" + "a, " * 5_000,
    ],
    ids=["aliases", "sequences", "mappings", "block", "keys", "anchors", "doubled"],
)
def test_bombs_are_cheap(bomb: str) -> None:
    """Aliases are never expanded, depth is counted, and after a hundred mistakes nobody reads on."""
    assert 1 <= len(read(bomb).diagnostics) <= 101


def test_the_deepest_rule_file_is_deep_enough() -> None:
    """64 levels are read, one more is refused."""
    assert read("[" * 64 + "]" * 64).diagnostics == ()
    assert codes(read("[" * 65 + "]" * 65)) == ["too-deep"]
