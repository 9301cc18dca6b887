"""`leh-guardian notify test`: a real message to somebody over every channel that would call them, and what came of each."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from leh_guardian.adapters.channels import pagerduty, solapi_web
from leh_guardian.cli.notify import notify
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store import channel_outages
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.people import pagerduty_server, solapi_server
from tests.support.people.pagerduty_server import PagerDutyServer
from tests.support.people.solapi_server import SolapiServer

MOMENT = datetime(2026, 3, 11, tzinfo=UTC)
SETTINGS = """\
notify:
  channels:
    sms: {{provider: solapi, kind: sms, key_file: {0}/key, secret_file: {0}/secret, from: "029302266"}}
    pd: {{provider: pagerduty, routing_key_file: {0}/routing}}
"""
ON_CALL = """\
version: 1
people:
  minsu:
    name: 김민수
    phone: "+821000000001"
    notify: {normal: [{after: 0m, via: [sms]}], urgent: [{after: 0m, via: [sms]}, {after: 5m, via: [voice]}]}
  jiyoung:
    name: 이지영
    slack: U0000000001
    notify: {normal: [{after: 0m, via: [sms]}], urgent: [{after: 0m, via: [sms]}]}
  seoyeon: {name: 최서연}
channels:
  sms: {provider: solapi, kind: sms, from: "029302266"}
  voice: {provider: solapi, kind: voice, from: "029302266"}
  pd: {provider: pagerduty}
policies:
  default: {steps: [{level: 1, notify: [person:minsu, channel:pd]}]}
"""


class Providers:
    """SOLAPI and PagerDuty."""

    def __init__(self, solapi: SolapiServer, duty: PagerDutyServer) -> None:
        self.solapi, self.duty = solapi, duty


@pytest.fixture
async def providers(
    pool: Pool, postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Providers]:
    """An installation with people in it, and where their messages go."""
    secrets = {"key": solapi_server.KEY, "secret": solapi_server.SECRET, "routing": pagerduty_server.KEY}
    for name, secret in secrets.items():
        (tmp_path / name).write_text(f"{secret}\n")
    (tmp_path / "guardian.yaml").write_text(SETTINGS.format(tmp_path))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "oncall.yaml").write_text(ON_CALL, encoding="utf-8")
    for name, value in {
        "LEH_CONFIG": str(tmp_path / "guardian.yaml"),
        "LEH_RULES__DIR": str(tmp_path / "rules"),
        "LEH_DATABASE_URL": postgres.dsn("guardian"),
        "LEH_QUEUE__ALERTS": "q",
        "AWS_REGION": "ap-northeast-2",
    }.items():
        monkeypatch.setenv(name, value)
    async with SolapiServer().serving() as solapi, PagerDutyServer().serving() as duty:
        monkeypatch.setattr(solapi_web, "URL", solapi.url)
        monkeypatch.setattr(pagerduty, "HOSTS", {"us": duty.url, "eu": duty.url})
        yield Providers(solapi, duty)


async def typed(*words: str) -> tuple[Result, list[dict[str, Any]]]:
    """Type a command while a loop runs here; returns what it said, as JSON too."""
    given = ("test", *words, "--json", "--wait", "0")
    result = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(notify, given), abandon_on_cancel=True)
    return result, [json.loads(line) for line in result.stdout.splitlines()]


async def test_somebody_is_reached_or_is_not(providers: Providers, pool: Pool) -> None:
    """By each channel of their rules: one takes it, and says it is a test; one is not configured. Within a minute no second one."""
    told, rows = await typed("김민수")
    assert told.exit_code == 1
    assert [(row["channel"], row["accepted"], row["receipt"]) for row in rows] == [
        ("sms", True, "pending"),
        ("voice", False, ""),
    ]
    assert rows[0]["reference"]
    assert "notify.channels" in rows[1]["reason"]
    assert "[훈련/시험]" in providers.solapi.taken.popleft()["text"]
    again, _ = await typed("minsu", "--channel", "sms")
    assert again.exit_code == 1
    assert "1분에 한 번만" in again.output
    async with transaction(pool) as tx:
        lines = await tx.fetch("select data::text from journal where kind = 'notify.tested' order by id")
        await tx.execute("delete from journal")
    assert [sorted(json.loads(line["data"])) for line in lines] == [["by", "target"], ["about", "by", "ways"]]
    told, rows = await typed("minsu", "--channel", "sms")
    assert (told.exit_code, [row["channel"] for row in rows]) == (0, ["sms"])
    providers.solapi.taken.popleft()


async def test_a_way_that_takes_the_test_is_broken_no_more(providers: Providers, pool: Pool) -> None:
    """Whoever mends a channel proves it by a test; one that refuses it stays as it was."""
    async with transaction(pool) as tx:
        for channel in ("sms", "voice"):
            outage = (await channel_outages.lock(tx, channel)).unreachable("503", MOMENT, MOMENT)
            await channel_outages.save(tx, outage)
    await typed("minsu")
    assert providers.solapi.taken.popleft()["text"]
    async with transaction(pool) as tx:
        broken = {one.channel: one.broken for one in await channel_outages.listed(tx)}
    assert broken == {"sms": False, "voice": True}


async def test_why_a_channel_refused_is_told(providers: Providers) -> None:
    """The provider's answer, and a person whose address is missing: whoever set it up sees it now, not at night."""
    providers.solapi.refusals.append("1025")
    _, [row] = await typed("minsu", "--channel", "sms")
    assert (row["accepted"], "1025" in row["reason"]) == (False, True)
    _, [row] = await typed("이지영")
    assert (row["accepted"], "phone" in row["reason"]) == (False, True)
    told, rows = await typed("seoyeon")
    assert (told.exit_code, rows) == (1, [])


async def test_a_place_is_tried_and_left_as_it_was(providers: Providers) -> None:
    """PagerDuty opens an alert and closes it again, so that a test pages nobody on."""
    told, [row] = await typed("channel:pd")
    assert (told.exit_code, row["accepted"]) == (0, True)
    assert [providers.duty.taken.popleft()["event_action"] for _ in range(2)] == ["trigger", "resolve"]
    assert set(providers.duty.alerts.values()) == {"resolve"}


@pytest.mark.usefixtures("providers")
async def test_whom_nobody_knows(tmp_path: Path) -> None:
    """An unknown name is bad usage with a hint; an unknown channel is refused by name."""
    told, _ = await typed("minsoo")
    assert (told.exit_code, "minsu" in told.output) == (2, True)
    _, [row] = await typed("channel:nowhere")
    assert not row["accepted"]
