"""Owns the log's set-up: events as JSON lines (or readable on a terminal), redacted; the one rule: logging never blocks or raises.

Records pass through a bounded queue to a thread: a full disk or a blocked pipe drops and counts records instead of
freezing the event loop.
"""

from __future__ import annotations

import logging
import queue
import re
import sys
import threading
import unicodedata
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import orjson
import structlog

_BOUND = 10_000
_SECRETS = re.compile(
    r"(?i)(?P<keep>(?:password|passwd|pwd|secret|token|api[_-]?key|authorization)[\"']?\s*[=:]\s*[\"']?(?:bearer\s+)?)[^\s\"',;&]{3,}"
    r"|(?P<url>[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,100}:)[^\s@/]{1,200}(?=@)"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bsk-[A-Za-z0-9_-]{20,200}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,200}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,255}"
    r"|\beyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{5,1000}"
)
# A Korean resident number: a date, a separator, a digit for sex and century, six more. No \b: Hangul is a letter to it, and
# the number is met glued to words. No checksum: numbers given since October 2020 have none.
_RRN = re.compile(r"(?<!\d)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[-‐-―−\s]?[0-9]\d{6}(?!\d)")
_SECRET_NAME = re.compile(r"(?i)passw|secret|token|api[_-]?key|authorization")
_LONGEST = 4000
_WORD = 1 << 63
"""Integers beyond it are written as text: JSON readers differ on them."""


def without_secrets(text: str) -> str:
    """Return `text` without what looks like a secret or a Korean resident number, as text that UTF-8 can say."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    folded = unicodedata.normalize("NFKC", text)
    clean = _SECRETS.sub(_keep_name, text)
    if _RRN.search(folded):
        # Full-width digits are digits, too: what only shows after folding is redacted in the folded text.
        clean = _RRN.sub("[주민번호]", _SECRETS.sub(_keep_name, folded))
    return clean


def redact(text: str) -> str:
    """Return `text` as the log may hold it: without secrets, and of bounded length."""
    clean = without_secrets(text)
    return clean if len(clean) <= _LONGEST else clean[:_LONGEST] + "…"


def data_without_secrets(value: Any) -> Any:
    """Return JSON-like data without secrets in its texts and under names that tell of one; other values as they are."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {
            name: "[redacted]" if _SECRET_NAME.search(str(name)) else data_without_secrets(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [data_without_secrets(item) for item in value]
    return value


def _keep_name(found: re.Match[str]) -> str:
    return f"{found['keep'] or found['url'] or ''}[redacted]"


def _redact_all(_: Any, __: str, record: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: _redacted(value) for name, value in record.items()}


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {
            redact(str(name)): "[redacted]" if _SECRET_NAME.search(str(name)) else _redacted(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _WORD):
        return value
    return redact(str(value))


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
        reason = {"error": f"{type(error).__name__}: {error}"} if error else {}
        structlog.get_logger(record.name).log(record.levelno, record.getMessage(), **reason)


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
    return orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
