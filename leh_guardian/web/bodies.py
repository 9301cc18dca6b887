"""Owns the reading of bodies that may be longer than this endpoint's own; the one rule: neither without end nor for ever."""

from __future__ import annotations

import anyio
from aiohttp import web

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
