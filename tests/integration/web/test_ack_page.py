"""The page behind a link: looking changes nothing, a person's press acknowledges, and nothing else can be done by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from leh_guardian.engine.answer_links import AnswerLinks
from leh_guardian.model.answer_token import AnswerToken, Keys, Purpose
from leh_guardian.ports import NoticeKind
from leh_guardian.store.pool import Pool
from tests.support.answers import KEYS, PUBLIC, Answered
from tests.support.builders import alarm_event
from tests.support.on_call import Called


@pytest.fixture
async def site(pool: Pool, tmp_path: Path) -> AsyncIterator[Answered]:
    """An installation that can be answered."""
    async with Answered(pool, tmp_path / "rules").served() as served:
        yield served


async def test_a_person_acknowledges_by_the_link(site: Answered) -> None:
    """The page shows what is needed and nothing of the event; the press is journalled with who, from where, by what."""
    await site.alarm("down-<b>x")
    path = site.path()
    async with site.client.get(path) as looked:
        page = await looked.text()
        assert looked.status == 200
    assert all(word in page for word in ("INC-", "Lv1", "down", "응답 필요", "김민수", '<form method="post">'))
    assert "&lt;b&gt;" not in page
    assert "<b>x" not in page
    assert "<script" not in page
    status, text = await site.post(path)
    assert (status, "확인했습니다" in text) == (200, True)
    incident = await site.incident()
    assert incident["status"] == "acknowledged"
    [line] = [line for line in incident["journal"] if line["kind"] == "incident.acknowledged"]
    assert line["author"] == "minsu"
    assert line["data"] | {"agent": ""} == {
        "by": "minsu",
        "name": "김민수",
        "via": "link",
        "ip": "127.0.0.1",
        "agent": "",
    }
    assert "Python" in line["data"]["agent"]


async def test_looking_changes_nothing(site: Answered) -> None:
    """Scanners look, prefetch, ask for the head alone, and send what has no nonce of the page or another page's."""
    await site.alarm("down-a", "down-b")
    path = site.path()
    other = site.called.world.sent[1][2].link.removeprefix(PUBLIC)
    for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Purpose": "prefetch"}), ("OPTIONS", {}), ("PUT", {})):
        async with site.client.request(method, path, headers=headers) as answer:
            assert answer.status in {200, 405}
    nonce = KEYS.nonce(other.removeprefix("/a/"), int(site.clock.now().timestamp()) // 900)
    for body in (b"", b"nonce=", b"nonce=x&nonce=y", b"\xff\xfe", b"&" * 5000, f"nonce={nonce}x".encode()):
        async with site.client.post(path, data=body) as answer:
            assert answer.status == 400
    assert {i["status"] for i in await site.called.house.incidents()} == {"triggered"}


async def test_its_headers_keep_it_private(site: Answered) -> None:
    """Not kept, not indexed, not framed, and no script or picture from anywhere; refusals, too."""
    await site.alarm("down-a")
    for path in (site.path(), "/a/nonsense"):
        async with site.client.get(path) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Robots-Tag"].startswith("noindex")
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "form-action 'self'" in policy
            assert "unsafe" not in policy


async def test_two_people_press_at_once(site: Answered) -> None:
    """One acknowledges, the other reads who has and when; pressing again says so, too."""
    await site.alarm("down-a", minutes=31)
    first = next(n for _, name, n in site.called.world.sent if name == "slack").link.removeprefix(PUBLIC)
    second = site.notice("slack", NoticeKind.PAGE).link.removeprefix(PUBLIC)
    answers: list[tuple[int, str]] = []

    async def press(path: str) -> None:
        answers.append(await site.post(path))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(press, first)
        tasks.start_soon(press, second)
    texts = sorted(text for _, text in answers)
    assert [status for status, _ in answers] == [200, 200]
    assert sum("이미" in text for text in texts) == 1
    [late] = [text for text in texts if "이미" in text]
    assert ("김민수 님이 03:31에 확인했습니다" in late) or ("최서연 님이 03:31에 확인했습니다" in late)
    site.clock.advance(minutes=2)
    _, text = await site.post(second)
    assert "이미 03:31에 확인하셨습니다" in text
    kinds = [line["kind"] for line in (await site.incident())["journal"]]
    assert kinds.count("incident.acknowledged") == 2


async def test_a_resolved_incident_stays_resolved(site: Answered) -> None:
    """The page says so, and so does a press that was under way."""
    await site.alarm("down-a")
    path = site.path()
    number = (await site.incident())["number"]
    nonce = KEYS.nonce(path.removeprefix("/a/"), int(site.clock.now().timestamp()) // 900)
    assert (await site.api(f"/api/incidents/INC-{number}/resolve", by="seoyeon"))[0] == 200
    async with site.client.post(path, data={"nonce": nonce}) as answer:
        assert answer.status == 409
        assert "이미 최서연 님이 03:00에 해결 처리한 장애입니다" in await answer.text()
    async with site.client.get(path) as answer:
        page = await answer.text()
    assert "이미 해결된 장애입니다" in page
    assert "<form" not in page
    assert (await site.incident())["status"] == "resolved"


async def test_at_level_three_the_code_of_the_message_is_asked(site: Answered) -> None:
    """It stands in every form of the message; without it, and after five wrong ones, nothing happens."""
    await site.alarm("leak-a")
    notice = site.notice("sms")
    assert f"코드 {notice.code}" in notice.short
    assert any(notice.code in line for line in notice.lines)
    assert len(notice.code) == 4
    assert notice.short.startswith(f"[Lv3] 코드 {notice.code} ")
    path = site.path("sms")
    wrong = f"{(int(notice.code) + 1) % 10000:04}"
    for code in ("", wrong, "12345", "٣٣٣٣", wrong):
        status, text = await site.post(path, code=code)
        assert (status, "확인 코드가 다릅니다" in text) == (403, True)
    status, _ = await site.post(path, code=notice.code)
    assert status == 429
    assert (await site.incident())["status"] == "triggered"
    async with site.served():
        assert (await site.post(path, code=notice.code))[0] == 200, "wrong guesses are forgotten with the process"
    assert (await site.incident())["status"] == "acknowledged"


async def test_links_of_lower_levels_ask_for_none(site: Answered) -> None:
    """Nor does a message of level 1 get one when the incident has risen since: whoever has it knows no code."""
    await site.alarm("down-a", minutes=95)
    first = next(n for _, name, n in site.called.world.sent if name == "slack")
    assert first.code == ""
    assert (await site.post(first.link.removeprefix(PUBLIC)))[0] == 200


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        (lambda text: text[:-6], 404, "잘렸습니다"),
        (lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"), 404, "사용할 수 없는"),
        (lambda text: "x" * 400, 404, "다른 버전"),
        (lambda text: "한글", 404, "사용할 수 없는"),
    ],
)
async def test_what_is_no_link_says_what_to_do(site: Answered, change: object, status: int, says: str) -> None:
    """Cut, changed or made up: a page that says so, for GET and POST alike, never an error."""
    await site.alarm("down-a")
    path = "/a/" + change(site.path().removeprefix("/a/"))  # type: ignore[operator]
    for method in ("GET", "POST"):
        async with site.client.request(method, path, data=b"x" if method == "POST" else None) as answer:
            assert answer.status == status
            assert says in await answer.text()


async def test_a_link_expires(site: Answered) -> None:
    """A day after its level's time to answer; a page that was open longer than its nonce is asked for anew."""
    await site.alarm("down-a")
    path = site.path()
    site.clock.advance(hours=24, minutes=29)
    async with site.client.get(path) as answer:
        assert answer.status == 200
    site.clock.advance(minutes=2)
    async with site.client.get(path) as answer:
        assert answer.status == 410


async def test_a_button_opens_no_page_and_a_link_of_a_stranger_does_nothing(site: Answered) -> None:
    """A link can only acknowledge, and only for somebody who is still in oncall.yaml."""
    await site.alarm("down-a")
    number = (await site.incident())["number"]
    expires = site.clock.now() + timedelta(hours=1)
    for token, status in (
        (site.button("resolve"), 404),
        (KEYS.sign(AnswerToken(Purpose.LINK, number, "channel:ops", expires)), 404),
        (KEYS.sign(AnswerToken(Purpose.LINK, number, "person:gone", expires)), 403),
        (KEYS.sign(AnswerToken(Purpose.LINK, 999999, "person:minsu", expires)), 404),
    ):
        async with site.client.get(f"/a/{token}") as answer:
            assert answer.status == status


async def test_a_replaced_key_is_good_until_it_is_thrown_away(pool: Pool, tmp_path: Path) -> None:
    """Links that went out before the rotation go on working while both keys are there."""
    old, new = b"o" * 32, b"n" * 32
    before = Answered(pool, tmp_path / "rules", Keys([old]))
    await before.alarm("down-a")
    for keys, status in ((Keys([new, old]), 200), (Keys([new]), 404)):
        before.keys = keys
        async with before.served() as site, site.client.get(before.path()) as answer:
            assert answer.status == status


async def test_who_tries_links_is_slowed_down(site: Answered) -> None:
    """Forged ones are counted by address, and a good one works all the same: nobody shuts out another behind the same proxy."""
    await site.alarm("down-a")
    statuses = []
    for _ in range(40):
        async with site.client.get("/a/nonsense") as answer:
            statuses.append(answer.status)
    assert set(statuses[:30]) == {404}
    assert set(statuses[30:]) == {429}
    assert (await site.post(site.path()))[0] == 200


async def test_behind_a_proxy_the_address_is_the_one_it_saw(pool: Pool, tmp_path: Path) -> None:
    """What the client itself put before it is not believed."""
    async with Answered(pool, tmp_path / "rules").served(proxies=1) as site:
        await site.alarm("down-a")
        site.client.headers["X-Forwarded-For"] = "6.6.6.6, 203.0.113.9"
        await site.post(site.path())
        [line] = [line for line in (await site.incident())["journal"] if line["kind"] == "incident.acknowledged"]
        assert line["data"]["ip"] == "203.0.113.9"


async def test_places_get_buttons_and_no_link(site: Answered) -> None:
    """Nobody could be told from the others by it; what is over has neither."""
    await site.alarm("down-a")
    ops, mine = site.notice("ops"), site.notice("slack")
    assert (ops.link, bool(ops.buttons)) == ("", True)
    assert mine.link.startswith(f"{PUBLIC}/a/")
    assert [button.label for button in mine.buttons] == ["확인", "상위 보고", "해결", "30분 보류"]
    number = (await site.incident())["number"]
    await site.api(f"/api/incidents/INC-{number}/resolve")
    await site.called.house.work()
    over = site.notice("slack", NoticeKind.STATUS)
    assert (over.link, over.buttons) == ("", ())


async def test_without_keys_there_are_neither_links_nor_buttons(pool: Pool, tmp_path: Path) -> None:
    """Nor where there is no address for the link: then there are buttons alone."""
    for links, buttons in ((AnswerLinks(None, PUBLIC), False), (AnswerLinks(KEYS, ""), True)):
        called = Called(pool, tmp_path / f"rules{buttons}", links=links)
        await called.house.take(alarm_event(f"down-{buttons}"))
        await called.until(0)
        notice = next(n for _, name, n in called.world.sent if name == "slack")
        assert (notice.link, notice.code, bool(notice.buttons)) == ("", "", buttons)


async def test_a_store_that_is_away_is_said_to_be_away(site: Answered) -> None:
    """A page that says to try again, and no error."""
    await site.alarm("down-a")
    path = site.path()
    await site.pool.close()
    async with site.client.get(path) as answer:
        assert answer.status == 503
        assert "잠시 후" in await answer.text()
