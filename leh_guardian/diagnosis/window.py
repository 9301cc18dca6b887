"""Owns the view on a stream of log text; the one rule: whatever comes, only a bounded piece of it is in memory.

A physical line ends at a line feed. One that is longer than CloudWatch takes is cut, and said to be cut. A JSON value may span
lines, and may be one of thousands in a document that is a single line: it is read where it stands.
"""

from __future__ import annotations

import codecs
import json
from typing import Any, Final, NamedTuple, Protocol

LONGEST: Final = 1 << 20
"""Characters of a line or of a JSON value that are looked at: CloudWatch Logs takes events of 1 MiB."""
_CHUNK: Final = 1 << 16
_WASTE: Final = 16 * LONGEST
"""Characters that may be read as JSON in vain, in all: what looks like JSON and is not would be read again and again."""
_SPACE: Final = " \t\r\n"


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


class Line(NamedTuple):
    """A physical line, counted from 1."""

    n: int
    text: str
    cut: bool


class NotJson(Exception):
    """There is no JSON value here, or one too large."""


class Window:
    """What is at hand of a stream, and the number of the line it stands at."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        # Control characters within strings are taken: people's tools write them.
        self._json = json.JSONDecoder(strict=False)
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._waste = 0
        self.n = 1

    def line(self) -> Line | None:
        """Return the rest of the line it stands in, and go to the next; None at the end."""
        n, parts, length, cut = self.n, [], 0, False
        while True:
            end = self._buffer.find("\n", self._at)
            part = self._buffer[self._at : end if end >= 0 else len(self._buffer)]
            if length < LONGEST:
                parts.append(part[: LONGEST - length])
            length += len(part)
            cut = length > LONGEST
            if end >= 0:
                self._at, self.n = end + 1, n + 1
                break
            self._buffer, self._at = "", 0
            if not self._fill():
                if not length:
                    return None
                break
        return Line(n, "".join(parts).removesuffix("\r"), cut)

    def peek(self, size: int) -> str:
        """Return the next characters, `size` of them if there are as many."""
        while len(self._buffer) - self._at < size and self._fill():
            pass
        return self._buffer[self._at : self._at + size]

    def next(self, skip: str = _SPACE) -> str:
        """Go to the next character that is none of `skip`, and return it; empty at the end."""
        while True:
            for place in range(self._at, len(self._buffer)):
                if self._buffer[place] not in skip:
                    self._to(place)
                    return self._buffer[place]
            self._to(len(self._buffer))
            if not self._fill():
                return ""

    def step(self) -> None:
        """Go on by one character."""
        self._to(self._at + 1)

    def value(self) -> tuple[int, Any]:
        """Return the line that the JSON value begins at and the value, and go to its end.

        Raises:
            NotJson: it is none; the window stands where it stood.
        """
        n = self.n
        while True:
            try:
                value, end = self._json.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                size = len(self._buffer) - self._at
                self._waste += size
                if isinstance(error, RecursionError) or size > LONGEST or self._waste > _WASTE:
                    raise NotJson from None
                # Twice as much each time: a value is looked through only a few times before it is whole.
                if not self._fill(max(_CHUNK, size)):
                    raise NotJson from None
            else:
                self._to(end)
                return n, value

    def _to(self, place: int) -> None:
        self.n += self._buffer.count("\n", self._at, place)
        self._at = place

    def _fill(self, size: int = _CHUNK) -> bool:
        if self._ended:
            return False
        chunk = self._stream.read(size)
        self._ended = not chunk
        self._buffer = self._buffer[self._at :] + self._decoder.decode(chunk, final=self._ended)
        self._at = 0
        return bool(chunk) or bool(self._buffer)
