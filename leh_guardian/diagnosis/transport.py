"""Owns what `aws logs` puts around a message; the one rule: it is taken off, and the log stream it names is kept.

Shapes: `aws logs tail` in its formats detailed (time and stream), short (time) and json, `filter-log-events` as a document, as
JSON Lines and as `--output text` rows, and the rows of CloudWatch Logs Insights.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

_ANSI: Final = re.compile(r"\x1b(?:\[[0-9;:?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[@-Z\\^_])")
_TAIL: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
    r" (\d{4}/\d\d/\d\d/[^\s\[]{0,80}\[[^\]\s]{1,40}\]\S{1,80}) ?"
)
_SHORT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)[ \t]")
_OWN: Final = re.compile(r"\S{20,40}[ \t][0-9a-fA-F-]{36}[ \t]")
"""How lines of Lambda itself begin: time and request."""
_ROW: Final = re.compile(r"EVENTS\t\d{1,80}\t\d{10,16}\t([^\t\n]{1,512})\t")
_ROW_END: Final = re.compile(r"\t(\d{10,16})$")
_ENVELOPE: Final = frozenset(
    {"message", "timestamp", "logstreamname", "ingestiontime", "eventid", "loggroup", "logstream"}
)


class Entry(NamedTuple):
    """One message of the log, as its writer wrote it; it may hold several lines."""

    n: int
    """The physical line it begins at, from 1."""
    text: str
    stream: str | None = None
    """The log stream; None where the line does not say."""
    at: float | None = None
    """Seconds since the epoch."""
    cut: bool = False
    data: Mapping[str, Any] | None = None
    """The message as JSON, where it is an object."""


def plain(text: str) -> str:
    """Return `text` without colours and cursor movements."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def from_line(n: int, text: str, *, cut: bool = False) -> Entry:
    """Return the message of a line of text."""
    text = plain(text)
    if text[:1] == "E" and (row := _ROW.match(text)):
        text = text[row.end() :]
        return Entry(n, _ROW_END.sub("", text), row[1], cut=cut)
    if text[:1].isdigit():
        if tail := _TAIL.match(text):
            return Entry(n, text[tail.end() :], tail[2], seconds(tail[1]), cut)
        if (short := _SHORT.match(text)) and not _OWN.match(text):
            rest = text[short.end() :]
            if not rest.lstrip().startswith("|"):
                return Entry(n, rest, "", seconds(short[1]), cut)
    elif text[:1] == "\t" and (end := _ROW_END.match(text)):
        return Entry(n, "", at=seconds(int(end[1])), cut=cut)
    return Entry(n, text, cut=cut)


def from_value(n: int, value: Any) -> Entry | None:
    """Return the message of a JSON value, None where it holds none."""
    if isinstance(value, list):
        value = _insights(value)
    if not isinstance(value, Mapping):
        return Entry(n, plain(value)) if isinstance(value, str) else None
    message = value.get("@message")
    if isinstance(message, str):
        return Entry(n, plain(message), _text(value.get("@logStream")), seconds(value.get("@timestamp")))
    message = value.get("message")
    if isinstance(message, str) and _is_event(value):
        return Entry(n, plain(message), _text(value.get("logStreamName")), seconds(value.get("timestamp")))
    return Entry(n, "", data=value)


def seconds(time: object) -> float | None:
    """Return a time as seconds since the epoch: ISO 8601 (UTC unless it says otherwise), seconds or milliseconds."""
    if isinstance(time, bool):
        return None
    if isinstance(time, int | float):
        return float(time) / 1000 if 1e11 < time < 1e14 else float(time) if 1e8 < time < 1e11 else None
    if not isinstance(time, str) or not 19 <= len(time) <= 40:
        return None
    try:
        at = datetime.fromisoformat(time.replace(",", "."))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_event(value: Mapping[str, Any]) -> bool:
    if "logStreamName" in value or "eventId" in value or "ingestionTime" in value:
        return True
    return isinstance(value.get("timestamp"), int) and {str(key).lower() for key in value} <= _ENVELOPE


def _insights(row: list[Any]) -> dict[str, Any]:
    return {
        cell["field"]: cell.get("value")
        for cell in row[:100]
        if isinstance(cell, Mapping) and isinstance(cell.get("field"), str)
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
