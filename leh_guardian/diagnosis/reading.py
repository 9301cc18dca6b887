"""Owns the way from a file to its messages; the one rule: each says the physical line it begins at.

A file is text lines, JSON Lines, JSON documents of many events, or all of it mixed: each place is read as what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from leh_guardian.diagnosis.transport import Entry, from_line, from_value
from leh_guardian.diagnosis.window import NotJson, Readable, Window

_HEAD: Final = 160
_BEGINS: Final = re.compile(r'\s{0,80}(?:\{\s{0,160}(?:"|\}|$)|\[\s{0,160}(?:[{\[\]]|$))')
_WRAPPER: Final = re.compile(
    r'\s{0,160}\{\s{0,160}"(?:events|results|searchedLogStreams|nextToken|statistics|encryptionKey)"\s{0,80}:'
)
_LISTS: Final = frozenset({"events", "results"})


def read_entries(stream: Readable) -> Iterator[Entry]:
    """Yield the messages of a stream, in their order."""
    window = Window(stream)
    while head := window.peek(_HEAD):
        if _BEGINS.match(head):
            begun = window.n
            if _WRAPPER.match(head) or _opens_list(head):
                yield from _document(window)
            elif "\n" in head and head.partition("\n")[0].rstrip() == "{":
                yield from _value(window)
            if window.n != begun:
                _rest_of_line(window)
                continue
        line = window.line()
        if line is None:
            return
        yield from message(line.n, line.text, cut=line.cut)


def message(n: int, text: str, *, cut: bool = False, document: bool = True) -> Iterator[Entry]:
    """Yield the messages that a line of text holds: one, or those of a document that it is, if it may be one."""
    entry = from_line(n, text, cut=cut)
    value = parse_object(entry.text)
    if value is None:
        if entry.text or entry.stream is not None:
            yield entry
        return
    events = value.get("events", value.get("results"))
    if document and isinstance(events, list):
        found = [one for event in events if (one := from_value(n, event))]
    else:
        found = [one] if (one := from_value(n, value)) else []
    for one in found:
        yield structured(one._replace(stream=entry.stream if one.stream is None else one.stream, at=one.at or entry.at))


def structured(entry: Entry) -> Entry:
    """Return `entry` with its message as JSON, where that is what it is."""
    if entry.data is not None:
        return entry
    value = parse_object(entry.text)
    return entry if value is None else entry._replace(data=value)


def parse_object(text: str) -> Mapping[str, Any] | None:
    """Return the JSON object that `text` is, None if it is something else."""
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = orjson.loads(text)
    except ValueError:
        # What orjson refuses and people's tools write: lone surrogates, NaN, control characters.
        try:
            value = Window(_Once(text)).value()[1]
        except NotJson:
            return None
    return value if isinstance(value, dict) else None


class _Once:
    def __init__(self, text: str) -> None:
        self._rest = text.encode("utf-8", "replace")

    def read(self, size: int, /) -> bytes:
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


def _opens_list(head: str) -> bool:
    return head.lstrip().startswith("[")


def _document(window: Window) -> Iterator[Entry]:
    """Yield the events of a document, as far as it is one; a document that breaks off goes on as lines."""
    try:
        if window.next() == "[":
            yield from _list(window)
            return
        window.step()
        while window.next(" \t\r\n,") == '"':
            key = window.value()[1]
            if window.next() != ":":
                return
            window.step()
            if window.next() == "[" and key in _LISTS:
                yield from _list(window)
            else:
                window.value()
        if window.peek(1) == "}":
            window.step()
    except NotJson:
        return


def _list(window: Window) -> Iterator[Entry]:
    window.step()
    while (first := window.next(" \t\r\n,")) and first != "]":
        n, value = window.value()
        if entry := from_value(n, value):
            yield structured(entry)
    if first:
        window.step()


def _value(window: Window) -> Iterator[Entry]:
    try:
        n, value = window.value()
    except NotJson:
        return
    if entry := from_value(n, value):
        yield structured(entry)


def _rest_of_line(window: Window) -> None:
    """Go past what is left of the line that a document ended in, if that is nothing."""
    if window.peek(1) in {"\r", "\n"}:
        window.line()
