"""Owns the log's set-up: events as JSON lines (or readable on a terminal), redacted; the one rule: logging never blocks or raises.

What is redacted is in `telemetry/redaction`. It is done last, so that tracebacks and bound context go through it, too.

Records pass through a bounded queue to a thread: a full disk or a blocked pipe drops and counts records instead of
freezing the event loop.
"""

from __future__ import annotations

import logging
import queue
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import orjson
import structlog

from leh_guardian.telemetry.redaction import LONGEST, as_text, one_line, redact, redact_all

_BOUND = 10_000
_UNSEEN = re.compile("[\x7f-\U0010ffff]")


def _redact_all(_: Any, __: str, record: MutableMapping[str, Any]) -> Mapping[str, Any]:
    clean: dict[str, Any] = redact_all(record)
    if isinstance(trace := record.get("exception"), str):
        clean["exception"] = _middle_cut(redact(trace, 16 * LONGEST))
    return clean


def _middle_cut(trace: str) -> str:
    """Return a traceback of bounded length: where it began, and how it ended."""
    return trace if len(trace) <= LONGEST else f"{trace[: LONGEST // 4]}\n…\n{trace[-LONGEST * 3 // 4 :]}"


class LogWriter:
    """Writes lines in a thread of its own, behind a bounded queue."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(_BOUND)
        self.dropped = 0
        """Records dropped so far."""
        self._thread = threading.Thread(target=self._write_all, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Queue a line, or drop and count it."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line + "\n")
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                self.dropped += 1

    def close(self) -> None:
        """Write what is queued, for at most a second."""
        try:
            self._lines.put(None, timeout=0.5)
        except queue.Full:
            return
        self._thread.join(timeout=1)


class _Logger:
    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def msg(self, line: str) -> None:
        self._writer.put(line)

    debug = info = warning = error = critical = exception = log = msg


class _Foreign(logging.Handler):
    """Takes what libraries log through the standard library: one line each, through the same redaction and queue."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record on."""
        error = record.exc_info[1] if record.exc_info else None
        reason = {"error": f"{type(error).__name__}: {as_text(error)}"} if error else {}
        try:
            message = record.getMessage()
        except Exception:  # a library's own mistake in its format must not become ours
            message = as_text(record.msg)
        structlog.get_logger(record.name).log(record.levelno, message, **reason)


def set_up_logs(*, level: str, json: bool, stream: TextIO | None = None) -> LogWriter:
    """Configure structlog for this process; returns the writer, to be closed last."""
    writer = LogWriter(stream or sys.stderr)
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=lambda record, **_: _dump(record))
        if json
        else structlog.dev.ConsoleRenderer(colors=(stream or sys.stderr).isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact_all,
            *([] if json else [_for_terminals]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: _Logger(writer),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)
    return writer


def _dump(record: Mapping[str, Any]) -> str:
    # Everything has been made text, number or a container of those by now.
    line = orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    # JSON leaves U+2028, C1 controls and bidi overrides as they are; terminals and line splitters do not.
    return line if line.isprintable() else _UNSEEN.sub(_escaped, line)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + (code - 0x10000 >> 10):04x}\\u{0xDC00 + (code - 0x10000 & 0x3FF):04x}"


def _for_terminals(_: Any, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep each text to its line; a traceback has many, each of them marked as its own."""
    for name, value in record.items():
        if isinstance(value, str):
            trace = name == "exception"
            lines = [one_line(line) for line in (value.split("\n") if trace else [value])]
            record[name] = "\n".join(f"    | {line}" for line in lines) if trace else lines[0]
    return record
