"""Owns a small HTTP/1.1 server that can go wrong in every way; the one rule: what it applied and what it answered are two things.

It runs in a thread of its own with an event loop of its own, so that tests of any kind use it; a subclass says what a
request means. Requests of one connection are answered in turn. A request that waits for something (a long poll) is
cancelled when its client hangs up; one that a fault holds up is applied all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from tests.support.faults import Fault, Faults, Kind
from tests.support.loop_thread import LoopThread

_PHRASES = {200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests", 500: "Error"}


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request."""

    method: str
    path: str
    head: bytes
    """Everything before the body."""
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, empty when it is not there."""
        wanted = name.lower().encode()
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == wanted:
                return value.strip().decode("latin-1")
        return ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"

    def encoded(self) -> bytes:
        """Return the bytes that go over the wire."""
        lines = [f"HTTP/1.1 {self.status} {_PHRASES.get(self.status, 'Answer')}"]
        lines += [f"Content-Type: {self.content_type}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


class FaultyServer(LoopThread):
    """A server on loopback; used as a context manager."""

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self.faults = Faults()
        self.url = ""
        self._port = port
        self._connections: set[_Connection] = set()
        self._hung: set[asyncio.Future[None]] = set()

    def answer(self, request: Request) -> Answer | Awaitable[Answer]:
        """Apply a request; returns its answer, or something to wait for. Called in the server's thread."""
        raise NotImplementedError

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request."""
        return f"{request.method} {request.path}"

    def error(self, fault: Fault) -> Answer:
        """Return the answer that tells of a fault."""
        return Answer(fault.status, fault.code.encode(), fault.headers, "text/plain")

    async def _open(self) -> None:
        self._server = await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", self._port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _close(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
        while self._connections:  # noqa: ASYNC110 - a turn or two of the loop
            await asyncio.sleep(0)

    @property
    def hung(self) -> int:
        """How many requests hang without an end."""
        return len(self._hung)

    def let_go(self) -> None:
        """Let every hung request go on."""

        def go() -> None:
            for future in self._hung:
                if not future.done():
                    future.set_result(None)

        self.call(go)

    async def hold(self, seconds: float | None) -> None:
        """Wait `seconds`, or for `let_go` when None."""
        if seconds is not None:
            await asyncio.sleep(seconds)
            return
        future: asyncio.Future[None] = self._loop.create_future()
        self._hung.add(future)
        try:
            await future
        finally:
            self._hung.discard(future)


class _Connection(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, server: FaultyServer) -> None:
        self._server = server
        self._buffer = b""
        self._busy = False
        self._waiting: asyncio.Task[None] | None = None
        self._last = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._server._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._connections.discard(self)
        if self._waiting is not None:
            self._waiting.cancel()

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        """Take the next whole request out of the buffer."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        lower = head.lower()
        start = lower.find(b"\r\ncontent-length:")
        length = int(head[start + 17 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
        self._busy = True
        self._last = b"\r\nconnection: close" in lower
        method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        self._take(Request(method, path, head, body))

    def _take(self, request: Request) -> None:
        server = self._server
        try:
            fault = server.faults.decide(server.operation(request))
            if fault is not None:
                server.start(self._suffer(request, fault))
                return
            answer = server.answer(request)
        except Exception as error:
            # A defect of the test's own server must not pass for a fault of the other side.
            server.defects.append(error)
            self._send(Answer(500, repr(error).encode()))
            return
        if isinstance(answer, Answer):
            self._send(answer)
            return
        task = server.start(self._finish(answer))
        if isinstance(answer, asyncio.Future):
            # It waits and has done nothing yet; a coroutine is at work and goes on without its client.
            self._waiting = task

    async def _finish(self, answer: Awaitable[Answer]) -> None:
        try:
            self._send(await answer)
        except Exception as error:
            self._server.defects.append(error)
            self._send(Answer(500, repr(error).encode()))

    async def _suffer(self, request: Request, fault: Fault) -> None:
        """Go wrong."""
        if fault.kind in {Kind.REFUSE, Kind.CUT_BEFORE} or (fault.kind is Kind.GARBAGE and not fault.applied):
            self._without(fault)
            return
        if not fault.applied:
            await self._server.hold(fault.seconds)
        answer = self._server.answer(request)
        if not isinstance(answer, Answer):
            answer = await answer
        if fault.kind is Kind.LOSE_REPLY:
            self.abort()
        elif fault.kind is Kind.FAIL_AFTER:
            self._send(self._server.error(fault))
        elif fault.kind is Kind.GARBAGE:
            self._send(Answer(fault.status, fault.body))
        elif fault.kind is Kind.DRIP:
            await self._drip(answer.encoded(), fault.seconds or 0.5)
        else:
            if fault.applied:
                await self._server.hold(fault.seconds)
            self._send(answer)

    def _without(self, fault: Fault) -> None:
        """Go wrong without applying anything."""
        if fault.kind is Kind.CUT_BEFORE:
            self.abort()
        else:
            self._send(self._server.error(fault) if fault.kind is Kind.REFUSE else Answer(fault.status, fault.body))

    async def _drip(self, answer: bytes, pause: float) -> None:
        for n in range(len(answer)):
            if self._transport.is_closing():
                return
            self._transport.write(answer[n : n + 1])
            await asyncio.sleep(pause)
        self._done()

    def _send(self, answer: Answer) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(answer.encoded())
        self._done()

    def _done(self) -> None:
        self._busy, self._waiting = False, None
        if self._last:
            self._transport.close()
        elif self._buffer:
            self._next()
