"""`leh-guardian incidents`: who is at it, what comes next, and the verbs, each with what happened or why nothing did."""

from __future__ import annotations

import json
from pathlib import Path

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from leh_guardian.cli.actions import actions
from leh_guardian.cli.incidents import incidents
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store.pool import Pool
from tests.support.answers import Answered


@pytest.fixture
async def site(pool: Pool, postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answered:
    """A shell whose database has an incident that somebody was called for."""
    monkeypatch.setenv("LEH_DATABASE_URL", postgres.dsn("guardian"))
    site = Answered(pool, tmp_path / "rules")
    await site.alarm("down-a")
    return site


async def typed(*arguments: str) -> Result:
    """Type a command while a loop runs here."""
    group = actions if arguments[0] == "actions" else incidents
    return await anyio.to_thread.run_sync(
        lambda: CliRunner().invoke(group, arguments[1:], standalone_mode=True), abandon_on_cancel=True
    )


async def test_an_incident_is_answered_by_command(site: Answered) -> None:
    """By number or the beginning of its id; the list says who is at it, and which level is called next."""
    incident = await site.incident()
    number, prefix = f"inc-{incident['number']}", incident["id"][:8]
    listed = (await typed("incidents", "list")).stdout
    assert f"INC-{incident['number']}" in listed
    assert "Lv2 11-23 03:30:00" in listed
    for words, code, says in (
        (("ack", number, "--by", "minsu"), 0, "확인했습니다. 더 호출하지 않습니다"),
        (("ack", prefix, "--by", "seoyeon"), 0, "이미 minsu 님이"),
        (("unack", number, "--by", "minsu"), 0, "확인을 취소했습니다"),
        (("unack", number), 1, "확인하거나 보류한 상태가 아닙니다"),
        (("escalate", number, "--as-of", "0"), 1, "그 사이 이미 Lv1"),
        (("escalate", number, "--to", "3", "--by", "minsu"), 0, "곧 Lv3"),
        (("snooze", number, "45m"), 0, "까지 보류합니다"),
        (("snooze", number, "3d"), 2, "24시간"),
        (("snooze", number, "soon"), 2, "write a duration"),
        (("ack", "INC-999999"), 2, "INC-999999인 장애가 없습니다"),
        (("ack", "INC-x"), 2, "INC-번호"),
    ):
        answer = await typed("incidents", *words)
        assert (answer.exit_code, says in answer.stderr) == (code, True), (words, answer.output)
    shown = json.loads((await typed("incidents", "show", number, "--json")).stdout)
    assert (shown["status"], shown["number"], shown["next_call"]["level"]) == ("snoozed", incident["number"], 1)
    assert f"INC-{incident['number']}" in (await typed("incidents", "show", prefix)).stdout
    told = await typed("incidents", "resolve", number, "--by", "minsu", "--json")
    said = json.loads(told.stdout)
    assert (said["done"], said["status"], said["rule"], said["dedup_key"]) == (True, "resolved", "down", "down-a")
    again = await typed("incidents", "resolve", number)
    assert (again.exit_code, "해결 처리한 장애입니다" in again.stderr) == (1, True)


async def test_two_people_approve_by_command(site: Answered) -> None:
    """The same person does not count twice, by whatever name the other ways know them."""
    await site.alarm("two-a")
    [action] = [a["id"] for a in await site.called.house.actions("proposed")]
    await site.presses.press(site.button("approve", "ops"), "U1000000001")
    for who, code, says in (("김민수", 1, "이미 승인하셨습니다"), ("MINSU", 1, "이미"), ("kim", 0, "곧 실행됩니다")):
        answer = await typed("actions", "approve", action, "--by", who)
        assert (answer.exit_code, says in answer.stderr) == (code, True), answer.output
    late = await typed("actions", "reject", action[:8], "--by", "lee")
    assert (late.exit_code, "승인한 조치입니다" in late.stderr) == (1, True)
