"""Owns LEH's admin API in miniature; the one rule: what it did and what it answered are counted apart.

`Desk` is what it does, without a network; `LocalAdminApi` serves a desk on loopback and goes wrong as it is told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, Final

from aiohttp import web

from leh_guardian.adapters.admin_api import PATH, REINDEX_PATH
from leh_guardian.local.dripping import drip

Process = Callable[[str], Awaitable[object]]
"""Has a piece of evidence processed, or the index of a case built anew."""
_NAMED: Final = {PATH: "evidence_id", REINDEX_PATH: "case_id"}
"""What each request names."""
Answer = tuple[int, dict[str, Any]]


class Trouble(StrEnum):
    """What may be wrong with an answer."""

    BEFORE = "before"
    """500, and nothing was done."""
    AFTER = "after"
    """500, and it was done."""
    CUT_BEFORE = "cut_before"
    """The connection ends, and nothing was done."""
    CUT_AFTER = "cut_after"
    """The connection ends, and it was done."""
    HANG = "hang"
    """No answer, and nothing was done."""
    DRIP = "drip"
    """It was done, and the answer comes a byte at a time, for ever."""
    SLOW_DOWN = "slow_down"
    """429 with Retry-After."""
    REDIRECT = "redirect"
    """To a log-in page."""
    HTML = "html"
    """A proxy's page, with 200."""
    HUGE = "huge"
    """Ten megabytes, and it was done."""


_INSTEAD: Final = frozenset(
    {Trouble.BEFORE, Trouble.CUT_BEFORE, Trouble.HANG, Trouble.SLOW_DOWN, Trouble.REDIRECT, Trouble.HTML}
)
"""What comes in place of doing anything."""


class Desk:
    """Takes requests and counts what it does about them."""

    def __init__(self, token: str | None = None, *, honours_keys: bool = False) -> None:
        self.token = token
        self.honours_keys = honours_keys
        self.requests: Counter[str] = Counter()
        """Requests that were let in, by evidence or case."""
        self.keys: Counter[str] = Counter()
        """... and by idempotency key."""
        self.effects: Counter[str] = Counter()
        """How often each piece was given to the worker."""
        self.refusing: dict[str, Answer] = {}
        """{evidence: what it answers in place of taking it}."""
        self._answers: dict[str, Answer] = {}

    def take(self, authorization: str, key: str, body: Any, path: str = PATH) -> tuple[Answer, str | None]:
        """Take a request; returns the answer, and the evidence (or case) that is to be processed for it, None for none."""
        if self.token is not None and authorization != f"Bearer {self.token}":
            return (401, {"detail": "Not authenticated"}), None
        named = _NAMED[path]
        evidence = body.get(named) if isinstance(body, dict) else None
        if not isinstance(evidence, str) or not evidence:
            return (422, {"detail": [{"loc": ["body", named], "msg": "Field required"}]}), None
        self.requests[evidence] += 1
        self.keys[key] += 1
        if self.honours_keys and key in self._answers:
            return self._answers[key], None
        if evidence in self.refusing:
            return self.refusing[evidence], None
        answer = (202, {"status": "accepted", named: evidence})
        self.effects[evidence] += 1
        if key:
            self._answers[key] = answer
        return answer, evidence


class LocalAdminApi:
    """A desk on the network; `serving` puts it on loopback."""

    def __init__(
        self,
        desk: Desk,
        process: Process | None = None,
        *,
        reindex: Process | None = None,
        later: float | None = None,
    ) -> None:
        self.desk = desk
        self.url: str = ""
        self.trouble: list[Trouble] = []
        """What goes wrong with the next requests, one after the other."""
        self.process = process
        """Has pieces processed; None: what is taken lies there."""
        self.reindex = reindex
        """Builds indexes anew; None: as above."""
        self._later: Final = later
        """Seconds after its answer that a piece is processed; None: before it."""
        self._tasks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.post(PATH, self._take), web.post(REINDEX_PATH, self._take), web.get("/", self._home)]

    async def _home(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"service": "leh-backend"})

    async def _take(self, request: web.Request) -> web.StreamResponse:
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble in _INSTEAD:
            return await _instead(request, trouble)
        try:
            body = await request.json()
        except ValueError:
            body = None
        given = request.headers
        (status, answer), evidence = self.desk.take(
            given.get("Authorization", ""), given.get("Idempotency-Key", ""), body, request.path
        )
        process = self.process if request.path == PATH else self.reindex
        if evidence is not None and process is not None:
            await self._have_processed(process, evidence)
        return web.json_response(answer, status=status) if trouble is None else await _afterwards(request, trouble)

    async def _have_processed(self, process: Process, evidence: str) -> None:
        if self._later is None:
            await process(evidence)
            return
        task = asyncio.get_running_loop().create_task(self._wait_and(process, evidence, self._later))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    async def _wait_and(process: Process, evidence: str, pause: float) -> None:
        await asyncio.sleep(pause)
        await process(evidence)

    async def close(self) -> None:
        """End what is still to be processed."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _instead(request: web.Request, trouble: Trouble | None) -> web.StreamResponse:
    """Answer without having done anything."""
    match trouble:
        case Trouble.CUT_BEFORE:
            return _cut(request)
        case Trouble.SLOW_DOWN:
            return web.json_response({"detail": "slow down"}, status=429, headers={"Retry-After": "7"})
        case Trouble.REDIRECT:
            return web.Response(status=302, headers={"Location": "/login"})
        case Trouble.HTML:
            return web.Response(text="<html><title>Sign in</title></html>", content_type="text/html")
        case Trouble.HANG:
            await asyncio.sleep(3600)
    return _broken()


async def _afterwards(request: web.Request, trouble: Trouble) -> web.StreamResponse:
    """Answer, or not, when it is done."""
    match trouble:
        case Trouble.CUT_AFTER:
            return _cut(request)
        case Trouble.DRIP:
            return await drip(request)
        case Trouble.HUGE:
            return web.Response(body=b" " * 10_000_000, content_type="application/json")
    return _broken()


def _broken() -> web.StreamResponse:
    return web.json_response({"detail": "Internal Server Error"}, status=500)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(api: LocalAdminApi, port: int = 0) -> AsyncIterator[LocalAdminApi]:
    """Serve `api` on loopback, on the given or any free port, while the block runs; its `url` says where."""
    application = web.Application()
    application.add_routes(api.routes())
    # A client that hangs up cancels what hangs: the end need not wait for it.
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield api
    finally:
        await api.close()
        await runner.cleanup()
