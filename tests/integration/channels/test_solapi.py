"""AlimTalk, SMS and calls through SOLAPI, against a server that checks signatures, lengths and templates itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from leh_guardian.adapters.channels import solapi_codes
from leh_guardian.adapters.channels.solapi import AlimTalkChannel, SmsChannel, VoiceChannel
from leh_guardian.adapters.channels.solapi_web import SolapiWeb
from leh_guardian.adapters.channels.texts import cp949
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Refused, Throttled, Transient, Unavailable
from leh_guardian.ports import NoticeKind, Receipt
from tests.support.clock import FakeClock
from tests.support.people.notices import PLANTED, page
from tests.support.people.solapi_server import KEY, PF_ID, SECRET, SENDER, TEMPLATES, SolapiServer

TO = "+821000000001"
PAGE = page(to=TO)


@pytest.fixture
async def server() -> AsyncIterator[SolapiServer]:
    """SOLAPI."""
    async with SolapiServer().serving() as serving:
        yield serving


@pytest.fixture
def web(server: SolapiServer, session: aiohttp.ClientSession) -> SolapiWeb:
    """Its API."""
    return SolapiWeb(session, KEY, SECRET, FakeClock(), server.url)


@pytest.fixture
def sms(web: SolapiWeb) -> SmsChannel:
    """Texts."""
    return SmsChannel(web, SENDER)


async def test_a_text_by_its_length(sms: SmsChannel, server: SolapiServer) -> None:
    """Up to 90 bytes as the carriers count them it is an SMS, beyond that an LMS; the link is whole in both."""
    link = "https://g.kr/a/abc"
    room = 90 - len(link) - 1
    await sms.send(page(to=TO, link=link, short="가" * (room // 2) + "a" * (room % 2)))
    await sms.send(page(to=TO, link=link, short="가" * (room // 2) + "a" * (room % 2) + "b"))
    await sms.send(page(to=TO, link=link, short="가" * 3000))
    short, long, cut = server.taken
    server.taken.clear()
    assert (short["type"], long["type"], cut["type"]) == ("SMS", "LMS", "LMS")
    assert cp949(short["text"]) == 90
    assert all(message["text"].endswith(link) for message in (short, long, cut))
    assert short["to"] == "01000000001"


async def test_a_text_that_may_be_the_second_says_so(sms: SmsChannel, server: SolapiServer) -> None:
    """A lost answer is tried again by the engine, and the reader can tell; what phones cannot show is spelt otherwise."""
    server.trouble(kind="lost")
    with pytest.raises(Unavailable):
        await sms.send(PAGE)
    await sms.send(page(to=TO, again=True, short="[Lv2] 증거 — 처리 🔥"))
    first, second = server.taken
    server.taken.clear()
    assert not first["text"].startswith("(재전송)")
    assert second["text"].startswith("(재전송) [Lv2] 증거 - 처리 https://")


async def test_a_call(web: SolapiWeb, server: SolapiServer) -> None:
    """It is said as often as is set, at once, without a key to be pressed."""
    await VoiceChannel(web, SENDER, repeat=2).send(PAGE)
    assert server.taken.popleft()["text"] == f"{PAGE.spoken} 다시 말씀드립니다. {PAGE.spoken}"


@pytest.mark.parametrize(
    ("changes", "template"),
    [
        ({"level": 1}, "triggered"),
        ({"level": 0, "kind": NoticeKind.TEST}, "triggered"),
        ({"level": 2}, "escalated"),
        ({"level": 3, "kind": NoticeKind.REMINDER}, "escalated"),
        ({"status": "resolved", "kind": NoticeKind.STATUS}, "resolved"),
        ({"status": "acknowledged", "kind": NoticeKind.STATUS}, None),
        ({"kind": NoticeKind.NOTICE}, None),
    ],
)
async def test_an_alimtalk(web: SolapiWeb, server: SolapiServer, changes: dict[str, object], template: str) -> None:
    """Each occasion has its template, filled with variables alone; what has none is refused, and goes another way."""
    channel = AlimTalkChannel(web, "", PF_ID, TEMPLATES)
    notice = page(to=TO, **changes)
    if template is None:
        with pytest.raises(Refused, match="no template"):
            await channel.send(notice)
        return
    await channel.send(notice)
    options = server.taken.popleft()["kakaoOptions"]
    assert options["templateId"] == TEMPLATES[template]
    assert options["variables"]["#{사건번호}"] == "INC-1042"
    assert options["variables"]["#{링크}"] == PAGE.link.removeprefix("https://")


async def test_an_alimtalk_that_may_be_the_second(web: SolapiWeb, server: SolapiServer) -> None:
    """The only text of ours in it is a variable, so that says so; a missing template is named."""
    channel = AlimTalkChannel(web, SENDER, PF_ID, {"escalated": TEMPLATES["escalated"]})
    await channel.send(page(to=TO, again=True))
    assert server.taken.popleft()["kakaoOptions"]["variables"]["#{요약}"] == "(재전송) DLQ에 메시지"
    with pytest.raises(NotFound, match="triggered"):
        await channel.send(page(to=TO, level=1))


async def test_nothing_of_the_event(web: SolapiWeb, server: SolapiServer) -> None:
    """Whatever lines and facts hold, no text, no call and no variable holds it."""
    for channel in (SmsChannel(web, SENDER), VoiceChannel(web, SENDER), AlimTalkChannel(web, SENDER, PF_ID, TEMPLATES)):
        assert (channel.strict, channel.confirms, channel.address) == (True, True, "phone")
        await channel.send(PAGE)
    await SmsChannel(web, SENDER).send(page(to=TO, short="", title=PLANTED))
    await VoiceChannel(web, SENDER).send(page(to=TO, short="", spoken="", title=PLANTED))
    assert len(server.taken) == 5
    assert PLANTED not in json.dumps(list(server.taken), ensure_ascii=False)
    server.taken.clear()


@pytest.mark.parametrize("phone", ["", "010-0000-0001", "+14155550100", "+82", "0100000000x", "+82010000000011"])
async def test_numbers_that_are_none(sms: SmsChannel, phone: str) -> None:
    """What cannot be dialled in Korea is refused here."""
    with pytest.raises(Refused):
        await sms.send(page(to=phone))


@pytest.mark.parametrize("code", [*solapi_codes.CODES, "1999", "", "3000x"])
@pytest.mark.parametrize("status", [200, 400])
async def test_codes_mean_what_they_say(sms: SmsChannel, server: SolapiServer, code: str, status: int) -> None:
    """A message that is not taken is of its code's class, whichever HTTP status tells of it; unknown ones go another way."""
    server.refusals.append(code)
    server.refusal_status = status
    kind, fix = solapi_codes.CODES.get(code, (Refused, "not a code"))
    with pytest.raises(HandlerError) as raised:
        await sms.send(PAGE)
    assert type(raised.value) is kind
    assert fix in str(raised.value)
    assert bool(fix) is not issubclass(kind, Transient)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("1020", AccessDenied), ("1024", Unavailable), ("1030", Refused), ("1042", NotFound), ("1062", AccessDenied)],
)
def test_the_ones_that_burn(code: str, kind: type[HandlerError]) -> None:
    """A wrong key, their own fault, no balance, an unknown template and an unregistered sender are told apart."""
    assert solapi_codes.CODES[code][0] is kind


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, AccessDenied),
        (402, Refused),
        (403, AccessDenied),
        (404, Refused),
        (408, Unavailable),
        (429, Throttled),
        (500, Unavailable),
        (503, Unavailable),
        (302, Refused),
    ],
)
async def test_answers_mean_what_they_say(
    sms: SmsChannel, server: SolapiServer, status: int, error: type[HandlerError]
) -> None:
    """By their status, and none of them holds the key or the secret."""
    body = json.dumps({"errorCode": "X", "errorMessage": "안 됨"})
    server.trouble(status=status, body=body, headers={"Retry-After": "5"})
    with pytest.raises(error) as raised:
        await sms.send(PAGE)
    assert KEY not in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"groupInfo":[]}', '{"messageList":7}'])
