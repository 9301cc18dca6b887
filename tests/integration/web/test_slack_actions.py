"""Buttons in Slack: signed by Slack, signed by us, pressed by somebody who is in oncall.yaml."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import aiohttp
import anyio
import pytest

from leh_guardian.adapters.channels.slack_socket import Respond, SlackSocket
from leh_guardian.store import deliveries
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.answers import MINSU, SEOYEON, SIGNING, Answered
from tests.support.people.slack_server import APP_TOKEN, SlackServer
from tests.support.slack_presses import pressed, signature

STORM = "delivery: {storm: {new_incidents: 3, per: 5m}}"


@pytest.fixture
async def site(pool: Pool, tmp_path: Path) -> AsyncIterator[Answered]:
    """An installation that can be answered."""
    async with Answered(pool, tmp_path / "rules").served() as served:
        yield served


async def send(site: Answered, body: bytes, age: float = 0, secret: bytes = SIGNING, **headers: str) -> int:
    """Send a request as Slack does; returns the status."""
    signed = signature(body, site.clock.now(), secret, age) | headers
    async with site.client.post("/slack/actions", data=body, headers=signed) as answer:
        return answer.status


async def press(site: Answered, token: str, user: str = MINSU) -> str:
    """Press a button; returns what whoever pressed is told."""
    site.heard = anyio.Event()
    assert await send(site, pressed(token, user)) == 200
    with anyio.fail_after(20):
        await site.heard.wait()
    assert site.told[-1][0] == user
    return site.told[-1][1]


async def test_each_button_does_what_it_says(site: Answered) -> None:
    """Also for somebody whom the message was not for, who is in the journal with it."""
    await site.alarm("down-a")
    assert "확인했습니다" in await press(site, site.button("ack", "ops"), SEOYEON)
    incident = await site.incident()
    [line] = [line for line in incident["journal"] if line["kind"] == "incident.acknowledged"]
    wanted = {"by": "seoyeon", "name": "최서연", "via": "slack", "user": SEOYEON, "made_for": "channel:ops"}
    assert line["data"] == wanted
    assert "이미 최서연 님이 03:00에 확인했습니다" in await press(site, site.button("ack"))
    assert "03:30까지 보류" in await press(site, site.button("snooze"))
    seen = site.button("escalate")
    assert "곧 Lv2" in await press(site, seen)
    await site.called.house.work()
    assert "그 사이 이미 Lv2을(를) 호출했습니다" in await press(site, seen)
    assert "해결 처리했습니다" in await press(site, site.button("resolve"))
    assert "이미 김민수 님이 03:00에 해결 처리한" in await press(site, seen, SEOYEON)


async def test_what_was_seen_before_people_were_called_closes_nothing(site: Answered) -> None:
    """An old message's 해결 and 보류 do nothing once the next level has been called: whoever presses looks again first."""
    await site.alarm("down-a")
    old = {verb: site.button(verb) for verb in ("resolve", "snooze", "ack")}
    await site.called.until(31, step=300)
    for verb in ("resolve", "snooze"):
        assert "그 사이 이미 Lv2" in await press(site, old[verb])
    assert (await site.incident())["status"] == "triggered"
    assert "확인했습니다" in await press(site, old["ack"])


async def test_whoever_called_higher_may_close_it_from_the_same_message(site: Answered) -> None:
    """They know of the call since, and hear nothing of it; for anybody else the message is old."""
    await site.alarm("down-a")
    mine, resolve = site.button("escalate"), site.button("resolve")
    await press(site, mine)
    await site.called.house.work()
    assert "그 사이 이미 Lv2" in await press(site, resolve, SEOYEON)
    assert "해결 처리했습니다" in await press(site, resolve)


async def test_a_stranger_changes_nothing(site: Answered) -> None:
    """Somebody who has a person's name in Slack, and another id, is nobody."""
    await site.alarm("down-a")
    assert "등록되지 않은 Slack 사용자" in await press(site, site.button("ack"), "U9999999999")
    assert (await site.incident())["status"] == "triggered"


