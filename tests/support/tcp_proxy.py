"""Owns a TCP proxy that goes wrong on demand; the one rule: a reply is lost only after its request has reached the other side.

It stands in front of PostgreSQL or anything else that is asked and answers. All verbs may be called from any thread, and
`counts` says what was done: connections, refused, chunks, cut_before, cut_after, cut, held.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.support.loop_thread import LoopThread

_CHUNK = 256 * 1024
_REPLY_SECONDS = 2.0
"""How long a request whose reply is to be lost may take to be answered, before the connection is cut all the same."""


class Cut(StrEnum):
    """When a connection is cut."""

    BEFORE = "cut_before"
    """The client's chunk is not forwarded."""
    AFTER = "cut_after"
    """It is forwarded, and what the other side answers is lost."""


@dataclass
class _Script:
    cut: Cut
    match: bytes
    hit: int

    def take(self, chunk: bytes) -> Cut | None:
        if self.hit > 0 and self.match in chunk:
            self.hit -= 1
            return self.cut if self.hit == 0 else None
        return None


@dataclass
class _Draw:
    random: random.Random
    before: float
    after: float

    def take(self, chunk: bytes) -> Cut | None:
        left = self.random.random()
        if left < self.before:
            return Cut.BEFORE
        return Cut.AFTER if left < self.before + self.after else None


@dataclass
class _Watch:
    seen: Callable[[bytes], Any]

    def take(self, chunk: bytes) -> Cut | None:
        self.seen(chunk)
        return None


class TcpProxy(LoopThread):
    """A proxy on loopback before `host:port`."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.latency = 0.0
        """Seconds by which each chunk is late, in both directions."""
        self.port = 0
        self._target = (host, port)
        self._plans: list[_Script | _Draw | _Watch] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None

    # Verbs.

    def freeze(self) -> None:
        """Accept and never answer: nothing flows on any connection, new ones included, until `thaw`."""
        self.call(self._flowing.clear)

    def thaw(self) -> None:
        """Let everything flow again, what was held back first."""
        self.call(self._flowing.set)

    def refuse(self) -> None:
        """Refuse new connections and cut the present ones, as a server that has died does."""
        self.wait_for(self._stop_listening())
        self.cut_all()

    def accept(self) -> None:
        """Take connections again, at the same port."""
        self.wait_for(self._open())

    def cut_all(self) -> None:
        """Cut every connection now."""

        def cut() -> None:
            self.counts["cut"] += len(self._links)
            for link in list(self._links):
                link.abort()

        self.call(cut)

    def turn_to(self, port: int) -> None:
        """Lead to another server from now on, as a name does that follows a fail-over; what is connected is cut."""

        def turn() -> None:
            self._target = (self._target[0], port)

        self.call(turn)
        self.cut_all()

    def script(self, cut: Cut, match: bytes = b"", hit: int = 1) -> None:
        """Cut at the `hit`-th chunk from a client that holds `match`, counted from now over all connections."""
        self.call(self._plans.append, _Script(cut, match, hit))

    def draw(self, seed: int, *, before: float = 0.0, after: float = 0.0) -> None:
        """Cut at random, each chunk from a client at these rates."""
        self.call(self._plans.append, _Draw(random.Random(seed), before, after))

    def watch(self, take: Callable[[bytes], Any]) -> None:
        """Show `take` each chunk from a client, in order, from now on; what it returns does not matter."""
        self.call(self._plans.append, _Watch(take))

    def off(self) -> None:
        """Forget every plan and flow without delay; the counts stay."""

        def off() -> None:
            self._plans.clear()
            self.latency = 0.0
            self._flowing.set()

        self.call(off)
        if self._server is None:
            self.accept()

    # In the thread.

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, limit=_CHUNK)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _close(self) -> None:
        await self._stop_listening()
        for link in list(self._links):
            link.abort()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts["connections"] += 1
        self.start(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._flow()
            up_reader, up_writer = await asyncio.open_connection(*self._target, limit=_CHUNK)
        except OSError:
            self.counts["refused"] += 1
            writer.transport.abort()
            return
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        link = _Link(writer, up_writer)
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(link, reader, up_writer, self._judge), self._pump(link, up_reader, writer, lambda _: None)
            )
        finally:
            link.abort()
            self._links.discard(link)

    async def _pump(
        self,
        link: _Link,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        judge: Callable[[bytes], Cut | None],
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(_CHUNK):
                self.counts["chunks"] += 1
                await self._flow()
                if link.losing and writer is link.client:
                    # The reply: the request has been worked on.
                    link.abort()
                    return
                cut = judge(chunk)
                if cut is not None:
                    self.counts[cut.value] += 1
                if cut is Cut.BEFORE:
                    link.abort()
                    return
                link.losing = link.losing or cut is Cut.AFTER
                writer.write(chunk)
                await writer.drain()
                if cut is Cut.AFTER:
                    self._loop.call_later(_REPLY_SECONDS, link.abort)
        # One side has ended, or was cut: so does the other.
        link.close()

    async def _flow(self) -> None:
        if not self._flowing.is_set():
            self.counts["held"] += 1
        await self._flowing.wait()
        if self.latency:
            await asyncio.sleep(self.latency)
            await self._flowing.wait()

    def _judge(self, chunk: bytes) -> Cut | None:
        cut: Cut | None = None
        for plan in self._plans:
            cut = plan.take(chunk) or cut
        return cut


class _Link:
    """Both halves of a connection."""

    def __init__(self, client: Any, server: Any) -> None:
        self.client, self.server = client, server
        self.losing = False

    def close(self) -> None:
        """Close both halves once what was written is sent."""
        self.client.close()
        self.server.close()

    def abort(self) -> None:
        """Cut both halves."""
        self.client.transport.abort()
        self.server.transport.abort()
