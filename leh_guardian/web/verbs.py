"""Owns the routes by which programs answer; the one rule: no bearer token configured, no change - whoever can connect.

Browsers cannot be tricked into these: a cross-site form cannot set the Authorization header.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from aiohttp import web

from leh_guardian.clock import Clock
from leh_guardian.engine import answering
from leh_guardian.engine.answering import Answered, Word
from leh_guardian.engine.directory import Directory
from leh_guardian.engine.references import incident_id, is_reference, number_of
from leh_guardian.errors import StoreError
from leh_guardian.model.text import shown
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.failpoints import failpoint
from leh_guardian.telemetry.redaction import redact
from leh_guardian.web.bearer import refused
from leh_guardian.web.bodies import json_object
from leh_guardian.web.status import answer

_BODY_SECONDS = 5.0
"""Seconds until a request's body must be there."""
_HIGHEST = 2**31 - 1


class VerbRoutes:
    """What programs may do over HTTP."""

    def __init__(self, pool: Pool, clock: Clock, token: str | None, directory: Callable[[], Directory]) -> None:
        self._pool = pool
        self._clock = clock
        self._token = token
        self._directory = directory

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/api/actions/{id}/{verb:approve|reject}", self.act),
            web.post("/api/incidents/{id}/{verb:ack|unack|resolve|escalate|snooze}", self.act),
        ]

    async def act(self, request: web.Request) -> web.Response:
        """Do what the path says; 200 when done, 409 with what is the case when there is nothing (any more) to do."""
        refusal = refused(request, self._token)
        if refusal is not None:
            return refusal
        given, verb = request.match_info["id"], request.match_info["verb"]
        of_action = verb in {"approve", "reject"}
        if not is_reference(given) or (of_action and number_of(given) is not None):
            wanted = "a UUID" if of_action else "a UUID or INC-number"
            return answer({"error": f"the id must be {wanted}"}, status=400)
        body = await json_object(request, _BODY_SECONDS)
        if isinstance(body, web.Response):
            return body
        word = self._word(verb, body)
        if isinstance(word, str):
            return answer({"error": word}, status=400)
        try:
            async with transaction(self._pool) as tx:
                now = self._clock.now()
                if of_action:
                    said = await answering.decide(tx, UUID(given), word, now)
                else:
                    said = await answering.answer(tx, await incident_id(tx, given), word, now)
        except StoreError as error:
            return answer({"error": redact(str(error))}, status=503)
        failpoint("answer.committed")
        return _told(said)

    def _word(self, verb: str, given: Mapping[str, Any]) -> Word | str:
        """Return what a body says, or what is wrong with it."""
        way = answering.through(self._directory, via="api")
        who, way = answering.as_person(way, shown(given.get("by") or "api", 100))
        level, as_of = given.get("level"), given.get("as_of")
        for name, value, least in (("level", level, 1), ("as_of", as_of, 0)):
            whole = isinstance(value, int) and not isinstance(value, bool) and least <= value <= _HIGHEST
            if value is not None and not whole:
                return f"`{name}` must be a whole number from {least} on"
        minutes = given.get("minutes", answering.SNOOZE.total_seconds() / 60)
        most = answering.LONGEST_SNOOZE.total_seconds() / 60
        number = isinstance(minutes, int | float) and not isinstance(minutes, bool) and math.isfinite(minutes)
        if not number or not 1 <= minutes <= most:
            return f"`minutes` must be a number from 1 to {most:.0f}"
        reason = shown(given.get("reason") or "", 500)
        return Word(verb, who, way, reason, level, timedelta(minutes=minutes), as_of)


def _told(said: Answered) -> web.Response:
    return answer({"done": said.done, "text": said.text, "now": said.now}, status=200 if said.done else 409)
