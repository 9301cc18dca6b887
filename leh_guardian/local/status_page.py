"""Owns a status page in miniature, as status.openai.com serves its own; the one rule: it plays what it is told, faults included.

Three shapes of the same facts: incident.io's native one under `/proxy/{host}`, `summary.json` without what is empty, and
`incidents.json` without components. Each has an ETag. A `Scene` says what stands on it and what goes wrong.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from aiohttp import web

from leh_guardian.local.dripping import drip

COMPONENTS: Final = {
    "01-chat": "Chat Completions",
    "02-responses": "Responses",
    "03-embeddings": "Embeddings",
    "04-audio": "Audio",
    "05-images": "Images",
    "06-files": "Files",
    "07-batch": "Batch",
    "08-moderations": "Moderations",
    "09-login": "Login",
    "10-login": "Login",
    "11-sora": "Sora",
}
"""{id: name}; one name twice, as on the real page."""


class Source(StrEnum):
    """The shapes that a page may offer."""

    NATIVE = "native"
    SUMMARY = "summary"
    INCIDENTS = "incidents"


class Trouble(StrEnum):
    """What may be wrong with an answer."""

    AWAY = "away"
    """503."""
    GARBAGE = "garbage"
    """Half a document."""
    HTML = "html"
    """A proxy's page, with 200."""
    DRIP = "drip"
    """A byte at a time, for ever."""
    REDIRECT = "redirect"
    """To another place."""
    GZIP = "gzip"
    """Ten megabytes in ten kilobytes."""
    HUGE = "huge"
    """Ten megabytes as they are."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the page shows."""

    statuses: Mapping[str, str] = field(default_factory=dict)
    """{component id: status} of those that are not operational."""
    incidents: tuple[tuple[str, str, str], ...] = ()
    """(id, name, status)."""
    offers: frozenset[Source] = frozenset(Source)
    """The shapes that are there; the others are 404."""
    trouble: Trouble | None = None
    looks: int | None = None
    """For how many looks it is played before the next one; None: until another is set."""


class LocalStatusPage:
    """A status page; `serving` puts it on loopback."""

    def __init__(self, *scenes: Scene) -> None:
        self.url = ""
        self.elsewhere = ""
        """Where a redirect leads."""
        self.requests: list[tuple[Source, str]] = []
        """(shape, If-None-Match) of every request."""
        self.play(*scenes)

    def play(self, *scenes: Scene) -> None:
        """Play scenes one after the other; the last stays."""
        self._scenes = deque(scenes or (Scene(),))
        self._looks = 0

    @property
    def scene(self) -> Scene:
        """What is played now."""
        return self._scenes[0]

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/proxy/{host}", self._native),
            web.get("/api/v2/summary.json", self._summary),
            web.get("/api/v2/incidents.json", self._incidents),
        ]

    async def _native(self, request: web.Request) -> web.StreamResponse:
        # A look begins here.
        if self.scene.looks is not None and self._looks >= self.scene.looks and len(self._scenes) > 1:
            self._scenes.popleft()
            self._looks = 0
        self._looks += 1
        scene = self.scene
        affected = [{"component_id": id_, "status": status} for id_, status in scene.statuses.items()]
        ongoing = [
            {"id": id_, "name": name, "status": status, "affected_components": affected}
            for id_, name, status in scene.incidents
            if status != "resolved"
        ]
        summary: dict[str, Any] = {
            "components": [{"id": id_, "name": name} for id_, name in COMPONENTS.items()],
            "affected_components": affected,
            "ongoing_incidents": ongoing,
        }
        return await self._answer(request, Source.NATIVE, {"summary": summary})

    async def _summary(self, request: web.Request) -> web.StreamResponse:
        parts = [
            {"id": id_, "name": name, "status": self.scene.statuses.get(id_, "operational")}
            for id_, name in COMPONENTS.items()
        ]
        document = {"page": {"id": "local"}, "status": {"indicator": "none"}, "components": parts}
        return await self._answer(request, Source.SUMMARY, document)

    async def _incidents(self, request: web.Request) -> web.StreamResponse:
        listed = [{"id": id_, "name": name, "status": status} for id_, name, status in self.scene.incidents]
        return await self._answer(request, Source.INCIDENTS, {"page": {"id": "local"}, "incidents": listed})

    async def _answer(self, request: web.Request, source: Source, document: Any) -> web.StreamResponse:
        known = request.headers.get("If-None-Match", "")
        self.requests.append((source, known))
        if source not in self.scene.offers:
            return web.Response(status=404, text="not found")
        body = json.dumps(document).encode()
        tag = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.scene.trouble is not None:
            return await self._suffer(request, self.scene.trouble, body)
        if known == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(body=body, headers={"ETag": tag}, content_type="application/json")

    async def _suffer(self, request: web.Request, trouble: Trouble, body: bytes) -> web.StreamResponse:
        match trouble:
            case Trouble.AWAY:
                return web.Response(status=503, text="upstream connect error")
            case Trouble.GARBAGE:
                return web.Response(body=body[: len(body) // 2], content_type="application/json")
            case Trouble.HTML:
                return web.Response(text="<html><title>Just a moment...</title></html>", content_type="text/html")
            case Trouble.REDIRECT:
                return web.Response(status=302, headers={"Location": self.elsewhere or self.url})
            case Trouble.GZIP:
                bomb = gzip.compress(b" " * 10_000_000)
                return web.Response(body=bomb, headers={"Content-Encoding": "gzip"}, content_type="application/json")
            case Trouble.HUGE:
                return web.Response(body=b" " * 10_000_000, content_type="application/json")
            case Trouble.DRIP:
                return await drip(request)


@asynccontextmanager
async def serving(page: LocalStatusPage, port: int = 0) -> AsyncIterator[LocalStatusPage]:
    """Serve `page` on loopback, on the given or any free port, while the block runs; its `url` says where."""
    application = web.Application()
    application.add_routes(page.routes())
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        page.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield page
    finally:
        await runner.cleanup()