async def test_an_answer_that_is_none(sms: SmsChannel, server: SolapiServer, body: str) -> None:
    """A 200 that names no message is no answer."""
    server.trouble(status=200, body=body)
    with pytest.raises(Unavailable):
        await sms.send(PAGE)


async def test_what_hangs_up_is_tried_again(sms: SmsChannel, server: SolapiServer) -> None:
    """It may or may not have been taken."""
    server.trouble(kind="cut")
    with pytest.raises(Unavailable):
        await sms.send(PAGE)


@pytest.mark.usefixtures("impatient")
async def test_what_hangs_is_tried_again(sms: SmsChannel, server: SolapiServer) -> None:
    """A page does not wait for SOLAPI longer than it may."""
    server.hanging = True
    with pytest.raises(Unavailable):
        await sms.send(PAGE)


@pytest.mark.parametrize("lists", [True, False])
async def test_receipts(sms: SmsChannel, server: SolapiServer, lists: bool) -> None:
    """Taken and with the carrier are waiting, 4000 is delivered, every other code has failed; what is not listed yet waits."""
    server.lists_messages = lists
    reference = (await sms.send(PAGE)).reference
    server.taken.clear()
    assert reference[0] == ("M" if lists else "G")
    [name] = server.statuses
    for code, became in [
        ("2000", Receipt.PENDING),
        ("3000", Receipt.PENDING),
        ("4000", Receipt.DELIVERED),
        ("2254", Receipt.FAILED),
        ("3043", Receipt.FAILED),
        ("3104", Receipt.FAILED),
        ("1062", Receipt.FAILED),
        ("", Receipt.PENDING),
    ]:
        server.statuses[name] = code
        assert await sms.receipt(reference) is became, code
    assert await sms.receipt("M-unknown") is Receipt.PENDING
    server.trouble(status=500)
    with pytest.raises(Unavailable):
        await sms.receipt(reference)


async def test_looks_before_it_is_needed(sms: SmsChannel, server: SolapiServer) -> None:
    """A balance of next to nothing, and a refused key, are told in daytime."""
    await sms.ping()
    server.balance = 12.0
    with pytest.raises(Refused, match="12 won"):
        await sms.ping()
    server.trouble(status=401, body="{}")
    with pytest.raises(AccessDenied):
        await sms.ping()
