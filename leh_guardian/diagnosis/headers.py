r"""Owns how a line of text begins that is a log record of its own; the one rule: a word in a message is no level.

`[ERROR]\ttime\trequest\tmessage` (Lambda), `ERROR:root:message`, `time - name - ERROR - message`, `time ERROR name: message`,
`time | ERROR | module:function:12 - message` (loguru), `time [error    ] event key=value` (structlog), `level=error msg=…`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from leh_guardian.diagnosis.levels import Level, parse_level

_TIME: Final = r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d| UTC)?\]?"
_UUID: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_NAME: Final = r"(?:\[[^\[\]\n]{1,80}\]|\([^()\n]{1,80}\)|[A-Za-z_][\w./:-]{0,79})"
_LEVEL: Final = (
    r"(?:TRACE|DEBUG|INFO|NOTICE|SUCCESS|WARNING|WARN|ERROR|CRITICAL|FATAL|EXCEPTION"
    r"|(?<=\[)(?:debug|info|notice|warning|warn|error|critical|fatal|exception))"
)
_HEAD: Final = re.compile(
    rf"(?P<time>{_TIME})?[ \t|,:-]{{0,4}}"
    rf"(?:(?P<id>{_UUID})[ \t]{{1,2}})?(?P<names>(?:{_NAME}:?[ \t]{{1,40}}(?:[|-][ \t]{{0,8}})?){{0,3}}?)"
    rf"[\[(<]?(?P<level>{_LEVEL})(?P<end>[ \t]{{0,12}}[\])>|:/-]{{1,2}}|[ \t]{{1,12}}|$)"
)
_LAMBDA: Final = re.compile(rf"[\t ]{{0,4}}(?:{_TIME}[\t ]{{1,4}})(?P<request>{_UUID})?[\t ]{{0,4}}")
_LOGGER: Final = re.compile(r"[A-Za-z_][\w.-]{0,80}:(?=\S)")
"""The logger's name as `logging.basicConfig` writes it."""
_LOGFMT: Final = re.compile(r'(?:^|[ \t])(?:level|lvl|severity)="?([A-Za-z]{3,11})"?(?=[ \t]|$)')
_ORDINARY: Final = frozenset({"root", "app", "worker", "main", "__main__", "handler", "uvicorn", "asyncio", "celery"})
_FIRST_LETTERS: Final = frozenset("[(<0123456789TDINSWECF\t |")
"""Of levels and of times; most lines begin otherwise."""
_LOGFMT_HEAD: Final = 300


@dataclass(frozen=True, slots=True)
class Header:
    """How a record begins."""

    level: Level
    request: str
    """The request id that it names, or nothing."""
    rest: str
    """The message's first line, the logger's name perhaps before it."""


def read_header(line: str) -> Header | None:
    """Return the header that `line` begins with, None where it is not the beginning of a record."""
    if line[:1] in _FIRST_LETTERS and (found := _HEAD.match(line)) and _believable(found):
        level = parse_level(found["level"])
        rest = line[found.end() :]
        request = (found["id"] or "").lower()
        if found["end"] == ":" and found.start("level") == 0 and (logger := _LOGGER.match(rest)):
            rest = rest[logger.end() :]
        if placed := _LAMBDA.match(rest):
            request, rest = (placed["request"] or request).lower(), rest[placed.end() :]
        return Header(level, request, rest) if level else None
    if (line.startswith(("level=", "lvl=", "severity=", "time=", "ts=", "timestamp=")) or line[:1].isdigit()) and (
        found := _LOGFMT.search(line[:_LOGFMT_HEAD])
    ):
        level = parse_level(found[1])
        return Header(level, "", line[found.end() :].strip()) if level else None
    return None


def _believable(found: re.Match[str]) -> bool:
    """Tell whether the words before the level are a time and names: `processing ERROR report.pdf` is a message."""
    names = found["names"]
    if not names:
        return found["time"] is not None or found.start("level") <= 1
    if found["time"] is None:
        return " - " in names or names.startswith("[")
    return " - " in names or "|" in names or any(sign in names for sign in "._[(") or names.strip(" \t:|-") in _ORDINARY