async def test_buttons_that_are_none(site: Answered) -> None:
    """Forged, expired, or a link's: told so, and nothing is changed."""
    await site.alarm("down-a")
    ack = site.button("ack")
    for token in (ack[:-2], ack[:-1] + ("A" if ack[-1] != "A" else "B"), site.path().removeprefix("/a/"), "x"):
        assert "사용할 수 없는 버튼" in await press(site, token)
    site.clock.advance(hours=24 * 7, minutes=1)
    assert "만료된 버튼" in await press(site, ack)
    assert (await site.incident())["status"] == "triggered"


async def test_what_slack_has_not_signed_is_refused(site: Answered) -> None:
    """Old, of another secret, without a signature, with ones that are none: 401, and nobody is told anything."""
    await site.alarm("down-a")
    body = pressed(site.button("ack"), MINSU)
    assert await send(site, body, age=301) == 401
    assert await send(site, body, age=-301) == 401
    assert await send(site, body, secret=b"another-secret-of-theirs") == 401
    for header, value in (
        ("X-Slack-Request-Timestamp", "soon"),
        ("X-Slack-Request-Timestamp", "9" * 400),
        ("X-Slack-Signature", "v0=é"),
        ("X-Slack-Signature", ""),
    ):
        assert await send(site, body, **{header: value}) == 401
    async with site.client.post("/slack/actions", data=body) as answer:
        assert answer.status == 401
    assert site.told == []
    assert (await site.incident())["status"] == "triggered"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"payload=", b"payload=[[[", b"payload=null", b"&" * 9000])
async def test_junk_that_is_signed_is_taken_and_forgotten(site: Answered, body: bytes) -> None:
    """No error, whatever it is."""
    assert await send(site, body) == 200
    assert site.told == []


async def test_a_press_arrives_by_socket_mode(site: Answered) -> None:
    """The same press over a web socket, answered at Slack's own address."""
    await site.alarm("down-a")

    async def on_press(token: str, user: str, respond: Respond) -> None:
        await respond(await site.presses.press(token, user))

    async with SlackServer().serving() as slack, aiohttp.ClientSession() as session, anyio.create_task_group() as tasks:
        socket = SlackSocket(
            session,
            APP_TOKEN,
            on_press,
            site.clock,
            base_url=f"{slack.url}/api/",
            trusted=lambda url: url.startswith(slack.url),
        )
        tasks.start_soon(socket.run)
        with anyio.fail_after(20):
            await slack.connected.wait()
            payload = {
                "type": "block_actions",
                "user": {"id": MINSU},
                "response_url": f"{slack.url}/respond",
                "actions": [{"action_id": "leh:0:ack", "value": site.button("ack")}],
            }
            assert slack.socket is not None
            await slack.socket.send_json({"type": "interactive", "envelope_id": "e1", "payload": payload})
            while not slack.taken:  # noqa: ASYNC110 - the server keeps what it is sent, and tells nobody
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
        assert "확인했습니다" in slack.taken.popleft()[1]["text"]
    assert (await site.incident())["status"] == "acknowledged"


async def test_two_people_must_approve(site: Answered) -> None:
    """The second press of the same person does not count, another one's does; until then calls go on."""
    await site.alarm("two-a")
    assert {"승인", "거절"} <= {button.label for button in site.notice().buttons}
    assert "승인 1/2: 다른 사람의 승인이 1명 더 필요합니다" in await press(site, site.button("approve", "ops"))
    await site.called.house.work()
    assert "승인 1/2" in "\n".join(site.notice("ops").lines)
    assert "이미 승인하셨습니다 (1/2)" in await press(site, site.button("approve", "ops"))
    [action] = [a for a in (await site.incident())["actions"] if a["role"] == "step"]
    status, said = await site.api(f"/api/actions/{action['id']}/approve", by="김민수")
    assert (status, "이미 승인하셨습니다" in said["text"]) == (409, True), "the same person by another way"
    incident = await site.incident()
    assert ([a["status"] for a in incident["actions"] if a["role"] == "step"], incident["status"]) == (
        ["proposed"],
        "triggered",
    )
    assert "승인했습니다. 곧 실행됩니다" in await press(site, site.button("approve", "ops"), SEOYEON)
    await site.called.house.work()
    incident = await site.incident()
    [action] = [a for a in incident["actions"] if a["role"] == "step"]
    assert (action["status"], action["approved_by"]) == ("succeeded", "minsu, seoyeon")
    kinds = [line["kind"] for line in incident["journal"]]
    assert (kinds.count("action.approval_given"), kinds.count("action.approved")) == (1, 1)


