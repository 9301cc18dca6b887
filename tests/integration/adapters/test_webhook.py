"""The signed webhook, against a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from leh_guardian.adapters.channels.webhook import WebhookChannel, signature
from leh_guardian.errors import AccessDenied, HandlerError, Refused, Throttled, Unavailable
from leh_guardian.ports import Notice
from tests.support.clock import FakeClock
from tests.support.people.notices import PAGE
from tests.support.receiver import Receiver, receiving

SECRET = b"a secret of some length"
NOTICE = Notice("id-1", "제목 <b>", ["줄 1", "\x1b[31mred"], "incident-1", "rule-1", "sev2")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server on loopback."""
    async with receiving() as made:
        yield made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with aiohttp.ClientSession() as opened:
        yield opened


async def test_request_is_signed_and_carries_its_id(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """The receiver can check who sent it and when, and deduplicate a repeated one."""
    await WebhookChannel(session, receiver.url, SECRET, FakeClock()).send(NOTICE)
    headers, body = receiver.requests[0]
    assert headers["Leh-Guardian-Id"] == "id-1"
    assert headers["Leh-Guardian-Signature"] == signature(SECRET, headers["Leh-Guardian-Timestamp"], body)
    assert json.loads(body)["title"] == "제목 <b>"


async def test_body_has_what_is_documented(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """Every documented member is there, the event's detail too; new ones may be added, none is taken away."""
    await WebhookChannel(session, receiver.url, SECRET, FakeClock()).send(PAGE)
    body = json.loads(receiver.requests[0][1])
    named = "id title lines incident rule severity facts kind number level status link"
    assert body == {name: getattr(PAGE, name) for name in named.split()}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, Unavailable),
        (503, Unavailable),
        (429, Throttled),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, Refused),
        (302, Refused),
    ],
)
async def test_answers_mean_what_they_say(
    receiver: Receiver, session: aiohttp.ClientSession, status: int, error: type[HandlerError]
) -> None:
    """Server errors and throttling are tried again, refusals are not, redirects are not followed."""
    receiver.answer = web.Response(status=status, text="no\nno", headers={"Retry-After": "7"})
    with pytest.raises(error) as raised:
        await WebhookChannel(session, receiver.url, SECRET, FakeClock()).send(NOTICE)
    assert "\n" not in str(raised.value)
    if isinstance(raised.value, Throttled):
        assert raised.value.retry_after == 7


async def test_nobody_there(session: aiohttp.ClientSession) -> None:
    """A receiver that is away is tried again."""
    channel: Any = WebhookChannel(session, "http://127.0.0.1:1/hook", SECRET, FakeClock())
    with pytest.raises(Unavailable):
        await channel.send(NOTICE)
