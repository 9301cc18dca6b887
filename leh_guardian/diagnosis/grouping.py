"""Owns which lines make one record; the one rule: a line that could begin a record of its own is never swallowed by another.

Streams are kept apart: containers write side by side. Within an event of CloudWatch all lines belong together.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from leh_guardian.diagnosis.headers import read_header
from leh_guardian.diagnosis.levels import Level
from leh_guardian.diagnosis.platform_lines import read_platform_line, read_platform_record
from leh_guardian.diagnosis.reading import structured
from leh_guardian.diagnosis.record import Record
from leh_guardian.diagnosis.retries import is_retry
from leh_guardian.diagnosis.tracebacks import BEGINS, CHAINS, begins
from leh_guardian.diagnosis.transport import Entry

_MOST_OPEN: Final = 512
_LINE_END: Final = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_INDENTED: Final = frozenset(" \t|+└│├>")
_GOES_ON: Final = re.compile(
    r"(?:LINE \d|DETAIL: |HINT: |CONTEXT: |For further information"
    r"|<|\^|\}|\]|The above exception|Server response|Response:|Is the server)"
)
_FINAL: Final = re.compile(r"[A-Za-z_][\w.<>]{0,200}(?::|$)")
_CLASS: Final = re.compile(r"[\w.]{0,200}[a-z](?:Error|Exception)(?::|$)")
_WORDS_OF_FAILURE: Final = re.compile(r"(?i)\W{0,3}(?:error|fail|exception|unhandled|uncaught|fatal|could not|cannot)")
_EXIT: Final = re.compile(r"Runtime\.\w{1,60}$")


@dataclass(slots=True)
class _Open:
    """The record that a stream is in."""

    record: Record
    whole: bool = False
    """Whether it is JSON or an event of its own, to which no other line belongs."""
    frames: bool = False
    """Whether a traceback has begun and its exception is not told yet."""
    told: bool = False
    """Whether the traceback's exception is told."""
    chained: bool = False
    """Whether another traceback is announced."""


class Grouper:
    """Makes records of entries, in the order in which they end."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._last_stream = ""

    def feed(self, entry: Entry) -> Iterator[Record]:
        """Take an entry; yield the records that it ends."""
        stream = self._last_stream if entry.stream is None else entry.stream
        self._last_stream = stream
        if entry.data is not None:
            yield from self._begin(stream, self._json(entry, stream), whole=True)
            return
        first, *others = _LINE_END.split(entry.text.replace("\xa0", " ").rstrip("\r\n")) if entry.text else [""]
        yield from self._line(first, entry, stream)
        for line in others:
            if stream in self._open:
                self._add(self._open[stream], line)

    def finish(self) -> Iterator[Record]:
        """Yield the records that are still open."""
        while self._open:
            yield self._open.popitem(last=False)[1].record

    def _line(self, line: str, entry: Entry, stream: str) -> Iterator[Record]:
        here = self._open.get(stream)
        own = entry.stream is not None
        platform = read_platform_line(line)
        header = read_header(line) if platform is None else None
        if platform is None and here is not None and self._continues(here, line, header is not None, own=own):
            self._add(here, line)
            return
        record = Record(entry.n, stream=stream, at=entry.at, cut=entry.cut)
        if platform is not None:
            record.platform, record.request, record.headed, record.message = platform, platform.request, True, line
        elif header:
            record.level, record.request, record.headed, record.message = (
                header.level,
                header.request,
                True,
                header.rest,
            )
        else:
            record.message = line
        yield from self._begin(stream, record)
        if begins(line):
            self._open[stream].frames = True

    def _json(self, entry: Entry, stream: str) -> Record:
        data = entry.data or {}
        platform = read_platform_record(data)
        request = platform.request if platform else ""
        return Record(entry.n, stream=stream, at=entry.at, headed=True, data=data, platform=platform, request=request)

    def _begin(self, stream: str, record: Record, *, whole: bool = False) -> Iterator[Record]:
        before = self._open.pop(stream, None)
        self._open[stream] = _Open(record, whole)
        if before is not None:
            yield before.record
        if len(self._open) > _MOST_OPEN:
            yield self._open.popitem(last=False)[1].record

    @staticmethod
    def _add(here: _Open, line: str) -> None:
        here.record.add(line)
        if begins(line):
            here.frames, here.told, here.chained = True, False, False
        elif line.strip() in CHAINS:
            here.chained = True
        elif here.frames and line and line[0] not in _INDENTED and line.strip():
            here.frames, here.told = False, True

    def _continues(self, here: _Open, line: str, headed: bool, *, own: bool) -> bool:
        """Tell whether a line goes on with the record; `headed` if it could begin one, `own` if it came as an event of its own."""
        if here.whole or (line.startswith(("{", "[")) and structured(Entry(0, line)).data is not None):
            return False
        text = line.strip()
        if not headed and begins(line) and text.removeprefix("+ ").removeprefix("Exception Group ").startswith(BEGINS):
            return self._takes_traceback(here)
        if here.frames:
            return self._goes_on_in_traceback(line, headed)
        if text in CHAINS:
            return here.told
        if line[:1] in _INDENTED or (not text and not own):
            return here.told or here.record.headed
        if headed or own:
            return bool(own and not headed and here.record.platform and _EXIT.match(text))
        return here.record.headed or (here.told and bool(_GOES_ON.match(line)))

    @staticmethod
    def _goes_on_in_traceback(line: str, headed: bool) -> bool:
        text = line.strip()
        if not text or text in CHAINS or line[0] in _INDENTED:
            return True
        # `ERROR: …` could be either; an exception's name has its words run together.
        return bool(_FINAL.match(line)) and (not headed or bool(_CLASS.match(line)))

    @staticmethod
    def _takes_traceback(here: _Open) -> bool:
        """Tell whether a traceback that begins now is this record's own."""
        if here.chained:
            return True
        if here.told or here.frames:
            # A second one within a group is decorated; a plain one without an announcement is another failure.
            return False
        record = here.record
        if record.platform is not None:
            return False
        if record.level is None:
            return bool(_WORDS_OF_FAILURE.match(record.message))
        # What is tried again may be told with its traceback; but a process that dies just then must not go unheard.
        return record.level >= Level.WARNING and not (record.level < Level.ERROR and is_retry(record.message))
