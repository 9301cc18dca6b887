"""Owns private keys over several lines: header, body, footer; the one rule: a header without a body is an ordinary line.

The lines of a body hold nothing else: base64 has the letters of many a token. Lines may begin with what a log writes before each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from leh_guardian.disclosure.detectors.private_key import FOOTER, HEADER, SIGN
from leh_guardian.disclosure.found import Found, Kind, Tier
from leh_guardian.disclosure.scanner import Scanner

_BODY: Final = re.compile(r"(?:[^A-Za-z0-9+/=](?=[A-Za-z0-9+/=])|^)[A-Za-z0-9+/=]{16,}[\s\"',\\]{0,6}$")
_HEADERS: Final = re.compile(r"(?:Proc-Type|DEK-Info|Version|Comment): ?\S{0,80}|^[\s>|#]{0,16}$")
_MOST_LINES: Final = 400


class Armour:
    """A private key that is being read, and the lines of it."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._lines: list[str] = []
        self._first = 0
        self._bodies = 0

    @property
    def open(self) -> bool:
        """Tell whether a key has begun."""
        return bool(self._lines)

    @staticmethod
    def begins(line: str) -> bool:
        """Tell whether a key begins in a line and goes on after it."""
        if SIGN not in line:
            return False
        header = _header(line)
        return header is not None and not line[header.end() :].strip(" \t\"'\\,")

    def take(self, number: int, line: str) -> Iterator[tuple[int, Found]]:
        """Yield what is certain after one more line."""
        if not self._lines:
            self._lines, self._first, self._bodies = [line], number, 0
        elif FOOTER.search(line):
            self._lines.append(line)
            yield from self._close()
        elif len(self._lines) < _MOST_LINES and self._goes_on(line):
            self._lines.append(line)
        else:
            yield from self.give_up()
            if self.begins(line):
                yield from self.take(number, line)
            else:
                yield from ((number, found) for found in self._scanner.scan_line(line))

    def give_up(self) -> Iterator[tuple[int, Found]]:
        """Yield the key that never ended, or what its lines hold if it was none."""
        if self._lines:
            yield from self._close()

    def _goes_on(self, line: str) -> bool:
        body = _BODY.search(line) is not None
        self._bodies += body
        return body or _HEADERS.search(line) is not None

    def _close(self) -> Iterator[tuple[int, Found]]:
        lines, self._lines = self._lines, []
        header = _header(lines[0])
        if header is None or not self._bodies:
            for count, line in enumerate(lines):
                yield from ((self._first + count, found) for found in self._scanner.scan_line(line))
            return
        yield from ((self._first, found) for found in self._scanner.scan_line(lines[0][: header.start()]))
        bodies = [found[0] for line in lines[1:] if (found := _BODY.search(line))]
        fingerprint = self._scanner.fingerprint(Kind.PRIVATE_KEY, "".join(bodies))
        length = header.end() - header.start()
        yield self._first, Found(Kind.PRIVATE_KEY, Tier.CONFIRMED, header.start(), length, fingerprint)


def _header(line: str) -> re.Match[str] | None:
    """Return the last header of a line."""
    headers = list(HEADER.finditer(line))
    return headers[-1] if headers else None
