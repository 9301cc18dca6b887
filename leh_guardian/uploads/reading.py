"""Owns the way from a file to records; the one rule: a line that is no record is counted with its number and ends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import orjson

from leh_guardian.uploads.record import Record, record_of

_LONGEST: Final = 1 << 16
"""Bytes of a line; a record has some hundred."""
_SHOWN: Final = 5
_BOM: Final = b"\xef\xbb\xbf"


class UploadLog:
    """The records of a stream of JSON Lines, and what was found while reading it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._texts: dict[str, str] = {}
        self.lines = 0
        """Lines that were not blank."""
        self.unreadable = 0
        """Of them such as are no record."""
        self.unreadable_at: list[int] = []
        """The numbers of the first of these, from 1."""
        self.zoneless = 0
        """Records whose time named no zone and was taken for UTC."""

    def __iter__(self) -> Iterator[Record]:
        """Yield the records in the file's order, once."""
        for number, line in enumerate(_lines(self._stream), 1):
            text = line.removeprefix(_BOM).strip() if line is not None else None
            if text == b"":
                continue
            self.lines += 1
            record = self._record(text) if text else None
            if record is None:
                self.unreadable += 1
                if len(self.unreadable_at) < _SHOWN:
                    self.unreadable_at.append(number)
                continue
            self.zoneless += record.zoneless
            yield record

    def _record(self, text: bytes) -> Record | None:
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        record = record_of(value)
        if record is None:
            return None
        # One object for each text: a hundred thousand records name the same few users, cases, addresses and agents.
        if len(self._texts) > 1 << 17:
            self._texts.clear()
        one = self._texts.setdefault
        return Record._make([one(part, part) if type(part) is str else part for part in record])


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines; None for one that is too long to be a record."""
    while line := stream.readline(_LONGEST + 1):
        if line.endswith(b"\n") or len(line) <= _LONGEST:
            yield line
            continue
        while (more := stream.readline(_LONGEST)) and not more.endswith(b"\n"):
            pass
        yield None
