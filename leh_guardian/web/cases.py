"""Owns the route by which a button elsewhere asks for a case's restore; the one rule: what the command refuses is refused.

`POST /api/cases/{id}/restore`: for a button of LEH's own administration, or a workflow of a chat, whose server holds the bearer token.
"""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from leh_guardian.clock import Clock
from leh_guardian.engine import restoring
from leh_guardian.engine.directory import Directory
from leh_guardian.errors import StoreError
from leh_guardian.fields import is_case_id
from leh_guardian.model.text import shown
from leh_guardian.registry import Registry
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.web.programs import ProgramRoutes, away
from leh_guardian.web.status import answer

_LONGEST = 500
_MOST = 1_000_000


class CaseRoutes(ProgramRoutes):
    """What programs may ask for about cases over HTTP."""

    def __init__(
        self, pool: Pool, clock: Clock, token: str | None, directory: Callable[[], Directory], registry: Registry
    ) -> None:
        super().__init__(pool, clock, token, directory)
        self._registry = registry

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.post("/api/cases/{id}/restore", self.restore)]

    async def restore(self, request: web.Request) -> web.Response:
        """Plan a restore: {reason, by, limit, reprocess}; 202 with its incident, 409 where one is under way."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        case, limit, reprocess = request.match_info["id"], body.get("limit"), body.get("reprocess", True)
        reason = body.get("reason")
        if not is_case_id(case):
            return answer({"error": f"'{shown(case, 60)}' is no id of a case"}, status=400)
        if not isinstance(reason, str) or not reason.strip():
            return answer({"error": "`reason` must say why"}, status=400)
        if limit is not None and (type(limit) is not int or not 1 <= limit <= _MOST):
            return answer({"error": "`limit` must be a whole number from 1"}, status=400)
        if not isinstance(reprocess, bool):
            return answer({"error": "`reprocess` must be true or false"}, status=400)
        try:
            async with transaction(self.pool) as tx:
                incident, new = await restoring.begin(
                    tx,
                    self._registry,
                    case,
                    now=await tx.time(),
                    who=self.who(body),
                    reason=shown(reason, _LONGEST),
                    limit=limit,
                    reprocess=reprocess,
                )
        except StoreError as error:
            return away(error)
        return answer({"case": case, "incident": str(incident), "new": new}, status=202 if new else 409)
