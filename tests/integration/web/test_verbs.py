"""The routes that change something, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import aiohttp
import anyio
import pytest

from leh_guardian.engine.directory import People
from leh_guardian.store.pool import Pool
from leh_guardian.web import verbs
from leh_guardian.web.server import serve
from leh_guardian.web.verbs import VerbRoutes
from tests.support.clock import FakeClock

TOKEN = "a-token-of-some-length"
ANY = f"/api/incidents/{uuid.UUID(int=1)}/resolve"


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the routes, without a token."""
    nobody = People("console")
    async with (
        serve(VerbRoutes(pool, FakeClock(), TOKEN, nobody.directory).routes(), "127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as session,
    ):
        yield session


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer wrong", "Basic " + TOKEN, "Bearer " + TOKEN[:-1]])
async def test_without_the_token_nothing_changes(client: aiohttp.ClientSession, given: str | None) -> None:
    """A missing or wrong token is refused before the body is even looked at."""
    headers = {} if given is None else {"Authorization": given}
    async with client.post(ANY, data=b"[" * 10_000, headers=headers) as answer:
        assert answer.status == 401


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"[" * 16_000, "application/json", 400),
        (b"{", "application/json", 400),
        (b"{}", "application/json; charset=nowhere", 400),
        (b"\xff\xfe", "application/json", 400),
        (b" " * 20_000, "application/json", 413),
        (b'{"by": ["x"], "reason": 7}', "application/json", 409),
        (b"", "text/plain", 409),
    ],
    ids=["bomb", "broken", "charset", "bytes", "large", "types", "empty"],
)
async def test_hostile_bodies_are_answered(
    client: aiohttp.ClientSession, body: bytes, content_type: str, status: int
) -> None:
    """Whatever the body, the answer says what is wrong with it, or that there is nothing to do; never a 500."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type}
    async with client.post(ANY, data=body, headers=headers) as answer:
        assert answer.status == status


async def test_a_body_that_does_not_come_is_not_waited_for(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the token and never ends his request is answered all the same."""
    monkeypatch.setattr(verbs, "_BODY_SECONDS", 0.2)

    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await anyio.sleep(0.02)

    with anyio.fail_after(20):
        async with client.post(ANY, data=drip(), headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            assert answer.status == 408
