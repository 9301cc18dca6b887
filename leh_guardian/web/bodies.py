"""Owns the reading of bodies; the one rule: neither without end nor for ever."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio
from aiohttp import web

from leh_guardian.web.status import answer

_SECONDS = 5.0
"""Seconds until a body must be there."""


async def whole_body(request: web.Request, most: int) -> bytes | None:
    """Return the raw body; None where it is longer than `most` bytes, or does not come."""
    taken = bytearray()
    try:
        with anyio.fail_after(_SECONDS):
            while some := await request.content.readany():
                taken += some
                if len(taken) > most:
                    return None
    except (TimeoutError, ValueError, OSError):
        return None
    return bytes(taken)


async def json_object(request: web.Request, seconds: float = _SECONDS) -> dict[str, Any] | web.Response:
    """Return the object that a body holds, an empty one where there is none; an answer where it cannot be read."""
    try:
        with anyio.fail_after(seconds):
            body = await request.json() if request.can_read_body else {}
    except TimeoutError:
        return answer({"error": "the body did not come"}, status=408)
    except (ValueError, LookupError, RecursionError):
        # LookupError: a character set that does not exist; RecursionError: a body of nothing but brackets.
        return answer({"error": "the body, if any, must be JSON"}, status=400)
    return body if isinstance(body, dict) else {}


def given_instant(written: Any, name: str) -> datetime:
    """Return the instant that a body's member says.

    Raises:
        ValueError: it is none, or has no zone.
    """
    try:
        at = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        raise ValueError(f"`{name}` must be a time such as 2027-01-01T09:00+09:00") from None
    if at.tzinfo is None:
        raise ValueError(f"`{name}` must have a zone, such as 2027-01-01T09:00+09:00")
    return at.astimezone(UTC)
