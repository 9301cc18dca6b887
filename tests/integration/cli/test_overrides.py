"""`leh-guardian oncall override` and `/api/overrides`, and that who is on call knows them."""

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
from tests.support.on_call import RULES, on_call_text


@pytest.fixture
async def site(
    pool: Pool, postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Answered]:
    """A shell and an endpoint."""
    monkeypatch.setenv("LEH_DATABASE_URL", postgres.dsn("guardian"))
    monkeypatch.setenv("LEH_RULES__DIR", str(tmp_path / "rules"))
    async with Answered(pool, tmp_path / "rules").served() as site:
        yield site


async def typed(*arguments: str) -> Result:
    """Type a command while a loop runs here."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(cli, arguments), abandon_on_cancel=True)


def hours(count: float) -> str:
    """An instant from now on."""
    return (SystemClock().now() + timedelta(hours=count)).isoformat(timespec="seconds")


async def who(at: str) -> list[str]:
    """Who is on call by lv1."""
    answer = await typed("oncall", "who", "--schedule", "lv1", "--at", at, "--json")
    assert (answer.exit_code, answer.stderr) == (0, "")
    people: list[str] = json.loads(answer.stdout)["people"]
    return people


async def test_by_command(site: Answered, tmp_path: Path) -> None:
    """Made, seen by every command about duty, taken back; a schedule that the file lost is a finding and no crash."""
    words = ("--schedule", "lv1", "--from", hours(1), "--to", hours(3), "--reason", "감기", "--by", "seoyeon")
    made = await typed("oncall", "override", "add", *words, "--replace", "minsu=seoyeon", "--add", "cto", "--json")
    assert made.exit_code == 0, made.output
    name = json.loads(made.stdout)["id"]
    assert [await who(hours(n)) for n in (0, 2, 4)] == [["minsu"], ["seoyeon", "cto"], ["minsu"]]
    turns = [
        json.loads(line)["people"]
        for line in (await typed("oncall", "next", "--schedule", "lv1", "--json")).stdout.splitlines()
    ]
    assert turns == [["minsu"], ["seoyeon", "cto"], ["minsu"]]
    assert "최서연" in (await typed("oncall", "export", "--schedule", "lv1")).stdout
    listed = await typed("oncall", "override", "list")
    assert (name[:8] in listed.stdout, "김민수 대신 최서연, 한지훈 추가 (감기)" in listed.stdout) == (True, True)
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "oncall.yaml").write_text(on_call_text(), encoding="utf-8")
    (plain / "rules.yaml").write_text(RULES.partition("  - id: mended")[0], encoding="utf-8")
    await typed("silence", "add", "--match", "rule=down", "--for", "3h", "--reason", "배포", "--by", "kim")
    simulated = await typed("simulate", "--rule", "down", "--at", hours(2), "--hours", "1", "--rules", str(plain))
    assert "까지 보류합니다 (kim: 배포)" in simulated.stdout
    assert "최서연: slack 즉시" in simulated.stdout
    refused = await typed("oncall", "override", "add", *words, "--replace", "minsu=cto")
    assert (refused.exit_code, "이미 다른 변경" in refused.output) == (2, True)

    file = tmp_path / "rules" / "oncall.yaml"
    file.write_text(
        on_call_text().replace("schedule:lv1", "schedule:first").replace("  lv1:", "  first:"), encoding="utf-8"
    )
    found = [json.loads(line) for line in (await typed("oncall", "check", "--json")).stdout.splitlines()]
    assert [(one["code"], one["subject"]) for one in found if "override" in one["subject"]] == [
        ("override-misfit", f"override:{name[:8]}")
    ]
    told = await typed("oncall", "who")
    assert (told.exit_code, "적용되지 않는 당직 변경" in told.stderr) == (0, True)
    assert "적용 안 됨" in (await typed("oncall", "override", "list")).stdout
    file.write_text(on_call_text(), encoding="utf-8")

    ended = await typed("oncall", "override", "end", name[:8])
    assert (ended.exit_code, "끝냈습니다" in ended.stderr) == (0, True)
    assert await who(hours(2)) == ["minsu"]
    assert (await typed("oncall", "override", "list", "--json")).stdout == ""
    assert json.loads((await typed("oncall", "override", "list", "--all", "--json")).stdout)["stands"] is False


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--from", "soon", "--to", "2126-01-01T10:00", "--add", "cto"), "--from: write a time"),
        (("--from", "2026-01-01T10:00", "--to", "2026-01-02T10:00", "--add", "cto"), "이미 지난"),
        (("--from", "2126-01-01T10:00", "--to", "2126-01-02T10:00", "--replace", "minsu"), "A=B"),
        (("--from", "2126-01-01T10:00", "--to", "2126-01-02T10:00", "--add", "nobody"), "nobody: 그런 사람이"),
        (("--from", "2126-01-01T10:00", "--to", "2126-01-02T10:00"), "바꾸는 것이"),
    ],
)
async def test_what_is_refused(site: Answered, words: tuple[str, ...], says: str) -> None:
    """Bad usage, exit 2, and nothing is stored."""
    refused = await typed("oncall", "override", "add", "--schedule", "lv1", "--reason", "x", *words)
    assert (refused.exit_code, says in refused.output) == (2, True), refused.output
    assert (await typed("oncall", "override", "list", "--all", "--json")).stdout == ""


async def test_commands_speak_english_too(site: Answered, monkeypatch: pytest.MonkeyPatch) -> None:
    """With LEH_LOCALE=en what is refused, done and not there is said in English, in JSON as well."""
    monkeypatch.setenv("LEH_LOCALE", "en")
    add = ("oncall", "override", "add", "--schedule", "lv1", "--reason", "x", "--from", "2126-01-01T10:00")
    for words, says in (
        ((*add, "--to", "2126-01-02T10:00"), "it changes nothing: give replace, add or remove."),
        ((*add, "--to", "2126-01-02T10:00", "--replace", "minsu"), "--replace: write A=B"),
        (("silence", "add", "--match", "class=security", "--for", "1h", "--reason", "x"), "are never silenced"),
        (("silence", "add", "--match", "rule=down", "--reason", "x"), "give one of --for 2h and --until TIME"),
    ):
        refused = await typed(*words)
        assert (refused.exit_code, says in refused.output) == (2, True), refused.output
    for command, says in (
        (("oncall", "override", "list"), "No change of duty was made by command."),
        (("silence", "list"), "There are no silences."),
        (("breaker", "list"), "No case and no account is paused."),
        (("usage", "top"), "Nothing that was used is recorded."),
    ):
        assert (await typed(*command)).stdout == f"{says}\n"
    made = await typed(*add, "--to", "2126-01-02T10:00", "--add", "cto", "--json")
    assert json.loads(made.stdout)["text"].endswith(": lv1 1 Jan 10:00 ~ 2 Jan 10:00 한지훈 added (x)")


async def test_without_the_database_it_is_said(site: Answered, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands answer from the file, with a word on standard error alone."""
    monkeypatch.setenv("LEH_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/guardian")
    answer = await typed("oncall", "who", "--json")
    assert (answer.exit_code, "데이터베이스를 볼 수 없어" in answer.stderr) == (0, True)
    assert len(answer.stdout.splitlines()) == 2


