"""Owns the levels of log records; the one rule: a level is one of five, whatever a library calls it."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Level(IntEnum):
    """How bad the writer of a record thought it was; the values are those of Python's logging."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


_NAMES: Final = {
    "trace": Level.DEBUG,
    "debug": Level.DEBUG,
    "info": Level.INFO,
    "information": Level.INFO,
    "notice": Level.INFO,
    "success": Level.INFO,
    "report": Level.INFO,
    "warn": Level.WARNING,
    "warning": Level.WARNING,
    "error": Level.ERROR,
    "err": Level.ERROR,
    "severe": Level.ERROR,
    "exception": Level.ERROR,
    "critical": Level.CRITICAL,
    "fatal": Level.CRITICAL,
    "alert": Level.CRITICAL,
    "emergency": Level.CRITICAL,
}


def parse_level(value: object) -> Level | None:
    """Return the level that a name, or a number of Python's or of bunyan's, stands for."""
    if isinstance(value, str):
        return _NAMES.get(value.strip().lower())
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 60:
        return Level(max(10, min(50, value // 10 * 10)))
    return None
