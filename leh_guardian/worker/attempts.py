"""Owns the attempts that a worker's log tells of; the one rule: one is counted once, however often and long it names its evidence.

What a log says of an attempt is the key of its object. Lambda begins each with START and ends it with END, and names a repetition of
an asynchronous invocation by the same id of the request: so an attempt is known by its stream and its START. Of a log without these
lines, what names the same piece for the same request again within a minute is the same: Lambda waits that long before it repeats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from leh_guardian.evidence.names import is_id
from leh_guardian.ports import LogMessage

_KEY: Final = re.compile(r"cases/([A-Za-z0-9][A-Za-z0-9_.-]{0,127})/raw/([A-Za-z0-9_-]{1,120})_", re.ASCII)
_REQUEST: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BEGINS: Final = ("START RequestId:", '"platform.start"')
_ENDS: Final = ("END RequestId:", '"platform.report"')
_LONGEST: Final = 2000
_AGAIN: Final = 60.0
"""Seconds."""
_KEPT: Final = 1200.0
"""Seconds for which an attempt is remembered: longer than Lambda lets one last."""

Piece = tuple[str, str]
"""Case and evidence."""


@dataclass(slots=True)
class Attempt:
    """One attempt at one piece."""

    piece: Piece
    begun: float
    """When it began, as far as it is known, in seconds since 1970; else when it named its piece first."""
    ended: float | None = None


@dataclass(slots=True)
class _Work:
    """An invocation that is at work in a stream."""

    request: str
    began: float
    at: dict[Piece, Attempt] = field(default_factory=dict)


class AttemptLog:
    """The attempts of a log that is read on and on."""

    def __init__(self) -> None:
        self._work: dict[str, _Work] = {}
        """{stream: what is at work in it}."""
        self._named: dict[tuple[str, str, Piece], float] = {}
        """{stream, request, piece: when it was named last}, of what no START was seen."""

    def read(self, messages: Iterable[LogMessage]) -> list[Attempt]:
        """Return the attempts that these messages are the first to tell of; they are in the order of time, and follow those before."""
        return [attempt for message in messages for attempt in self._take(message)]

    def forget(self, now: float) -> None:
        """Forget what is long over, or never said that it was."""
        before = now - _KEPT
        self._work = {stream: work for stream, work in self._work.items() if work.began >= before}
        self._named = {name: at for name, at in self._named.items() if at >= before}

    def _take(self, message: LogMessage) -> Iterator[Attempt]:
        text, stream = message.text[:_LONGEST], message.stream
        request = found[0] if (found := _REQUEST.search(text)) else ""
        if text.startswith(_BEGINS[0]) or _BEGINS[1] in text:
            self._work[stream] = _Work(request, message.at)
        elif text.startswith(_ENDS[0]) or _ENDS[1] in text:
            for attempt in ended.at.values() if (ended := self._work.pop(stream, None)) else ():
                attempt.ended = message.at
        for piece in pieces_in(text):
            if new := self._new(stream, request, message.at, piece):
                yield new

    def _new(self, stream: str, request: str, at: float, piece: Piece) -> Attempt | None:
        work = self._work.get(stream)
        if work is not None and request in {"", work.request}:
            if piece in work.at:
                return None
            work.at[piece] = Attempt(piece, work.began)
            return work.at[piece]
        name = (stream, request, piece)
        last = self._named.get(name)
        self._named[name] = at
        return None if last is not None and at - last < _AGAIN else Attempt(piece, at)


def pieces_in(text: str) -> list[Piece]:
    """Return the pieces whose keys a message names, each as often as it does."""
    return [(case, evidence) for case, evidence in _KEY.findall(text[:_LONGEST]) if is_id(case)]
