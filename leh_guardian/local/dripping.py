"""Owns the answer that never ends; the one rule: a byte at a time, so that only a deadline on the whole exchange ends it."""

from __future__ import annotations

import asyncio

from aiohttp import web


async def drip(request: web.Request) -> web.StreamResponse:
    """Answer a byte at a time until the client has gone."""
    answer = web.StreamResponse(headers={"Content-Length": "100000"})
    await answer.prepare(request)
    try:
        while True:
            await answer.write(b" ")
            await asyncio.sleep(0.05)
    except ConnectionError:
        return answer
