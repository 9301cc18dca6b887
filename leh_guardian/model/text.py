"""Owns the way hostile text and numbers become storable; the one rule: nothing an event holds can make a write fail.

PostgreSQL's text refuses NUL, UTF-8 refuses lone surrogates, JSON refuses infinities; event content has all three.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from datetime import date
from typing import Any

import orjson

from leh_guardian.telemetry.redaction import one_line, redact

_KEY_LENGTH = 200
DEEPEST = 100
"""Levels of an event that are looked at where it is written anew; no real one has a quarter of it."""
TOO_DEEP = "… (nested too deeply to be shown)"
_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]*(?=@)")


def encodable(text: str) -> str:
    r"""Return `text` with lone surrogates spelt out as \udXXX: half of an emoji, where a producer cut a text."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def storable(text: str) -> str:
    r"""Return `text` with NUL and lone surrogates spelt out as \x00 and \udXXX."""
    return encodable(text.replace("\x00", "\\x00"))


def storable_key(value: Any) -> str:
    """Return `value` as a text of bounded length that is equal only for equal values."""
    text = storable(value if isinstance(value, str) else dump_json(value))
    if len(text) <= _KEY_LENGTH:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{text[: _KEY_LENGTH - 40]}…#{digest}"


def dump_json(value: Any) -> str:
    """Return `value` as JSON text that PostgreSQL's `json` type takes, whatever it holds.

    Lone surrogates and NUL stay escaped, integers beyond 64 bits stay exact; infinities and NaN become null (or text),
    and what is nested deeper than a hundred levels is cut off with a note. The body itself is kept whole elsewhere.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_UUID).decode()
    except (orjson.JSONEncodeError, TypeError):
        return json.dumps(_tamed(value, DEEPEST), ensure_ascii=True, allow_nan=False, default=_text)


def _text(value: object) -> str:
    # As orjson writes them: one reader's times must not depend on another's text.
    return value.isoformat() if isinstance(value, date) else str(value)


def _tamed(value: Any, levels: int) -> Any:
    if levels == 0:
        return TOO_DEEP
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(name): _tamed(item, levels - 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tamed(item, levels - 1) for item in value]
    return value


def shown(text: object, limit: int = 300) -> str:
    """Return `text` for a person's eyes: one line, control characters spelt out, at most `limit` characters."""
    line = one_line(storable(str(text)[: limit + 1]))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def told(text: object, limit: int = 300, *, phones: bool = True) -> str:
    """Return `text` as errors are kept and told: redacted, then as `shown`. Cut first, half a secret could pass."""
    return shown(redact(str(text), limit, phones=phones), limit)


def without_passwords(text: str) -> str:
    """Return `text` with the passwords of the URLs in it masked."""
    return _PASSWORD.sub(r"\1:***", text)
