"""Owns a provider's server that checks what it is sent and can go wrong; the one rule: nothing unexpected passes unseen.

What a provider would refuse, and what it would not know, is answered with an error and kept as a fault: `assert_no_more`
at the end of a test fails for it, as it does for a message that no test has looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with the next request."""

    kind: str = "answer"
    """`answer`: refused with what follows; `cut`: hung up on; `lost`: done, then hung up on; `late`: done, and never answered."""
    status: int = 500
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


class Wrong(Exception):
    """What was sent is not what the provider takes."""


class ProviderServer:
    """A provider on loopback."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: deque[Any] = deque()
        """What was accepted, in order, until a test takes it."""
        self.faults: list[str] = []
        """What should not have been sent."""
        self.troubles: deque[Trouble] = deque()
        self.chance: Callable[[str], Trouble | None] | None = None
        """What goes wrong with a request, by its path, beside the `troubles` that a test has written down."""
        self.hanging = False
        """Whether no request is answered."""
        self._held: set[asyncio.Future[None]] = set()

    async def apply(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Do what is asked, and answer.

        Raises:
            Wrong: it is not what this provider takes.
        """
        raise NotImplementedError

    def trouble(self, **what: Any) -> None:
        """Let one more request go wrong."""
        self.troubles.append(Trouble(**what))

    def assert_no_more(self) -> None:
        """Fail for whatever was sent beyond what the test has looked at."""
        assert not self.faults, "\n".join(self.faults)
        assert not self.taken, f"nobody expected {list(self.taken)}"
        assert not self.troubles, f"nobody met {list(self.troubles)}"

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.hanging or request.transport is None:
            # Whoever has hung up before its request was read does not wait for an answer, either.
            await self._hold()
        trouble = self.troubles.popleft() if self.troubles else self.chance(request.path) if self.chance else None
        if trouble is not None and trouble.kind == "answer":
            return web.Response(
                status=trouble.status, text=trouble.body, headers=trouble.headers, content_type=trouble.content_type
            )
        if trouble is None or trouble.kind in {"lost", "late"}:
            try:
                answer = await self.apply(request, body)
            except Wrong as wrong:
                self.faults.append(f"{request.method} {request.path}: {wrong}")
                return web.json_response({"error": str(wrong)}, status=400)
            if trouble is None:
                return answer
            if trouble.kind == "late":
                await self._hold()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _hold(self) -> None:
        held = asyncio.get_running_loop().create_future()
        self._held.add(held)
        await held

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Serve on loopback; at the end nothing unexpected may have come."""
        application = web.Application()
        application.router.add_route("*", "/{tail:.*}", self._handle)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            for held in self._held:
                held.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await runner.cleanup()
        self.assert_no_more()


def must(condition: object, what: str) -> None:
    """Complain unless `condition`.

    Raises:
        Wrong: it is not met.
    """
    if not condition:
        raise Wrong(what)