async def test_one_rejection_ends_it(site: Answered) -> None:
    """Also after somebody has approved; its buttons are gone from what is sent afterwards."""
    await site.alarm("two-a")
    await press(site, site.button("approve", "ops"))
    reject = site.button("reject", "ops")
    assert "거절했습니다" in await press(site, reject, SEOYEON)
    assert "현재 상태: 거절됨" in await press(site, reject)
    await site.called.house.work()
    assert not {"승인", "거절"} & {button.label for button in site.notice("ops").buttons}
    [action] = [a for a in (await site.incident())["actions"] if a["role"] == "step"]
    assert action["status"] == "rejected"


async def test_two_people_press_approve_at_once(site: Answered) -> None:
    """Both count, and it is scheduled once; the same person twice at once counts once."""
    await site.alarm("two-a")
    token = site.button("approve", "ops")
    texts: list[str] = []

    async def one(user: str) -> None:
        texts.append(await site.presses.press(token, user))

    async with anyio.create_task_group() as tasks:
        for user in (MINSU, MINSU, SEOYEON):
            tasks.start_soon(one, user)
    assert sum("곧 실행됩니다" in text for text in texts) == 1
    assert sum("승인 1/2" in text for text in texts) == 1
    kinds = [line["kind"] for line in (await site.incident())["journal"]]
    assert (kinds.count("action.approval_given"), kinds.count("action.approved")) == (1, 1)


async def test_a_page_of_approval_brings_its_own_action(site: Answered) -> None:
    """One person's word is enough unless the rule says more, and the remedy runs."""
    await site.alarm("ask-a")
    assert "승인했습니다" in await press(site, site.button("approve"))
    site.clock.advance(seconds=1)
    await site.called.house.work()
    assert [a["status"] for a in (await site.incident())["actions"] if a["role"] == "step"] == ["succeeded"]
    assert (await site.incident())["status"] == "acknowledged"
    assert site.clock.now() - site.called.start < timedelta(minutes=1)


async def test_what_came_in_one_message_is_acknowledged_with_it(pool: Pool, tmp_path: Path) -> None:
    """A storm is one message with one button: its press answers all that it told of, but not what has moved on since."""
    site = Answered(pool, tmp_path / "rules", more=STORM)
    await site.alarm(*(f"down-{number}" for number in range(8)), minutes=3)
    [storm] = [n for _, name, n in site.called.world.sent if name == "slack" and "외" in n.title]
    bundled = int(storm.title.rpartition("외 ")[2].removesuffix("건"))
    together = await bundled_ids(site, storm.incident)
    assert len(together) == bundled
    raised = next(i["number"] for i in await site.called.house.incidents() if i["id"] in together)
    async with site.served():
        assert (await site.api(f"/api/incidents/INC-{raised}/escalate"))[0] == 200
    await site.called.house.work()
    [ack] = [button.token for button in storm.buttons if button.verb == "ack"]
    text = await site.presses.press(ack, MINSU)
    assert f"같은 메시지로 호출한 장애 {bundled - 1}건" in text
    states = {i["number"]: i["status"] for i in await site.called.house.incidents()}
    assert states[int(storm.number.removeprefix("INC-"))] == "acknowledged"
    assert states[raised] == "triggered"
    assert list(states.values()).count("acknowledged") == bundled
    assert "함께" not in await site.presses.press(ack, MINSU), "once"


async def bundled_ids(site: Answered, incident_id: str) -> set[str]:
    """Return the incidents that a message of this one has taken along."""
    async with transaction(site.pool) as tx:
        return {str(one) for one in await deliveries.together(tx, UUID(incident_id), "person:minsu")}
