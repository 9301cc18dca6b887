"""Owns what the routes have in common by which programs change things; the one rule: the bearer token comes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from leh_guardian.clock import Clock
from leh_guardian.engine.directory import PERSON, Directory
from leh_guardian.errors import StoreError
from leh_guardian.language import Locale
from leh_guardian.model.text import shown
from leh_guardian.store.pool import Pool
from leh_guardian.telemetry.redaction import redact
from leh_guardian.web.bearer import refused
from leh_guardian.web.bodies import json_object
from leh_guardian.web.status import answer


class ProgramRoutes:
    """Routes over what programs may change."""

    def __init__(self, pool: Pool, clock: Clock, token: str | None, directory: Callable[[], Directory]) -> None:
        self.pool = pool
        self.clock = clock
        self._token = token
        self.directory = directory

    async def asked(self, request: web.Request) -> dict[str, Any] | web.Response:
        """Return what a request's body holds; an answer for one that may not, or that cannot be read."""
        refusal = refused(request, self._token)
        return await json_object(request) if refusal is None else refusal

    def who(self, body: Mapping[str, Any]) -> str:
        """Return who says it, by id where oncall.yaml knows them."""
        return self.directory().identified(shown(body.get("by") or "api", 100))[0]

    def locale(self, body: Mapping[str, Any]) -> Locale:
        """Return what whoever says it is answered in: their own language."""
        return self.directory().locale(PERSON + self.who(body))


def away(error: StoreError) -> web.Response:
    """Return the answer while the store is away."""
    return answer({"error": redact(str(error))}, status=503)
