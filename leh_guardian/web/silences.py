"""Owns the routes by which programs silence calls; the one rule: what `leh-guardian silence` refuses is refused.

`GET` and `POST /api/silences`, `POST /api/silences/{id}/end`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from leh_guardian.engine import silencing
from leh_guardian.engine.silencing import NoSilence, Said
from leh_guardian.errors import StoreError
from leh_guardian.fields import parse_duration
from leh_guardian.language import Locale, Text
from leh_guardian.model.silence import Silence
from leh_guardian.store import silences
from leh_guardian.store.transaction import transaction
from leh_guardian.web.bodies import given_instant
from leh_guardian.web.by_hand import ByHandRoutes, away, named_id
from leh_guardian.web.status import answer


class SilenceRoutes(ByHandRoutes):
    """What programs may do about silences over HTTP."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/api/silences", self.listed),
            web.post("/api/silences", self.add),
            web.post("/api/silences/{id}/end", self.end),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Return the silences that hold now."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        try:
            async with transaction(self.pool) as tx:
                now = self.clock.now()
                found = await silences.holding(tx, now)
        except StoreError as error:
            return away(error)
        return answer({"silences": [silencing.report(one, now) for one in found]})

    async def add(self, request: web.Request) -> web.Response:
        """Begin a silence: {match, for or until, reason, by}."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        try:
            async with transaction(self.pool) as tx:
                now = self.clock.now()
                said = await silencing.add(tx, self._wanted(body, now), now, "api")
        except ValueError as error:
            return self.wrong(error, body)
        except StoreError as error:
            return away(error)
        return _told(said, self.locale(body), now)

    async def end(self, request: web.Request) -> web.Response:
        """End a silence: {by}; 404 for an unknown one."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        if isinstance(silence_id := named_id(request), web.Response):
            return silence_id
        try:
            async with transaction(self.pool) as tx:
                now = self.clock.now()
                said = await silencing.end(tx, silence_id, self.who(body), now, "api")
        except StoreError as error:
            return away(error)
        return _told(said, self.locale(body), now)

    def _wanted(self, body: Mapping[str, Any], now: datetime) -> Silence:
        match = body.get("match")
        if isinstance(match, str):
            match = silencing.written([match])
        if ("for" in body) == ("until" in body):
            raise NoSilence(Text.same("give `for` (such as 2h) or `until` (ISO 8601 with a zone)"))
        until = now + parse_duration(body["for"]) if "for" in body else given_instant(body["until"], "until")
        return silencing.wanted(match, until, body.get("reason"), self.who(body), now)


def _told(said: Said, locale: Locale, now: datetime) -> web.Response:
    silence = silencing.report(said.silence, now) if said.silence else None
    return answer(
        {"done": said.done, "text": said.text.of(locale), "silence": silence}, status=200 if said.done else 404
    )
