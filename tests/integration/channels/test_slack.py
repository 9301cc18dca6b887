"""Slack, against a server that keeps messages as Slack does and takes no block that Slack would not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from leh_guardian.adapters.channels import slack_web
from leh_guardian.adapters.channels.slack import SlackChannel
from leh_guardian.adapters.channels.slack_errors import CODES, GONE, judged
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Refused, Throttled, Transient, Unavailable
from leh_guardian.ports import Button, Notice, NoticeKind
from tests.support.people.notices import PAGE, PLANTED, page
from tests.support.people.slack_server import CHANNEL, PERSON, TOKEN, SlackServer

DIRECT = f"D{PERSON[1:]}"


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    """Slack."""
    async with SlackServer().serving() as serving:
        yield serving


@pytest.fixture
def channel(server: SlackServer, session: aiohttp.ClientSession) -> SlackChannel:
    """The way to its channel."""
    return SlackChannel(session, TOKEN, channel=CHANNEL, broadcast=True, base_url=f"{server.url}/api/")


@pytest.fixture
def direct(server: SlackServer, session: aiohttp.ClientSession) -> SlackChannel:
    """The way to its people."""
    return SlackChannel(session, TOKEN, base_url=f"{server.url}/api/")


def taken(server: SlackServer) -> list[tuple[str, dict[str, Any]]]:
    """What was posted and changed since the last look."""
    found = list(server.taken)
    server.taken.clear()
    return found


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a message."""
    return [e for block in message["blocks"] if block["type"] == "actions" for e in block["elements"]]


async def test_an_incident_is_one_message_with_a_thread(channel: SlackChannel, server: SlackServer) -> None:
    """The first notice is posted; the next changes it in place and is said in its thread, without buttons of its own."""
    first = await channel.send(PAGE)
    assert first.reference.startswith(f"{CHANNEL}/")
    later = page(id="later", status="acknowledged", title="[확인] 김민수", kind=NoticeKind.STATUS, thread=first.thread)
    then = await channel.send(later)
    assert {**then.thread, "level": ""} == {**first.thread, "level": ""}
    assert then.reference != first.reference
    (_, posted), (what, changed), (_, reply) = taken(server)
    assert (what, changed["ts"], reply["thread_ts"]) == ("update", first.thread["ts"], first.thread["ts"])
    assert [b.get("value") for b in buttons(posted)] == ["token-ack", "token-escalate", None]
    assert "[확인] 김민수" in changed["text"]
    assert not buttons(reply)
    assert not reply["reply_broadcast"]
    assert PLANTED in posted["text"]


async def test_an_events_text_is_never_markup(channel: SlackChannel, server: SlackServer) -> None:
    """Mentions, links and bold face of an event are shown as they are written, and nothing is unfurled."""
    await channel.send(page(title="<!here> & <@U1>"))
    [(_, posted)] = taken(server)
    assert posted["text"].startswith("&lt;!here&gt; &amp; &lt;@U1&gt;")
    assert posted["parse"] == "none"
    assert {posted[name] for name in ("unfurl_links", "unfurl_media", "link_names")} == {False}
    assert '"mrkdwn"' not in json.dumps(posted)
    assert posted["blocks"][0]["text"]["text"] == "<!here> & <@U1>"


async def test_a_higher_level_is_shown_in_the_channel(channel: SlackChannel, server: SlackServer) -> None:
    """A page of a level that the channel has not seen appears beneath the thread too; a repeated level does not."""
    thread = (await channel.send(page(level=1))).thread
    for level, loudly in [(1, False), (2, True), (2, False), (3, True), (1, False), (3, False)]:
        thread = (await channel.send(page(level=level, thread=thread))).thread
        assert taken(server)[-1][1]["reply_broadcast"] is loudly, level


async def test_people_are_told_directly(direct: SlackChannel, server: SlackServer) -> None:
    """A person's conversation is opened once; a later page wakes them, a status does not."""
    assert direct.address == "slack"
    thread = (await direct.send(page(to=PERSON))).thread
    assert thread["channel"] == DIRECT
    await direct.send(page(to=PERSON, thread=thread))
    await direct.send(page(to=PERSON, thread=thread, kind=NoticeKind.STATUS))
    assert server.calls.count("conversations.open") == 1
    assert [m.get("reply_broadcast") for what, m in taken(server) if what == "post"] == [None, True, False]
    with pytest.raises(Refused, match="no Slack user id"):
        await direct.send(PAGE)


@pytest.mark.parametrize("code", sorted(GONE))
async def test_a_message_that_is_gone_is_posted_anew(channel: SlackChannel, server: SlackServer, code: str) -> None:
    """Whether it was deleted or may not be changed: the notice goes out, and its thread is the new one."""
    thread = (await channel.send(PAGE)).thread
    server.refusals.append(("chat.update", code))
    again = await channel.send(page(thread=thread))
    assert again.thread["ts"] != thread["ts"]
    assert [what for what, _ in taken(server)] == ["post", "post"]


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_lost_answer_makes_no_second_message(
    channel: SlackChannel, server: SlackServer, in_thread: bool
) -> None:
    """A notice that may have gone out is looked for by its id, in the channel or in its thread."""
    thread = (await channel.send(page(id="first"))).thread if in_thread else {}
    if in_thread:
        server.trouble(kind="lost")  # the change in place
        with pytest.raises(Unavailable):
            await channel.send(page(thread=thread))
        await channel.send(page(thread=thread))
    else:
        server.trouble(kind="lost")
        with pytest.raises(Unavailable):
            await channel.send(PAGE)
    before = len(server.messages)
    found = await channel.send(page(thread=thread, again=True))
    assert len(server.messages) == before
    assert found.reference == f"{CHANNEL}/{list(server.messages)[-1]}"
    taken(server)


