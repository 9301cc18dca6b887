"""A button elsewhere asks for a restore over HTTP: planned once, with who and why, or refused in words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from leh_guardian.app import handlers
from leh_guardian.engine.directory import People
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.web.cases import CaseRoutes
from leh_guardian.web.server import serve
from tests.support.clock import FakeClock
from tests.support.hostile_ids import NO_IDS

TOKEN = "a-token-of-some-length"
ALLOWED = {"Authorization": f"Bearer {TOKEN}"}
WHY: dict[str, Any] = {"reason": "변호사 요청", "by": "kim"}


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the route."""
    routes = CaseRoutes(pool, FakeClock(), TOKEN, People("console").directory, handlers()).routes()
    async with serve(routes, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as session:
        yield session


async def planned(pool: Pool) -> list[tuple[str, str]]:
    """Return handler and parameters of what is planned."""
    async with transaction(pool) as tx:
        return [tuple(row) for row in await tx.fetch("select handler, params::text from actions order by created_at")]


async def test_a_press_plans_one_restore(client: aiohttp.ClientSession, pool: Pool) -> None:
    """The first is taken; a second one while it is under way begins nothing and names the first. The journal has who and why."""
    answers = []
    for _ in range(2):
        async with client.post("/api/cases/case_3f9c/restore", json=WHY | {"limit": 700}, headers=ALLOWED) as answer:
            answers.append((answer.status, await answer.json()))
    (first, taken), (second, known) = answers
    assert (first, taken["new"], second, known["new"]) == (202, True, 409, False)
    assert taken["incident"] == known["incident"]
    [(handler, params)] = await planned(pool)
    assert handler == "case_restore"
    assert '"requested_by":"kim"' in params
    async with transaction(pool) as tx:
        row = await tx.fetchrow("select plan::text, event::text from incidents")
    assert '"evidence":700' in row["plan"]
    assert "변호사 요청" in row["event"]


@pytest.mark.parametrize(
    "case", [one for one in NO_IDS.values() if one], ids=[name for name, one in NO_IDS.items() if one]
)
async def test_what_is_no_id_is_refused(client: aiohttp.ClientSession, pool: Pool, case: str) -> None:
    """Whatever stands in the path, nothing is planned for it."""
    async with client.post(f"/api/cases/{quote(case, safe='')}/restore", json=WHY, headers=ALLOWED) as answer:
        assert answer.status in {400, 404}
    assert await planned(pool) == []


@pytest.mark.parametrize(
    ("body", "allowed", "status"),
    [
        (WHY, False, 401),
        ({}, True, 400),
        ({"reason": " "}, True, 400),
        ({"reason": ["r"]}, True, 400),
        (WHY | {"limit": 0}, True, 400),
        (WHY | {"limit": True}, True, 400),
        (WHY | {"limit": "9; drop"}, True, 400),
        (WHY | {"reprocess": "no"}, True, 400),
    ],
)
async def test_what_makes_no_sense_is_refused(
    client: aiohttp.ClientSession, pool: Pool, body: dict[str, Any], allowed: bool, status: int
) -> None:
    """Without the token, a reason, or a number that is one, nothing is planned."""
    async with client.post("/api/cases/case_3f9c/restore", json=body, headers=ALLOWED if allowed else {}) as answer:
        assert answer.status == status
    assert await planned(pool) == []