async def test_over_http(site: Answered) -> None:
    """With the token alone; people by name; twice is once, an unknown one is 404."""
    now = site.clock.now()
    begin, end = ((now + timedelta(hours=n)).isoformat() for n in (1, 2))
    body = {
        "schedule": "lv1",
        "from": begin,
        "to": end,
        "replace": {"김민수": "최서연"},
        "reason": "감기",
        "by": "한지훈",
    }
    status, said = await site.api("/api/overrides", **body)
    assert (status, said["override"]["replace"], said["override"]["by"]) == (200, {"minsu": "seoyeon"}, "cto")
    status, again = await site.api("/api/overrides", **body)
    assert (status, again["override"]["id"]) == (200, said["override"]["id"])
    for wrong in (
        {"schedule": "lv9"},
        {"schedule": 7},
        {"from": "2126-01-01"},
        {"to": None},
        {"to": begin},
        {"replace": ["minsu"]},
        {"replace": {"minsu": 7}},
        {"add": "minsu"},
        {"reason": ""},
        {"replace": {"minsu": "cto"}},
    ):
        assert (await site.api("/api/overrides", **{**body, **wrong}))[0] == 400, wrong
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with site.client.get("/api/overrides", headers=headers) as answer:
        [listed] = (await answer.json())["overrides"]
    assert (listed["id"], listed["stands"], listed["misfit"]) == (said["override"]["id"], True, None)
    path = f"/api/overrides/{listed['id']}/end"
    for _ in range(2):
        assert (await site.api(path, by="minsu"))[0] == 200
    assert (await site.api(f"/api/overrides/{UUID(int=1)}/end"))[0] == 404
    assert (await site.api("/api/overrides/x/end"))[0] == 400
    for method, where in (("GET", "/api/overrides"), ("POST", "/api/overrides"), ("POST", path)):
        async with site.client.request(method, where) as answer:
            assert answer.status == 401
