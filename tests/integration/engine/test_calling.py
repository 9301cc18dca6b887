"""People are called: in the runbook's times, over the channels of whoever is on call, until somebody answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from leh_guardian.engine import verbs
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.outcome import Failed, Wait
from leh_guardian.ports import NoticeKind
from leh_guardian.store import incidents
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.on_call import Called, on_call_text


@pytest.fixture
def called(pool: Pool, tmp_path: Path) -> Called:
    """An installation with an on-call developer, a tech lead and a CTO."""
    return Called(pool, tmp_path / "rules")


async def answer(called: Called, verb: str, *arguments: object, who: str = "minsu", **named: object) -> bool:
    """Let a person answer the newest incident that is open."""
    [incident] = (await called.house.incidents("triggered", "acknowledged", "snoozed"))[-1:]
    async with transaction(called.house.pool) as tx:
        function = getattr(verbs, verb)
        done: bool = await function(tx, UUID(incident["id"]), called.clock.now(), who, *arguments, **named)
    await called.house.work()
    return done


async def test_nobody_answers(called: Called) -> None:
    """Lv1 at once by Slack and in the ops channel, by text after 5 minutes and by voice after 15; Lv2 after 30; Lv3 after 90."""
    await called.house.take(alarm_event("down-a"))
    await called.until(130)
    assert called.calls() == [
        (0, 1, "ops"),
        (0, 1, "slack"),
        (5, 1, "sms"),
        (15, 1, "voice"),
        (30, 2, "slack"),
        (35, 2, "sms"),
        (45, 2, "voice"),
        (90, 3, "sms"),
        (90, 3, "voice"),
        (105, 3, "sms"),
        (105, 3, "voice"),
        (127.5, 3, "sms"),
        (127.5, 3, "voice"),
    ]
    texts = [notice for _, _, notice in called.world.sent if notice.kind is NoticeKind.PAGE]
    assert texts[0].title == "[SEV2·Lv1] down (down-a) · 30분 내 응답"
    assert texts[4].lines[0] == "30분 무응답으로 Lv2 호출"
    assert texts[7].lines[0] == "1시간 무응답으로 Lv3 호출"
    assert texts[9].lines[0] == "15분 무응답으로 Lv3 다시 호출"
    assert texts[0].short.startswith("[Lv1] down INC-")
    assert "down-a" not in texts[0].short + texts[0].spoken


async def test_those_before_hear_of_it_when_others_are_called(called: Called) -> None:
    """Lv1 and the ops channel are told, not called, that Lv2 is."""
    await called.house.take(alarm_event("down-a"))
    await called.until(30)
    told = [(channel, notice.title) for _, channel, notice in called.world.sent if notice.kind is NoticeKind.STATUS]
    assert sorted(told) == [("ops", "[Lv2 호출] down (down-a)"), ("slack", "[Lv2 호출] down (down-a)")]


async def test_an_answer_ends_the_calls_and_is_told(called: Called) -> None:
    """No text and no voice follow; the others hear who is at it, who answered does not, and an hour later it begins anew."""
    await called.house.take(alarm_event("down-a"))
    await called.until(3)
    assert await answer(called, "acknowledge")
    assert await answer(called, "acknowledge")
    told = [(channel, notice.title) for _, channel, notice in called.world.sent if notice.kind is NoticeKind.STATUS]
    assert told == [("ops", "[확인] down (down-a)")]
    await called.until(62)
    assert called.calls()[2:] == []
    assert [at for at, _, _ in called.calls("reminder")] == [53]
    await called.until(63.5)
    assert called.calls()[2:] == [(63, 2, "slack")], "the level's hour to solve it is over as well"


async def test_an_ok_closes_it_and_whoever_was_told_hears_so(called: Called) -> None:
    """Held five minutes; at level 3 it stays open for a person, who is told so."""
    await called.house.take(alarm_event("down-a"), alarm_event("leak-a"))
    await called.until(1)
    ok = {"state": "OK", "time": "2026-11-22T18:01:00Z"}
    await called.house.take(alarm_event("down-a", **ok), alarm_event("leak-a", **ok))
    await called.until(7)
    assert {i["rule"]: i["status"] for i in await called.house.incidents()} == {"down": "resolved", "leak": "triggered"}
    told = {notice.title for _, _, notice in called.world.sent if notice.kind is NoticeKind.STATUS}
    assert {"[해결] down (down-a)", "[정상 신호] leak (leak-a)"} <= told
    assert await answer(called, "resolve", "it was a drill")


async def test_a_leak_calls_the_top_at_once_and_the_others_beside(called: Called) -> None:
    """Level 3 by voice and text, with the on-call developer; every quarter of an hour and no bundling."""
    await called.house.take(alarm_event("leak-a"))
    await called.until(15)
    assert [(at, level, channel) for at, level, channel in called.calls() if at in {0, 15}] == [
        (0, 3, "slack"),
        (0, 3, "sms"),
        (0, 3, "voice"),
        (15, 3, "sms"),
        (15, 3, "voice"),
        (15, 3, "voice"),
    ]


async def test_a_remedy_has_two_minutes(called: Called) -> None:
    """One that ends well within them calls nobody; its OK closes the incident."""
    await called.house.take(alarm_event("mend-a"))
    await called.until(1)
    await called.house.take(alarm_event("mend-a", "OK", time="2026-11-22T18:01:00Z"))
    await called.until(20)
    assert called.world.sent == []
    assert [i["status"] for i in await called.house.incidents()] == ["resolved"]


async def test_a_remedy_that_takes_longer_calls_and_goes_on(called: Called) -> None:
    """People hear that it is still at work."""
    called.world.outcomes = [Wait(called.clock.now() + timedelta(minutes=10), "not yet")]
    await called.house.take(alarm_event("mend-a"))
    await called.until(2)
    assert called.calls() == [(2, 1, "ops"), (2, 1, "slack")]
    assert "조치는 계속 진행 중입니다" in called.world.told[0]
    assert "fix 기다리는 중" in called.world.told[0]


async def test_a_held_ok_waits_for_the_remedy(called: Called) -> None:
    """What is still being mended is not over, however long its OK has been held; its end looks again."""
    called.world.outcomes = [Wait(called.clock.now() + timedelta(minutes=10), "not yet")]
    await called.house.take(alarm_event("mend-a"))
    await called.until(1)
    await called.house.take(alarm_event("mend-a", "OK", time="2026-11-22T18:01:00Z"))
    await called.until(9)
    assert [i["status"] for i in await called.house.incidents()] == ["triggered"]
    assert "incident.still_busy" in await called.house.journal()
    await called.until(11)
    assert [i["status"] for i in await called.house.incidents()] == ["resolved"]


async def test_a_remedy_that_fails_calls_at_once(called: Called) -> None:
    """Nobody waits for the two minutes to be over."""
    called.world.outcomes = [Failed("no way")]
    await called.house.take(alarm_event("mend-a"))
    await called.until(0)
    assert called.calls() == [(0, 1, "ops"), (0, 1, "slack")]
    assert "fix 실패 (no way)" in called.world.told[0]


async def test_a_remedy_whose_ok_stays_away_calls(called: Called) -> None:
    """It went well, and a quarter of an hour later its alarm still rings."""
    await called.house.take(alarm_event("mend-a"))
    await called.until(16)
    assert called.calls() == [(15, 1, "ops"), (15, 1, "slack")]
    assert "경보가 정상(OK)으로 돌아오지 않았습니다" in called.world.told[0]


async def test_a_step_with_nobody_on_call_is_passed_over_at_once(pool: Pool, tmp_path: Path) -> None:
    """Lv1 has nobody: Lv2 is called at once, its time counts from there, and the gap is on record."""
    lines = on_call_text().replace("[schedule:lv1, channel:ops]", "[schedule:lv1]").splitlines()
    nobody = [line.replace("2026-01-05", "2030-01-07") if line.startswith("  lv1:") else line for line in lines]
    called = Called(pool, tmp_path / "rules", oncall="\n".join(nobody))
    await called.house.take(alarm_event("down-a"))
    await called.until(61)
    assert called.calls() == [
        (0, 2, "slack"),
        (5, 2, "sms"),
        (15, 2, "voice"),
        (60, 3, "sms"),
        (60, 3, "voice"),
    ]
    kinds = await called.house.journal()
    assert (kinds.count("oncall.gap"), kinds.count("incident.step_skipped")) == (1, 1)


async def test_a_channel_that_fails_is_replaced_by_the_next(called: Called) -> None:
    """Slack refuses, so a text goes out at once; the text's own rule five minutes later is another message."""
    called.world.refusing.add("slack")
    await called.house.take(alarm_event("down-a"))
    await called.until(1)
    assert called.calls() == [(0, 1, "ops"), (0, 1, "sms")]


