"""Owns Slack's Socket Mode, by which presses arrive without a public address; the one rule: acknowledged first, done afterwards.

Slack waits three seconds for the acknowledgement and shows the reader an error after that. It closes each connection every
few hours and says so before; several replicas may be connected at once, each press goes to one of them.

The connection is aiohttp's own, not slack-sdk's client of Socket Mode: that one knocks every five seconds without jitter,
from tasks that nobody awaits, and logs the address with its ticket when that fails.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import anyio
import anyio.abc
import orjson
import structlog

from leh_guardian.adapters.channels.slack_press import FAILED, Press, is_slacks, press_of, respond
from leh_guardian.adapters.channels.slack_web import BASE_URL, SlackWeb
from leh_guardian.clock import Clock
from leh_guardian.errors import GuardianError, HandlerError, Unavailable
from leh_guardian.model.text import told

Respond = Callable[[str], Awaitable[None]]
OnPress = Callable[[str, str, Respond], Awaitable[None]]
"""Called with the button's token, the Slack user id of whoever pressed it, and what answers that person alone."""

PATIENCE: Final = 60.0
"""Seconds without a connection after which presses are as good as lost."""
_CONNECTING = 15.0
_ACKNOWLEDGING = 2.5
_HEARTBEAT = 10.0
"""Seconds after which a connection that says nothing is asked for a sign of life."""
_SETTLED = 10.0
"""Seconds after which a connection has been one."""
_LONGEST_PAUSE = 30.0
_AT_ONCE = 16
_log = structlog.get_logger("slack_socket")


def jittered(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row: many clients must not knock in step."""
    return random.uniform(0.5, 1.0) * min(_LONGEST_PAUSE, 2.0 ** min(failures, 10) / 2)  # noqa: S311 - no secret


class SlackSocket:
    """Takes presses from Slack; `run` never returns."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        app_token: str,
        on_press: OnPress,
        clock: Clock,
        *,
        base_url: str = BASE_URL,
        trusted: Callable[[str], bool] = is_slacks,
        pause: Callable[[int], float] = jittered,
        apology: Callable[[str], str] = lambda _: FAILED.ko,
    ) -> None:
        """Connect with `app_token`; `apology` is what the user of an id is told whose press could not be done."""
        self._session = session
        self._web = SlackWeb(session, app_token, base_url)
        self._on_press = on_press
        self._clock = clock
        self._trusted = trusted
        self._pause = pause
        self._apology = apology
        self._gone_at: float | None = clock.monotonic()
        self._why = "not connected yet"

    @property
    def missing_for(self) -> float:
        """Seconds for which there has been no connection; 0 while there is one."""
        return 0.0 if self._gone_at is None else self._clock.monotonic() - self._gone_at

    async def ping(self) -> None:
        """Raise Unavailable when there has been no connection for a minute."""
        if self.missing_for > PATIENCE:
            raise Unavailable(f"no connection to Slack's Socket Mode for {self.missing_for:.0f} s: {self._why}")

    async def run(self) -> None:
        """Stay connected."""
        failures = 0
        at_once = anyio.CapacityLimiter(_AT_ONCE)
        async with anyio.create_task_group() as tasks:
            while True:
                began = self._clock.monotonic()
                try:
                    await self._connection(tasks, at_once)
                    self._why = "Slack closed the connection"
                    # One that ends as soon as it has begun is a failure, too, or it would be knocked at without a pause.
                    failures = 0 if self._clock.monotonic() - began >= _SETTLED else failures + 1
                except (HandlerError, aiohttp.ClientError, OSError, TimeoutError) as error:
                    failures += 1
                    # Of a library's error the kind alone: its text can hold the address, with the ticket in it.
                    self._why = told(error) if isinstance(error, HandlerError) else type(error).__name__
                    _log.warning("no connection to Slack", reason=self._why, failures=failures)
                finally:
                    if self._gone_at is None:
                        self._gone_at = self._clock.monotonic()
                await anyio.sleep(self._pause(failures))

    async def _connection(self, tasks: anyio.abc.TaskGroup, at_once: anyio.CapacityLimiter) -> None:
        """Connect, and take presses until Slack ends it."""
        opened = await self._web.call("open a connection of Socket Mode", "apps.connections.open")
        url = opened.get("url")
        if not isinstance(url, str) or not url.startswith(("wss://", "ws://")):
            raise Unavailable("Slack named no address for Socket Mode")
        try:
            with anyio.fail_after(_CONNECTING):
                socket = await self._session.ws_connect(url, heartbeat=_HEARTBEAT, max_msg_size=1024 * 1024)
        except AssertionError as error:
            # How aiohttp meets a connection that is gone by the time its upgrade has been read.
            raise Unavailable("Slack closed the connection as it began") from error
        try:
            async for message in socket:
                said = _object(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
                if said.get("type") == "hello":
                    self._gone_at = None
                if said.get("type") == "disconnect":
                    return
                if press := await self._acknowledged(socket, said):
                    tasks.start_soon(self._take, press, at_once)
        finally:
            with anyio.move_on_after(_ACKNOWLEDGING, shield=True):
                await socket.close()

    async def _acknowledged(self, socket: aiohttp.ClientWebSocketResponse, said: dict[str, Any]) -> Press | None:
        """Acknowledge an envelope, whatever it holds; returns the press in it."""
        if not isinstance(envelope := said.get("envelope_id"), str):
            return None
        with anyio.fail_after(_ACKNOWLEDGING):
            await socket.send_str(orjson.dumps({"envelope_id": envelope}).decode())
        return press_of(said.get("payload"), self._trusted) if said.get("type") == "interactive" else None

    async def _take(self, press: Press, at_once: anyio.CapacityLimiter) -> None:
        async def answer(text: str) -> None:
            await respond(self._session, press, text)

        async with at_once:
            try:
                await self._on_press(press.token, press.user, answer)
            except GuardianError as error:
                _log.warning("a press in Slack failed", user=press.user, error=told(error))
                await self._apologise(press.user, answer)

    async def _apologise(self, user: str, answer: Respond) -> None:
        try:
            await answer(self._apology(user))
        except HandlerError as error:
            _log.warning("whoever pressed cannot be answered", error=told(error))


def _object(text: str) -> dict[str, Any]:
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
