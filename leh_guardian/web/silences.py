"""Owns the routes by which programs silence calls; the one rule: the bearer token, and what `leh-guardian silence` refuses is refused.

`GET` and `POST /api/silences`, `POST /api/silences/{id}/end`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from leh_guardian.clock import Clock
from leh_guardian.engine import silencing
from leh_guardian.engine.directory import Directory
from leh_guardian.engine.silencing import NoSilence, Said
from leh_guardian.errors import StoreError
from leh_guardian.fields import parse_duration
from leh_guardian.model.silence import Silence
from leh_guardian.model.text import shown
from leh_guardian.store import silences
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.redaction import redact
from leh_guardian.web.bearer import refused
from leh_guardian.web.bodies import given_instant, json_object
from leh_guardian.web.status import answer


class SilenceRoutes:
    """What programs may do about silences over HTTP."""

    def __init__(self, pool: Pool, clock: Clock, token: str | None, directory: Callable[[], Directory]) -> None:
        self._pool = pool
        self._clock = clock
        self._token = token
        self._directory = directory

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/api/silences", self.listed),
            web.post("/api/silences", self.add),
            web.post(r"/api/silences/{id:[0-9a-fA-F-]{36}}/end", self.end),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Return the silences that hold now."""
        if (refusal := refused(request, self._token)) is not None:
            return refusal
        try:
            async with transaction(self._pool) as tx:
                now = self._clock.now()
                found = await silences.holding(tx, now)
        except StoreError as error:
            return _away(error)
        return answer({"silences": [silencing.report(one, now) for one in found]})

    async def add(self, request: web.Request) -> web.Response:
        """Begin a silence: {match, for or until, reason, by}."""
        if (refusal := refused(request, self._token)) is not None:
            return refusal
        body = await json_object(request)
        if isinstance(body, web.Response):
            return body
        try:
            async with transaction(self._pool) as tx:
                now = self._clock.now()
                said = await silencing.add(tx, self._wanted(body, now), now, "api")
        except (NoSilence, ValueError) as error:
            return answer({"error": shown(error, 500)}, status=400)
        except StoreError as error:
            return _away(error)
        return _told(said, now)

    async def end(self, request: web.Request) -> web.Response:
        """End a silence: {by}; 404 for an unknown one."""
        if (refusal := refused(request, self._token)) is not None:
            return refusal
        body = await json_object(request)
        if isinstance(body, web.Response):
            return body
        try:
            silence_id = UUID(request.match_info["id"])
        except ValueError:
            return answer({"error": "the id must be a UUID"}, status=400)
        try:
            async with transaction(self._pool) as tx:
                now = self._clock.now()
                said = await silencing.end(tx, silence_id, self._who(body), now, "api")
        except StoreError as error:
            return _away(error)
        return _told(said, now)

    def _wanted(self, body: Mapping[str, Any], now: datetime) -> Silence:
        match = body.get("match")
        if isinstance(match, str):
            match = silencing.written([match])
        if ("for" in body) == ("until" in body):
            raise NoSilence("give `for` (such as 2h) or `until` (ISO 8601 with a zone)")
        until = now + parse_duration(body["for"]) if "for" in body else given_instant(body["until"], "until")
        return silencing.wanted(match, until, body.get("reason"), self._who(body), now)

    def _who(self, body: Mapping[str, Any]) -> str:
        return self._directory().identified(shown(body.get("by") or "api", 100))[0]


def _told(said: Said, now: datetime) -> web.Response:
    silence = silencing.report(said.silence, now) if said.silence else None
    return answer({"done": said.done, "text": said.text, "silence": silence}, status=200 if said.done else 404)


def _away(error: StoreError) -> web.Response:
    return answer({"error": redact(str(error))}, status=503)
