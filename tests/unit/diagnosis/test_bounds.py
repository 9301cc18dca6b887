"""Whatever a log holds, it is read to its end in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from leh_guardian.diagnosis import diagnose_stream
from leh_guardian.rules.signatures import table_of
from tests.unit.diagnosis.reading import classes, diagnosed, lines

BUG = b"ERROR:root:KeyError: 'a'\n"


class Endless:
    """A stream that is made while it is read."""

    def __init__(self, piece: bytes, times: int) -> None:
        self._pieces: Iterator[bytes] = iter([piece] * times)

    def read(self, size: int, /) -> bytes:
        """Return the next piece, whatever size was asked for."""
        return next(self._pieces, b"")


@pytest.mark.parametrize(
    "content",
    [
        b"a" * 10_000_000,
        b'ERROR:x:"' + b"x" * 10_000_000,
        b"ERROR x" + b": " * 1_000_000,
        b'{"a":' * 200_000,
        b"[" * 500_000,
        b'{"events": [{"message": "' + b"x" * 3_000_000,
        b"{\n" * 3000,
        b"\x00" * 100_000,
        b"\xff\xfe" * 100_000,
        b"\x1b[31m" * 100_000,
        b'{"level": "ERROR", "status": ' + b"9" * 100_000 + b"}",
        b'{"level": "ERROR", "message": "\\ud800"}',
        b"ERROR:x:" + b"cases/a/raw/" * 50_000,
        b"ERROR:x:Error code: 429 - " + b"{'a': " * 50_000,
        b"Traceback (most recent call last):\n" * 3000,
        b"a-" * 50_000,
    ],
    ids=range(16),
)
def test_hostile_content_does_not_hide_what_follows(content: bytes) -> None:
    """After a line that nobody should write, the next error is found at its line."""
    found = lines(content + b"\n" + BUG)
    assert (content.count(b"\n") + 2, "code_bug") in found


def test_memory_is_bounded() -> None:
    """A line of 200 MB, and a hundred thousand lines, need a few MB."""
    tracemalloc.start()
    try:
        diagnosis = diagnose_stream(Endless(b"x" * 65536, 3200), table_of())
        assert diagnosis.records == 1
        diagnose_stream(Endless(b"INFO:worker:processed\n" * 1000, 30), table_of())
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


def test_an_endless_traceback_keeps_its_end() -> None:
    """A recursion's traceback is judged by its last line, however long it is."""
    frames = '  File "/var/task/a.py", line 1, in f\n    f()\n' * 5000
    assert classes(
        f"ERROR:x:failed\nTraceback (most recent call last):\n{frames}RecursionError: maximum recursion depth exceeded"
    ) == ["code_bug"]


def test_a_document_that_breaks_off() -> None:
    """The events before the break count; the rest is read as lines."""
    whole = b'{"events": [\n{"message": "ERROR:x:KeyError: \'a\'", "logStreamName": "s"},\n{"message": "ERR'
    assert lines(whole + b"\n" + BUG) == [(2, "code_bug"), (4, "code_bug")]


def test_an_empty_log() -> None:
    """Nothing is nothing."""
    diagnosis = diagnosed(b"")
    assert (diagnosis.records, diagnosis.errors, diagnosis.verdict) == (0, 0, "unknown")
