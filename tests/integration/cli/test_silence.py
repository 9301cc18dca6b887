"""`leh-guardian silence` and `/api/silences`: the same words, the same refusals, and what an incident says of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from leh_guardian.cli.main import cli
from leh_guardian.clock import SystemClock
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store.pool import Pool
from tests.support.answers import TOKEN, Answered


@pytest.fixture
async def site(
    pool: Pool, postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Answered]:
    """A shell and an endpoint over a database with an incident that somebody was called for."""
    monkeypatch.setenv("LEH_DATABASE_URL", postgres.dsn("guardian"))
    async with Answered(pool, tmp_path / "rules").served() as site:
        await site.alarm("down-a")
        yield site


async def typed(*arguments: str) -> Result:
    """Type a command while a loop runs here."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(cli, arguments), abandon_on_cancel=True)


async def test_by_command(site: Answered) -> None:
    """Begun, listed, shown with its incident, ended; what makes no sense is refused with what to type instead."""
    words = ("--match", "rule=down,severity=sev2", "--for", "2h", "--reason", "배포", "--by", "minsu")
    begun = await typed("silence", "add", *words, "--json")
    assert begun.exit_code == 0, begun.output
    said = json.loads(begun.stdout)
    assert "열린 장애 1건이 해당합니다" in said["text"]
    [listed] = [json.loads(line) for line in (await typed("silence", "list", "--json")).stdout.splitlines()]
    assert (listed["id"], listed["match"], listed["by"], listed["holds"]) == (
        said["id"],
        {"rule": ["down"], "severity": ["sev2"]},
        "minsu",
        True,
    )
    incident = await site.incident()
    shown = json.loads((await typed("incidents", "show", incident["id"], "--json")).stdout)
    assert (shown["silenced"]["id"], shown["silenced"]["reason"]) == (said["id"], "배포")
    assert "까지 호출을 보류합니다 (minsu: 배포)" in (await typed("incidents", "show", incident["id"])).stdout
    ended = await typed("silence", "end", said["id"][:8])
    assert (ended.exit_code, "끝냈습니다" in ended.stderr) == (0, True)
    again = await typed("silence", "end", said["id"])
    assert (again.exit_code, "이미" in again.stderr) == (0, True)
    assert "무음이 없습니다" in (await typed("silence", "list")).stdout
    assert "끝남" in (await typed("silence", "list", "--all")).stdout
    assert json.loads((await typed("incidents", "show", incident["id"], "--json")).stdout)["silenced"] is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--match", "{}", "--for", "1h", "--reason", "x"), "모든 알림을"),
        (("--match", "class=security", "--for", "1h", "--reason", "x"), "보안 등급"),
        (("--match", "rule=down", "--for", "8d", "--reason", "x"), "7일까지"),
        (("--match", "rule=down", "--for", "soon", "--reason", "x"), "write a duration"),
        (("--match", "rule=down", "--until", "soon", "--reason", "x"), "--until: write a time"),
        (("--match", "rule=down", "--reason", "x"), "--for 2h 또는 --until"),
        (("--match", "rule=down", "--for", "1h", "--reason", " "), "이유"),
        (("--match", "rule=down", "--for", "1h"), "--reason"),
    ],
)
async def test_what_is_refused(site: Answered, words: tuple[str, ...], says: str) -> None:
    """Bad usage, exit 2, and nothing is silenced."""
    refused = await typed("silence", "add", *words)
    assert (refused.exit_code, says in refused.output) == (2, True), refused.output
    assert (await typed("silence", "list", "--json")).stdout == ""


async def test_over_http(site: Answered) -> None:
    """With the token alone; names are those of oncall.yaml; ending twice is once, and an unknown one is 404."""
    status, said = await site.api(
        "/api/silences", match={"rule": ["down"]}, reason="배포", by="김민수", **{"for": "2h"}
    )
    assert (status, said["silence"]["by"], said["silence"]["holds"]) == (200, "minsu", True)
    until = (SystemClock().now() + timedelta(days=400)).isoformat()
    for body, code in (
        ({"match": "rule=down", "reason": "x", "for": "9d"}, 400),
        ({"match": "rule=down", "reason": "x", "until": until}, 400),
        ({"match": "rule=down", "reason": "x", "until": "2026-11-23T04:00"}, 400),
        ({"match": "rule=down", "reason": "x", "until": 7}, 400),
        ({"match": "rule=down", "reason": "x", "for": ["1h"]}, 400),
        ({"match": "rule=down", "reason": "x"}, 400),
        ({"match": [], "reason": ["x"], "for": "1h"}, 400),
    ):
        assert (await site.api("/api/silences", **body))[0] == code, body
    path = f"/api/silences/{said['silence']['id']}/end"
    for _ in range(2):
        status, ended = await site.api(path, by="seoyeon")
        assert (status, ended["done"], ended["silence"]["ended_by"]) == (200, True, "seoyeon")
    assert (await site.api(f"/api/silences/{UUID(int=1)}/end"))[0] == 404
    for method, where in (("GET", "/api/silences"), ("POST", "/api/silences"), ("POST", path)):
        async with site.client.request(method, where) as answer:
            assert answer.status == 401
    async with site.client.get("/api/silences", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        assert await answer.json() == {"silences": []}