async def test_where_every_channel_fails_it_is_said_on_the_console(called: Called) -> None:
    """Slack refuses, so does the text in its place: neither is asked again, and the console is the last."""
    called.world.refusing |= {"slack", "sms"}
    await called.house.take(alarm_event("down-a"))
    await called.until(4)
    assert [channel for _, _, channel in called.calls()] == ["ops", "console"]
    assert (await called.house.journal()).count("page.elsewhere") == 2


async def test_trouble_that_comes_back_is_the_same_incident(called: Called) -> None:
    """Within half an hour of its end, at the level it had reached; later it is another one."""
    await called.house.take(alarm_event("down-a"))
    await called.until(31)
    assert await answer(called, "resolve", "mended")
    before = len(called.calls())
    await called.until(40)
    await called.house.take(alarm_event("down-a", time="2026-11-22T18:40:00Z"))
    await called.until(40.5)
    assert called.calls()[before:] == [(40, 2, "slack")]
    [incident] = await called.house.incidents()
    assert (incident["status"], incident["level"]) == ("triggered", 2)
    assert await answer(called, "resolve", "mended")
    await called.until(75)
    await called.house.take(alarm_event("down-a", time="2026-11-22T19:14:00Z"))
    await called.house.work()
    assert len(await called.house.incidents()) == 2