async def test_what_cannot_be_looked_for_is_sent_again(channel: SlackChannel, server: SlackServer) -> None:
    """Rather twice than not at all: without the right to read the channel it is posted again."""
    await channel.send(PAGE)
    server.refusals.append(("conversations.history", "missing_scope"))
    await channel.send(page(again=True))
    assert len(taken(server)) == 2


async def test_limits_are_kept(channel: SlackChannel, server: SlackServer) -> None:
    """Whatever a notice holds, Slack takes it; a button that it would not take is left out, not the message."""
    many = [Button("ack", "이" * 200, "t" * 2000, confirm="정" * 900)] * 40
    await channel.send(
        page(title="제" * 5000, lines=["줄" * 5000] * 400, buttons=many, link="https://g.kr/" + "x" * 3000)
    )
    await channel.send(page(buttons=[Button("ack", "확인", "t" * 2001), Button("resolve", "해결", "ok")], link=""))
    await channel.send(Notice("id", "", [], "", "", "sev3"))
    (_, large), (_, left), (_, empty) = taken(server)
    assert len(buttons(large)) == 24
    assert any("줄 더" in block["text"]["text"] for block in large["blocks"][1:] if block["type"] == "section")
    assert [b["value"] for b in buttons(left)] == ["ok"]
    assert not buttons(empty)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ratelimited", Throttled),
        ("internal_error", Unavailable),
        ("fatal_error", Unavailable),
        ("service_unavailable", Unavailable),
        ("request_timeout", Unavailable),
        ("channel_not_found", NotFound),
        ("not_in_channel", NotFound),
        ("is_archived", NotFound),
        ("user_not_found", NotFound),
        ("invalid_auth", AccessDenied),
        ("not_authed", AccessDenied),
        ("token_revoked", AccessDenied),
        ("token_expired", AccessDenied),
        ("account_inactive", AccessDenied),
        ("missing_scope", AccessDenied),
        ("restricted_action", AccessDenied),
        ("msg_too_long", Refused),
        ("invalid_blocks", Refused),
        ("a_code_of_next_year", Refused),
    ],
)
async def test_codes_mean_what_they_say(
    channel: SlackChannel, server: SlackServer, code: str, error: type[HandlerError]
) -> None:
    """What passes by itself is tried again; all else, codes that nobody knows among it, goes another way at once."""
    server.refusals.append(("chat.postMessage", code))
    with pytest.raises(error, match=code):
        await channel.send(PAGE)


def test_every_permanent_code_says_what_to_do() -> None:
    """Of the whole table: what will not pass names its remedy, what will pass needs none."""
    for code, (kind, fix) in CODES.items():
        assert bool(fix) is not issubclass(kind, Transient), code
        assert isinstance(judged("x", code, 200, None), kind)


@pytest.mark.parametrize(
    ("status", "body", "content_type", "error"),
    [
        (429, '{"ok":false,"error":"ratelimited"}', "application/json", Throttled),
        (429, "slow down", "text/plain", Throttled),
        (500, '{"ok":false,"error":"x"}', "application/json", Unavailable),
        (502, "<html>", "text/html", Unavailable),
        (503, "away", "text/plain", Unavailable),
        (200, "<html>", "text/html", Unavailable),
        (200, "{", "application/json", Unavailable),
        (200, "[]", "application/json", Unavailable),
        (200, "[1]", "application/json", Unavailable),
        (200, "away", "text/plain", Unavailable),
        (403, '{"ok":false,"error":"invalid_auth"}', "application/json", AccessDenied),
    ],
)
async def test_answers_that_are_none(
    channel: SlackChannel, server: SlackServer, status: int, body: str, content_type: str, error: type[HandlerError]
) -> None:
    """A proxy's page, half of an answer and a throttled one are tried again, the last after as long as it asks for."""
    server.trouble(status=status, body=body, content_type=content_type, headers={"Retry-After": "31"})
    with pytest.raises(error) as raised:
        await channel.send(PAGE)
    assert TOKEN not in repr(raised.value)
    if isinstance(raised.value, Throttled):
        assert raised.value.retry_after == 31


async def test_no_answer_is_tried_again(
    channel: SlackChannel, server: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hangs up or hangs is unavailable."""
    server.trouble(kind="cut")
    with pytest.raises(Unavailable):
        await channel.send(PAGE)
    monkeypatch.setattr(slack_web, "DEADLINE", 0.2)
    server.hanging = True
    with pytest.raises(Unavailable):
        await channel.send(PAGE)


async def test_looks_before_it_is_needed(channel: SlackChannel, direct: SlackChannel, server: SlackServer) -> None:
    """A token without its scopes, a channel that is archived or that the app is not in are told in daytime."""
    await channel.ping()
    await direct.ping()
    server.place = {"is_member": False, "is_archived": False}
    with pytest.raises(AccessDenied, match="/invite"):
        await channel.ping()
    server.place = {"is_member": True, "is_archived": True}
    with pytest.raises(NotFound, match="archived"):
        await channel.ping()
    server.scopes = "chat:write"
    with pytest.raises(AccessDenied, match="im:write"):
        await direct.ping()
    server.refusals.append(("auth.test", "token_revoked"))
    with pytest.raises(AccessDenied, match="token_revoked"):
        await direct.ping()
