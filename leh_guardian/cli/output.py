"""Owns what reaches the terminal; the one rule: whatever a text holds and whatever the stream is, printing it neither fails nor does harm.

A terminal obeys control characters, C1 ones and bidi overrides included, so only printable characters reach it. A stream that
cannot say a letter gets its escape. A reader that has gone (`| head`) ends nothing: the command goes on to its exit code.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import click

from leh_guardian.cli.language import said
from leh_guardian.language import Text, day_and_time
from leh_guardian.model.text import dump_json, shown

SEOUL = ZoneInfo("Asia/Seoul")

as_json = click.option("--json", "json_", is_flag=True, help="Print JSON and nothing else on standard output.")


class OutputLost(Exception):
    """Standard output takes no more: its disk is full, or it broke."""


def set_up_streams() -> None:
    """Make sure that there are three streams, and that no letter is one too many for them."""
    # A closed descriptor would be given to the next socket, and what is meant for people written into that.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    # Without its descriptor at start, Python has no stream; print(file=None) would fall back to standard output.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open as long as the program
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open as long as the program
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write out what is still held, now that it can be told; called last.

    Raises:
        OutputLost: it cannot be written.
    """
    _write(sys.stdout, "", flush=True)
    with contextlib.suppress(OSError, ValueError, OutputLost):
        _write(sys.stderr, "", flush=True)


def out(text: str | Text = "", *, flush: bool = False) -> None:
    """Print lines of the answer on standard output."""
    _write(sys.stdout, printable(said(text)) + "\n", flush=flush)


def tell(text: str | Text) -> None:
    """Print a message on standard error; where nobody listens that is no error."""
    with contextlib.suppress(OutputLost):
        _write(sys.stderr, printable(said(text)) + "\n", flush=True)


def raw(text: str) -> None:
    """Print, at once, text of our own making as it is."""
    _write(sys.stdout, text, flush=True)


def print_json(data: Any, *, indent: int | None = None) -> None:
    """Print one JSON document: on a line, times as ISO 8601, hostile and unsayable text escaped."""
    plain = json.loads(dump_json(data))
    text = json.dumps(plain, indent=indent, ensure_ascii=False)
    # Many readers end a line at U+0085 and U+2028, too; outside of its strings a JSON text is printable or a line's end.
    text = "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)
    _write(sys.stdout, (text if _encodable(text) else json.dumps(plain, indent=indent)) + "\n")


def print_json_lines(rows: Sequence[Any]) -> None:
    """Print JSON Lines."""
    for row in rows:
        print_json(row)


def print_table(titles: Sequence[str | Text], rows: Sequence[Sequence[object]], *, empty: str | Text) -> None:
    """Print rows in columns; Korean letters are two cells wide."""
    if not rows:
        out(empty)
        return
    cells = [list(map(said, titles)), *[[_cell(value) for value in row] for row in rows]]
    widths = [max(_width(row[n]) for row in cells) for n in range(len(titles))]
    for row in cells:
        out("  ".join(cell + " " * (widths[n] - _width(cell)) for n, cell in enumerate(row)).rstrip())


def local_time(at: datetime | None) -> str:
    """Return an instant as the on-call's clock shows it (Korea)."""
    return said(day_and_time(at, SEOUL, seconds=True)) if at else "-"


def printable(text: str) -> str:
    r"""Return lines with whatever is not printable spelt out, such as \x1b."""
    return "\n".join(shown(line, len(line) * 10 + 1) for line in text.split("\n"))


def _cell(value: object) -> str:
    return shown(said(value) if isinstance(value, Text) else value, 60)


def _encodable(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _write(stream: IO[str], text: str, *, flush: bool = False) -> None:
    try:
        stream.write(text)
        if flush:
            stream.flush()
    except OSError as error:
        # What Python still holds would be tried again at its end, with a complaint nobody can catch.
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
        if error.errno != errno.EPIPE:
            raise OutputLost(f"the output cannot be written: {error.strerror}") from error
