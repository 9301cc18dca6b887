"""`leh-guardian incidents export`: a post-mortem's draft from a real incident."""

from __future__ import annotations

import json
import re
from pathlib import Path

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from leh_guardian.cli.incidents import incidents
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.outcome import Done
from leh_guardian.store.pool import Pool
from tests.integration.engine.test_calling import answer
from tests.support.builders import alarm_event
from tests.support.on_call import Called

NAME = "mend-`a`|[x](http://evil.example)\n# out <b>"
SECRET = "password=hunter2hunter2"


async def typed(*arguments: str) -> Result:
    """Type a command while a loop runs here."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(incidents, arguments), abandon_on_cancel=True)


@pytest.fixture
async def incident_id(pool: Pool, postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An incident of which people were called on two levels, one answered, and that was closed by hand; its event is hostile."""
    monkeypatch.setenv("LEH_DATABASE_URL", postgres.dsn("guardian"))
    monkeypatch.setenv("LEH_RULES__DIR", str(tmp_path / "rules"))
    called = Called(pool, tmp_path / "rules")
    called.world.outcomes = [Done("fixed | it", {"what|": f"`{SECRET}`"})]
    called.world.refusing.add("sms")
    event = alarm_event(NAME)
    event["detail"]["note"] = f"````\n{SECRET} 010-1234-5678"
    await called.house.take(event)
    await called.until(50, step=60)
    assert await answer(called, "acknowledge", who="seoyeon")
    assert await answer(called, "resolve", f"restarted, {SECRET}", who="seoyeon")
    [one] = await called.house.incidents()
    return str(one["id"])


async def test_a_draft_in_korean(incident_id: str) -> None:
    """Times in KST, MTTA and MTTR, levels, people by name, receipts, what was tried; nothing of the event breaks out or leaks."""
    told = await typed("export", incident_id)
    assert told.exit_code == 0, told.output
    draft = told.stdout
    headings = [line for line in draft.splitlines() if line.startswith("#")]
    assert headings[0].startswith("# 장애 보고서 초안: mended")
    assert [one.removeprefix("## ") for one in headings[1:]] == [
        *("요약", "단계별 대응", "경과", "누구를 어떻게 불렀는가", "자동 조치", "이벤트", "5-Why", "재발 방지"),
    ]
    assert "- 발생: 2026-11-23 03:00:00 · 첫 호출: 2026-11-23 03:15:00 · 첫 확인: 2026-11-23 03:50:00" in draft
    assert "- MTTA(발생부터 첫 확인까지): 50분" in draft
    assert "| Lv1 | 2026-11-23 03:15:00 | - | 35분 |" in draft
    assert "| Lv2 | 2026-11-23 03:45:00 | 5분 | 5분 |" in draft
    assert "| 2026-11-23 03:15:00 | 김민수 | slack | 호출 | 수신 확인 없음 |  |" in draft
    assert "| 보내지 못함: 실패 |" in draft
    assert "사람이 확인함 seoyeon 님" in draft
    assert "- fix = fix: 성공, 시도 1회" in draft
    assert "hunter2" not in draft
    assert "010-1234-5678" not in draft
    assert not re.search(r"(?<!\\)\[x\]", draft.split("## 이벤트")[0])
    assert draft.count("`````") == 2


async def test_the_same_as_json(incident_id: str) -> None:
    """One document with the same facts, redacted as well."""
    told = await typed("export", incident_id[:8], "--format", "json")
    found = json.loads(told.stdout)
    assert found["times"]["acknowledged_seconds"] == 3000
    assert [one["level"] for one in found["levels"]] == [1, 2]
    assert {one["target"] for one in found["deliveries"]} >= {"person:minsu", "channel:ops", "person:seoyeon"}
    assert "hunter2" not in told.stdout


async def test_without_people_it_says_ids(incident_id: str, tmp_path: Path) -> None:
    """Where there is no oncall.yaml that can be read the draft is made all the same; an unknown id is bad usage."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        told = await typed("export", incident_id, "--rules", str(folder))
        assert (told.exit_code, "| minsu | slack |" in told.stdout) == (0, True)
    assert (await typed("export", "00000000")).exit_code == 2


async def test_a_draft_in_english(incident_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With LEH_LOCALE a command speaks English: the draft has the same tables, and what was written in Korean stays so."""
    monkeypatch.setenv("LEH_LOCALE", "en")
    made = (await typed("export", incident_id)).output
    assert made.startswith("# Draft of a post-mortem: ")
    assert "| Time | Who | Channel | Kind | Receipt | Remark |" in made
    assert "## Who was called, and how" in made
    listed = (await typed("list", "--all")).output
    assert "Acknowledged by" in listed
    assert "resolved" in listed
