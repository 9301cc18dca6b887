"""A web hook's other side: a real HTTP server on loopback that remembers what it got and answers what a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Receiver:
    """What the other side answers, and what it got."""

    url: str = ""
    answer: web.Response = field(default_factory=lambda: web.Response(text="ok"))
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Remember and answer."""
        self.requests.append((dict(request.headers), await request.read()))
        kept = self.answer
        return web.Response(
            status=kept.status, text=kept.text, headers={"Retry-After": kept.headers.get("Retry-After", "")}
        )


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serve on loopback."""
    made = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()