async def test_trouble_that_comes_back_does_not_quote_the_run_before(called: Called) -> None:
    """What called people the first time is not said of what calls them now: its remedy has not failed yet."""
    called.world.outcomes = [Failed("no way"), Wait(called.clock.now() + timedelta(hours=1), "not yet")]
    await called.house.take(alarm_event("mend-a"))
    await called.until(1)
    assert any("자동 조치가 실패하여 중단했습니다" in text and "no way" in text for text in called.world.told)
    assert await answer(called, "resolve", "mended")
    await called.until(10)
    before = len(called.world.sent)
    await called.house.take(alarm_event("mend-a", time="2026-11-22T18:10:00Z"))
    await called.until(10.5)
    pages = [notice for _, _, notice in called.world.sent[before:] if notice.kind is NoticeKind.PAGE]
    assert {notice.lines[0] for notice in pages} == {"해결된 장애가 다시 발생하여 Lv1 호출"}
    assert [line for notice in pages for line in notice.lines if "중단했습니다" in line or "상세" in line] == []


async def test_a_person_calls_higher_once(called: Called) -> None:
    """The second press of the same button does nothing: the incident has moved on since."""
    await called.house.take(alarm_event("down-a"))
    await called.until(1)
    [incident] = await called.house.incidents()
    async with transaction(called.house.pool) as tx:
        found = await incidents.lock(tx, UUID(incident["id"]))
    assert found is not None
    assert found.escalation is not None
    seen = found.escalation.seq
    assert await answer(called, "escalate", "too big", as_of=seen)
    assert not await answer(called, "escalate", "too big", as_of=seen)
    assert [(at, level) for at, level, _ in called.calls()[2:]] == [(1, 2)]
    assert "김민수 님의 상위 보고로 Lv2 호출" in called.world.told[-1]


async def test_quiet_for_a_while(called: Called) -> None:
    """Nobody is called until it is over, then the same level is; at level 3 there is no quiet."""
    await called.house.take(alarm_event("down-a"))
    await called.until(1)
    assert await answer(called, "snooze", timedelta(minutes=20), "looking")
    await called.until(22)
    assert called.calls()[2:] == [(21, 1, "ops"), (21, 1, "slack")]
    assert [i["status"] for i in await called.house.incidents()] == [IncidentStatus.TRIGGERED.value]
    await called.house.take(alarm_event("leak-a"))
    await called.house.work()
    assert not await answer(called, "snooze", timedelta(minutes=20), "no")


async def test_after_a_standstill_the_highest_due_level_is_called_once(called: Called) -> None:
    """Three hours without guardian: Lv3 is called at once, the message says how late, and Lv2 is not called beside."""
    await called.house.take(alarm_event("down-a"))
    await called.until(1)
    called.clock.advance(hours=3)
    await called.house.work()
    late = [
        notice for at, _, notice in called.world.sent if at == called.clock.now() and notice.kind is NoticeKind.PAGE
    ]
    assert {notice.level for notice in late} == {3}
    assert any("지연 처리" in line for line in late[0].lines)
    assert any("Lv2" in line for line in late[0].lines)
