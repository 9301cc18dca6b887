"""The HTTP server under those who open connections and keep it waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import aiohttp
import anyio
import anyio.abc
import pytest
from aiohttp import web

from leh_guardian.web import server
from leh_guardian.web.server import serve
from leh_guardian.web.status import answer

CLOSED = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


async def livez(_: web.Request) -> web.Response:
    """Answer."""
    return answer({"ok": True})


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server with one page."""
    async with serve([web.get("/livez", livez)], "127.0.0.1", 0) as address:
        yield address


async def connect(url: str, stack: AsyncExitStack) -> anyio.abc.SocketStream:
    """Open a connection, and say the beginning of a request."""
    place = urlsplit(url)
    stream = await stack.enter_async_context(await anyio.connect_tcp(str(place.hostname), int(place.port or 0)))
    await stream.send(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    return stream


async def look(url: str) -> int:
    """Ask for the page over a connection of its own."""
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/livez") as response:
        return response.status


async def until_closed(stream: anyio.abc.SocketStream) -> bool:
    """Read until the server closes."""
    with anyio.fail_after(20):
        try:
            while True:
                await stream.receive()
        except CLOSED:
            return True


async def test_500_slow_connections_hinder_nobody(url: str) -> None:
    """With 500 connections that never come to the end of their request the page is answered, and few of them stay open."""
    async with AsyncExitStack() as stack:
        slow = [await connect(url, stack) for _ in range(500)]
        assert {await look(url) for _ in range(20)} == {200}
        async with anyio.create_task_group() as tasks:
            for stream in slow[: 500 - server._CONNECTIONS]:
                # The oldest made way, each of them.
                tasks.start_soon(until_closed, stream)


async def test_a_slow_head_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that drips in, byte after byte, is closed when its time is over, whatever it sends."""
    monkeypatch.setattr(server, "_HEAD_SECONDS", 0.5)
    async with serve([web.get("/livez", livez)], "127.0.0.1", 0) as url, AsyncExitStack() as stack:
        stream = await connect(url, stack)

        async def drip() -> None:
            with anyio.fail_after(20):
                try:
                    while True:
                        await stream.send(b"x")
                        await anyio.sleep(0.02)
                except CLOSED:
                    return

        await drip()
        assert await look(url) == 200


@pytest.mark.parametrize(
    "rest",
    [b"x" * 9000 + b"\r\n\r\n", b"1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n"],
    ids=["long", "many"],
)
async def test_a_large_head_is_refused(url: str, rest: bytes) -> None:
    """A line beyond 8 KiB, or more than 128 fields, is answered 400 and closed."""
    async with AsyncExitStack() as stack:
        stream = await connect(url, stack)
        await stream.send(rest)
        assert b" 400 " in (await stream.receive())[:20]
        assert await until_closed(stream)
        assert await look(url) == 200


async def test_a_slow_body_is_cut_off(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of a body that nobody reads holds its connection for a moment, no longer."""
    async with AsyncExitStack() as stack:
        place = urlsplit(url)
        stream = await stack.enter_async_context(await anyio.connect_tcp(str(place.hostname), int(place.port or 0)))
        await stream.send(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\nx")
        assert b" 404 " in (await stream.receive())[:20]
        assert await until_closed(stream)
