"""Owns who may change something over HTTP; the one rule: no token configured, no change - whoever can connect."""

from __future__ import annotations

import hmac

from aiohttp import web

from leh_guardian.web.status import answer


def refused(request: web.Request, token: str | None) -> web.Response | None:
    """Return the answer to a request without the bearer token, None for one that has it; it tells nothing by the time it takes."""
    if token is None:
        return answer({"error": "set LEH_HTTP__TOKEN to allow changes over HTTP"}, status=403)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
        return answer({"error": "a bearer token is needed"}, status=401)
    return None
