"""Owns the routes that change something; the one rule: no bearer token configured, no change - whoever can connect.

Browsers cannot be tricked into these: a cross-site form cannot set the Authorization header.
"""

from __future__ import annotations

import hmac
from uuid import UUID

import anyio
from aiohttp import web

from leh_guardian.clock import Clock
from leh_guardian.engine import verbs
from leh_guardian.errors import StoreError
from leh_guardian.model.text import shown
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.redaction import redact
from leh_guardian.web.status import answer

_BODY_SECONDS = 5.0
"""Seconds until a request's body must be there."""


class VerbRoutes:
    """What people may do over HTTP."""

    def __init__(self, pool: Pool, clock: Clock, token: str | None) -> None:
        self._pool = pool
        self._clock = clock
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/api/actions/{id}/{verb:approve|reject}", self.act),
            web.post("/api/incidents/{id}/{verb:ack|resolve}", self.act),
        ]

    async def act(self, request: web.Request) -> web.Response:
        """Do what the path says; 200 when done, 409 when there is nothing (any more) to do."""
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        try:
            target = UUID(request.match_info["id"])
            with anyio.fail_after(_BODY_SECONDS):
                body = await request.json() if request.can_read_body else {}
        except TimeoutError:
            return answer({"error": "the body did not come"}, status=408)
        except (ValueError, LookupError, RecursionError):
            # LookupError: a character set that does not exist; RecursionError: a body of nothing but brackets.
            return answer({"error": "the id must be a UUID and the body, if any, JSON"}, status=400)
        given = body if isinstance(body, dict) else {}
        who = shown(given.get("by") or "api", 100)
        reason = shown(given.get("reason") or "", 500)
        try:
            async with transaction(self._pool) as tx:
                done = await self._do(tx, request.match_info["verb"], target, who, reason)
        except StoreError as error:
            return answer({"error": redact(str(error))}, status=503)
        return answer({"done": done}, status=200 if done else 409)

    async def _do(self, tx: Transaction, verb: str, target: UUID, who: str, reason: str) -> bool:
        now = self._clock.now()
        match verb:
            case "ack":
                return await verbs.acknowledge(tx, target, now, who)
            case "resolve":
                return await verbs.resolve(tx, target, now, who, reason)
            case _:
                return await verbs.answer_proposal(tx, target, now, who, reason, approve=verb == "approve")

    def _refuse(self, request: web.Request) -> web.Response | None:
        if self._token is None:
            return answer({"error": "set LEH_HTTP__TOKEN to allow changes over HTTP"}, status=403)
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode()):
            return answer({"error": "a bearer token is needed"}, status=401)
        return None
