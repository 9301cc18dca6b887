"""Owns presses that Slack sends over HTTP; the one rule: nothing is believed before its signature, and whatever else comes is 401.

Slack waits three seconds: a press is taken on and done afterwards, and whoever pressed is told by Slack's own answer address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import anyio.abc
import structlog
from aiohttp import web

from leh_guardian.adapters.channels.slack_http import parse, verified
from leh_guardian.adapters.channels.slack_press import Press
from leh_guardian.clock import Clock
from leh_guardian.engine.presses import Presses
from leh_guardian.errors import GuardianError, HandlerError
from leh_guardian.model.text import told
from leh_guardian.web.bodies import whole_body
from leh_guardian.web.status import answer

_LONGEST = 1024 * 1024
"""A press brings the whole message with it, percent-encoded."""
_AT_ONCE = 16
_log = structlog.get_logger("slack_actions")


class SlackActions:
    """Slack's requests of *Interactivity*."""

    def __init__(
        self,
        secret: bytes,
        presses: Presses,
        clock: Clock,
        respond: Callable[[Press, str], Awaitable[None]],
        tasks: anyio.abc.TaskGroup,
    ) -> None:
        self._secret = secret
        self._presses = presses
        self._clock = clock
        self._respond = respond
        self._tasks = tasks
        self._at_once = anyio.CapacityLimiter(_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.post("/slack/actions", self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Take a press on; 401 for whatever Slack has not signed a moment ago."""
        stamp = request.headers.get("X-Slack-Request-Timestamp")
        signature = request.headers.get("X-Slack-Signature")
        # Nobody's megabyte is read who does not even look like Slack.
        body = await whole_body(request, _LONGEST) if stamp and signature else None
        if body is None or not verified(self._secret, stamp, signature, body, self._clock.now()):
            return answer({"error": "this is not signed by Slack"}, status=401)
        if press := parse(body):
            self._tasks.start_soon(self._do, press)
        return web.Response()

    async def _do(self, press: Press) -> None:
        async with self._at_once:
            try:
                text = await self._presses.press(press.token, press.user)
            except GuardianError as error:
                _log.warning("a press in Slack failed", user=press.user, error=told(error))
                text = self._presses.apology(press.user)
            try:
                await self._respond(press, text)
            except HandlerError as error:
                _log.warning("whoever pressed cannot be answered", user=press.user, error=told(error))
