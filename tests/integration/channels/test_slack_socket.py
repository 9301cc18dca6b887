"""Socket Mode, against a server that speaks it over a real web socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio
import pytest
from structlog.testing import capture_logs

from leh_guardian.adapters.channels.slack_socket import PATIENCE, Respond, SlackSocket, jittered
from leh_guardian.errors import Refused, Unavailable
from tests.support.clock import FakeClock
from tests.support.people.slack_server import APP_TOKEN, SlackServer


class Passing(FakeClock):
    """A clock whose seconds a test moves."""

    passed = 0.0

    def monotonic(self) -> float:
        """Return them."""
        return self.passed


class Presses:
    """Takes presses, when the test lets it."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.may = anyio.Event()
        self.done = anyio.Event()
        self.error: Exception | None = None

    async def __call__(self, token: str, user: str, respond: Respond) -> None:
        """Wait, then answer."""
        await self.may.wait()
        self.taken.append((token, user))
        self.done.set()
        if self.error is not None:
            raise self.error
        await respond("이미 <김민수>님이 확인했습니다.")


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    """Slack."""
    async with SlackServer().serving() as serving:
        yield serving


@asynccontextmanager
async def listening(
    server: SlackServer, presses: Presses, clock: Passing, pause: Callable[[int], float] = lambda _: 0.0
) -> AsyncIterator[SlackSocket]:
    """A connected socket; ended with the test."""
    async with aiohttp.ClientSession() as session, anyio.create_task_group() as tasks:
        socket = SlackSocket(
            session,
            APP_TOKEN,
            presses,
            clock,
            base_url=f"{server.url}/api/",
            trusted=lambda url: url.startswith(server.url),
            pause=pause,
        )
        tasks.start_soon(socket.run)
        yield socket
        tasks.cancel_scope.cancel()


def envelope(server: SlackServer, envelope_id: str, **changes: Any) -> dict[str, Any]:
    """A press as Slack sends it."""
    payload = {
        "type": "block_actions",
        "user": {"id": "U1"},
        "actions": [{"action_id": "leh:0:ack", "value": "token"}],
        "response_url": f"{server.url}/respond",
    }
    return {"type": "interactive", "envelope_id": envelope_id, "payload": {**payload, **changes}}


async def until(condition: Any) -> None:
    """Wait for something to become so."""
    with anyio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await anyio.sleep(0.002)


async def test_a_press_is_acknowledged_before_it_is_taken(server: SlackServer) -> None:
    """Slack has its answer while the work has not even begun, the next one's too; then the reader has theirs, as plain text."""
    presses = Presses()
    async with listening(server, presses, Passing()):
        await server.connected.wait()
        assert server.socket is not None
        await server.socket.send_json(envelope(server, "e1"))
        await server.socket.send_json(envelope(server, "e2", user={}))
        with anyio.fail_after(10):
            assert [await server.acknowledged.get() for _ in range(2)] == ["e1", "e2"]
        assert presses.taken == []
        presses.may.set()
        await until(lambda: server.taken)
        assert presses.taken == [("token", "U1")]
        _, answer = server.taken.popleft()
        assert answer == {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": "이미 &lt;김민수&gt;님이 확인했습니다.",
        }


async def test_everything_is_acknowledged_and_junk_does_no_harm(server: SlackServer) -> None:
    """What is no press of ours is acknowledged and left; what is no JSON is passed over."""
    presses = Presses()
    presses.may.set()
    async with listening(server, presses, Passing()):
        await server.connected.wait()
        assert server.socket is not None
        await server.socket.send_str("{")
        await server.socket.send_str("[1]")
        await server.socket.send_json({"type": "events_api", "envelope_id": "e1", "payload": {"type": "x"}})
        await server.socket.send_json(envelope(server, "e2", actions=[{"action_id": "other", "value": "x"}]))
        await server.socket.send_json(envelope(server, "e3", response_url="https://evil.example/x"))
        with anyio.fail_after(10):
            assert [await server.acknowledged.get() for _ in range(3)] == ["e1", "e2", "e3"]
            await presses.done.wait()
        assert presses.taken == [("token", "U1")]


async def test_a_press_that_fails_is_told(server: SlackServer) -> None:
    """Whoever pressed learns that it came to nothing, and the connection stays."""
    presses = Presses()
    presses.may.set()
    presses.error = Refused("no")
    with capture_logs() as logs:
        async with listening(server, presses, Passing()) as socket:
            await server.connected.wait()
            assert server.socket is not None
            await server.socket.send_json(envelope(server, "e1"))
            await until(lambda: server.taken)
            assert "다시 눌러" in server.taken.popleft()[1]["text"]
            assert socket.missing_for == 0
    assert [log["error"] for log in logs if "error" in log] == ["no"]


@pytest.mark.parametrize("how", ["said", "closed"])
async def test_connects_anew(server: SlackServer, how: str) -> None:
    """When Slack says that it will end the connection, or ends it, there is a new one."""
    async with listening(server, Presses(), Passing()) as socket:
        await server.connected.wait()
        server.connected.clear()
        assert server.socket is not None
        if how == "said":
            await server.socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
        else:
            await server.socket.close()
        with anyio.fail_after(10):
            await server.connected.wait()
        await until(lambda: socket.missing_for == 0)
        assert server.connections == 2


async def test_a_connection_that_ends_at_once_is_no_success(server: SlackServer) -> None:
    """Whoever is let in and thrown out again and again waits longer each time; one that has lasted begins anew."""
    clock, failures = Passing(), list[int]()
    server.throws_out = 3

    def pause(number: int) -> float:
        failures.append(number)
        return 0.0

    async with listening(server, Presses(), clock, pause):
        await until(lambda: server.connections == 4)
        clock.passed = 60.0
        assert server.socket is not None
        await server.socket.close()
        await until(lambda: server.connections == 5)
    assert failures == [1, 2, 3, 0]


async def test_says_for_how_long_there_is_no_connection(server: SlackServer) -> None:
    """A refused token is tried again, with a pause; after a minute the state says so, and no log holds the ticket or the token."""
    clock, presses = Passing(), Presses()
    with capture_logs() as logs:
        for _ in range(3):
            server.refusals.append(("apps.connections.open", "invalid_auth"))
        server.turns_away = 1
        async with listening(server, presses, clock) as socket:
            await socket.ping()
            clock.passed = PATIENCE + 1
            with pytest.raises(Unavailable, match="61 s"):
                await socket.ping()
            await server.connected.wait()
            await until(lambda: socket.missing_for == 0)
            await socket.ping()
    assert [log["failures"] for log in logs] == [1, 2, 3, 4]
    assert "invalid_auth" in logs[0]["reason"]
    assert logs[3]["reason"] == "WSServerHandshakeError"
    assert APP_TOKEN not in repr(logs)
    assert "secret-ticket" not in repr(logs)


def test_pauses_grow_and_differ() -> None:
    """Many replicas do not knock in step, nor ever more seldom than twice a minute."""
    for failures, longest in [(0, 0.5), (1, 1), (3, 4), (6, 30), (99, 30)]:
        pauses = {jittered(failures) for _ in range(50)}
        assert len(pauses) > 1
        assert all(longest / 2 <= pause <= longest for pause in pauses)
