"""Owns the route by which others say that they are alive; the one rule: the bearer token, and only names that are expected.

Whoever cannot put an event on the alert queue sends a request: `POST /api/heartbeats/{name}`, with no body.
"""

from __future__ import annotations

from aiohttp import web

from leh_guardian.clock import Clock
from leh_guardian.errors import StoreError
from leh_guardian.store import heartbeats
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.redaction import redact
from leh_guardian.web.bearer import refused
from leh_guardian.web.status import answer


class HeartbeatRoutes:
    """What others say of themselves over HTTP."""

    def __init__(self, pool: Pool, clock: Clock, token: str | None) -> None:
        self._pool = pool
        self._clock = clock
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.post("/api/heartbeats/{name}", self.beat)]

    async def beat(self, request: web.Request) -> web.Response:
        """Take a heartbeat: 200 when it is written down, 404 when nobody waits for one of this name."""
        if (refusal := refused(request, self._token)) is not None:
            return refusal
        try:
            async with transaction(self._pool) as tx:
                known = await heartbeats.beat(tx, {request.match_info["name"]: self._clock.now()})
        except StoreError as error:
            return answer({"error": redact(str(error))}, status=503)
        if not known:
            return answer({"error": "no heartbeat of this name is in oncall.yaml (heartbeats.inbound)"}, status=404)
        return answer({"done": True})
