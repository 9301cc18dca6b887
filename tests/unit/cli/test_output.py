"""What commands print: safe for terminals, sayable on any stream, and JSON that stays JSON."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leh_guardian.cli import output
from leh_guardian.model.text import without_passwords


def stream(encoding: str) -> io.TextIOWrapper:
    """A standard output of that encoding."""
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def content(written: io.TextIOWrapper) -> str:
    """What was written to it."""
    written.flush()
    assert isinstance(written.buffer, io.BytesIO)
    return written.buffer.getvalue().decode(written.encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "euc-kr"])
@pytest.mark.parametrize("text", ["한국", "é😀", "half \ud800", "\x1b[31m \x9b31m \u202e \x00", "a\u2028b\x85"])
def test_json_is_json_on_every_stream(monkeypatch: pytest.MonkeyPatch, encoding: str, text: str) -> None:
    """Whatever the text and the encoding, one line is printed that reads back as what was given, with nothing a terminal obeys."""
    out = stream(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    output.print_json({"text": text})
    printed = content(out)
    assert json.loads(printed) == {"text": text}
    assert printed.removesuffix("\n").isprintable()


def test_json_keeps_letters_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Korean is left as people read it; a C1 control, a bidi mark and a line separator beside it are escaped."""
    out = stream("utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    output.print_json({"대상": "녹취록 \x9b\u202e\u2028😀"})
    assert content(out) == '{"대상": "녹취록 \\u009b\\u202e\\u2028😀"}\n'


def test_times_do_not_depend_on_other_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time is ISO 8601 beside a lone surrogate, too."""
    out = stream("utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    at = datetime(2026, 11, 22, 18, tzinfo=UTC)
    output.print_json_lines([{"at": at, "text": "x"}, {"at": at, "text": "\ud800"}])
    assert [json.loads(line)["at"] for line in content(out).splitlines()] == ["2026-11-22T18:00:00+00:00"] * 2


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_tables_and_messages_on_every_stream(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """A Korean table of hostile cells is printed on every stream, and no control character with it."""
    out = stream(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    output.set_up_streams()
    output.print_table(("상태", "대상"), [("발생", "\x1b]0;x\x07\x9b\u202e\ud800")], empty="-")
    printed = content(out)
    assert "\\x1b]0;x\\x07\\x9b\\x202e\\ud800" in printed
    assert all(line.isprintable() for line in printed.splitlines())


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output that takes no more is an error of its own, and is not tried again when the program ends."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        output.out("x")
        with pytest.raises(output.OutputLost, match="No space left"):
            output.flush()


def test_passwords_of_urls_are_masked() -> None:
    """A URL in a message keeps its user and place, and loses its password."""
    text = "no answer from https://user:geheim@search:9200/x and postgresql://a@b/c"
    assert without_passwords(text) == "no answer from https://user:***@search:9200/x and postgresql://a@b/c"
