"""Each person is told in their own language, places in theirs, everybody else and the journal in the installation's."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest

from leh_guardian.adapters.channels.texts import compose, cp949, korean
from leh_guardian.language import Locale
from leh_guardian.ports import Notice, NoticeKind
from leh_guardian.store import incidents
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support import on_call
from tests.support.answers import PUBLIC, SEOYEON, Answered
from tests.support.builders import alarm_event
from tests.support.on_call import Called

HANGUL = re.compile("[가-힣]")


def sent(called: Called, channel: str, kind: NoticeKind = NoticeKind.PAGE) -> list[Notice]:
    """What went out by a channel."""
    return [notice for _, name, notice in called.world.sent if name == channel and notice.kind is kind]


@pytest.mark.usefixtures("english_lead")
async def test_a_person_is_told_in_their_language(pool: Pool, tmp_path: Path) -> None:
    """The Korean developer is called in Korean; the lead in English, with what the developer was told before; AlimTalk is Korean."""
    called = Called(pool, tmp_path / "rules")
    await called.house.take(alarm_event("down-a"))
    await called.until(46)
    mine, theirs = sent(called, "slack")
    assert mine.title == "[SEV2·Lv1] down (down-a) · 30분 내 응답"
    assert theirs.title == "[SEV2·Lv2] down (down-a) · answer within 1 h"
    assert theirs.lines[:2] == [
        "Lv2 called: no answer for 30 min",
        "There is no automatic remedy for this incident. A person has to deal with it.",
    ]
    assert theirs.lines[-1] == "Next: 04:30 Lv3 한지훈"
    assert not [line for line in theirs.lines[:-1] if HANGUL.search(line)]
    text, voice = sent(called, "sms")[-1], sent(called, "voice")[-1]
    assert re.fullmatch(r"\[Lv2\] down INC-\d+ needs an answer", text.short)
    assert "Level 2, down, needs an answer" in voice.spoken
    assert (text.variables["요약"], text.variables["기한"]) == ("응답 필요", "1시간 내")
    assert cp949(compose(text, 2000, cp949, korean)) <= 90
    assert {notice.title for notice in sent(called, "ops", NoticeKind.STATUS)} == {"[Lv2 호출] down (down-a)"}


@pytest.mark.usefixtures("english_lead")
async def test_what_was_told_is_kept_in_the_languages_that_are_read(pool: Pool, tmp_path: Path) -> None:
    """The installation's beside the lead's, in the incident's own state; where all read one language, nothing more is kept."""
    called = Called(pool, tmp_path / "rules")
    await called.house.take(alarm_event("down-a"))
    await called.house.work()
    [row] = await called.house.incidents()
    async with transaction(pool) as tx:
        found = await incidents.get(tx, UUID(row["id"]))
    assert found is not None
    assert found.escalation is not None
    assert "자동 조치가 없는" in found.escalation.said(Locale.KO)
    assert "no automatic remedy" in found.escalation.said(Locale.EN)


async def test_an_installation_in_english(pool: Pool, tmp_path: Path) -> None:
    """With `locale: en` everybody is told in English, and reasons are written so."""
    called = Called(pool, tmp_path / "rules", "locale: en")
    await called.house.take(alarm_event("down-a"))
    await called.until(1)
    assert {notice.title for notice in sent(called, "slack") + sent(called, "ops")} == {
        "[SEV2·Lv1] down (down-a) · answer within 30 min"
    }
    [row] = await called.house.incidents()
    async with transaction(pool) as tx:
        found = await incidents.get(tx, UUID(row["id"]))
    assert found is not None
    assert found.escalation is not None
    assert found.escalation.about_in == {}


async def test_a_place_has_its_own_language(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared channel with `locale` is told in that; people are not."""
    written = on_call.ON_CALL.replace("ops: {provider: webhook}", "ops: {provider: webhook, locale: en}")
    monkeypatch.setattr(on_call, "ON_CALL", written)
    called = Called(pool, tmp_path / "rules")
    await called.house.take(alarm_event("down-a"))
    await called.until(1)
    assert ["answer within" in sent(called, name)[0].title for name in ("ops", "slack")] == [True, False]


@pytest.mark.usefixtures("english_lead")
async def test_answers_are_in_the_language_of_whoever_gives_them(pool: Pool, tmp_path: Path) -> None:
    """The page behind the lead's link, what a press of theirs in Slack says, and a stranger's in the installation's language."""
    async with Answered(pool, tmp_path / "rules").served() as site:
        await site.alarm("down-a", minutes=31)
        call = site.notice("slack", NoticeKind.PAGE)
        path, (button, *_) = call.link.removeprefix(PUBLIC), call.buttons
        async with site.client.get(path) as looked:
            page = await looked.text()
        assert '<html lang="en">' in page
        assert all(word in page for word in ("needs an answer", "Acknowledge: I am on it", " KST", "Seoyeon Choi"))
        assert not HANGUL.search(page)
        status, text = await site.post(path)
        assert (status, "Acknowledged. Nobody else is called." in text) == (200, True)
        again = await site.presses.press(button.token, SEOYEON)
        assert "You have acknowledged it already at 03:31." in again
        assert "등록되지 않은 Slack 사용자" in await site.presses.press(button.token, "U999")
        assert button.label == "Acknowledge"
        async with site.client.get("/a/nonsense") as refused:
            assert '<html lang="ko">' in await refused.text()


@pytest.mark.usefixtures("english_lead")
async def test_what_is_changed_by_hand_is_answered_in_the_language_of_whoever_asks(pool: Pool, tmp_path: Path) -> None:
    """What cannot be had, and what came of it: the lead in English, a developer in Korean."""
    async with Answered(pool, tmp_path / "rules").served() as site:
        grave = {"match": {"class": ["security"]}, "reason": "x", "for": "1h"}
        hour = {"from": "2026-01-01T10:00", "to": "2026-01-01T11:00"}
        past = {**hour, "schedule": "lv1", "reason": "x", "add": ["cto"]}
        said = [
            [(await site.api(path, by=who, **body))[1]["error"] for who in ("seoyeon", "minsu")]
            for path, body in (("/api/silences", grave), ("/api/overrides", past))
        ]
        assert [english[:22] for english, _ in said] == ["Incidents of security ", "that time is over alre"]
        assert [korean[:5] for _, korean in said] == ["보안 등급", "이미 지난"]
        for path, english, korean in (
            ("silences", "There is no such silence.", "그런 무음이 없습니다."),
            ("overrides", "There is no such change of duty.", "그런 당직 변경이 없습니다."),
        ):
            answers = [await site.api(f"/api/{path}/{UUID(int=1)}/end", by=who) for who in ("seoyeon", "minsu", "api")]
            assert [(status, told["text"]) for status, told in answers] == [
                (404, english),
                (404, korean),
                (404, korean),
            ]
