"""PagerDuty's Events API v2, against a server that takes what the documentation takes; and its webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.adapters.channels.pagerduty import PagerDutyChannel
from leh_guardian.adapters.channels.pagerduty_webhooks import PagerDutyEvent, parse, verify
from leh_guardian.errors import AccessDenied, HandlerError, Refused, SettingsError, Throttled, Unavailable
from leh_guardian.ports import Notice
from tests.support.people.notices import PAGE, PLANTED, page
from tests.support.people.pagerduty_server import KEY, PagerDutyServer


@pytest.fixture
async def server() -> AsyncIterator[PagerDutyServer]:
    """PagerDuty."""
    async with PagerDutyServer().serving() as serving:
        yield serving


@pytest.fixture
def channel(server: PagerDutyServer, session: aiohttp.ClientSession) -> PagerDutyChannel:
    """The way to it."""
    return PagerDutyChannel(session, KEY, url=server.url)


async def test_an_incident_lives_under_one_key(channel: PagerDutyChannel, server: PagerDutyServer) -> None:
    """Opened, acknowledged, opened again and resolved, it is one alert, whose end is never lost; a snooze acknowledges."""
    key = "leh/INC-1042"
    for status, action in [
        ("triggered", "trigger"),
        ("acknowledged", "acknowledge"),
        ("triggered", "trigger"),
        ("snoozed", "acknowledge"),
        ("resolved", "resolve"),
    ]:
        assert (await channel.send(page(status=status))).reference == key
        assert (server.taken.popleft()["event_action"], server.alerts) == (action, {key: action})


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [("sev1", "critical"), ("sev2", "error"), ("sev3", "warning"), ("sev4", "info"), ("?", "warning")],
)
async def test_severities(channel: PagerDutyChannel, server: PagerDutyServer, severity: str, theirs: str) -> None:
    """Each of ours is one of theirs."""
    await channel.send(page(severity=severity))
    assert server.taken.popleft()["payload"]["severity"] == theirs


async def test_nothing_of_the_event_but_its_title(channel: PagerDutyChannel, server: PagerDutyServer) -> None:
    """Lines and facts stay here; the title, number, level and link go."""
    await channel.send(PAGE)
    event = server.taken.popleft()
    assert PLANTED not in json.dumps(event, ensure_ascii=False)
    assert event["payload"]["summary"] == PAGE.title
    assert event["payload"]["custom_details"] == {"number": "INC-1042", "level": 2, "status": "triggered"}
    assert event["client_url"] == PAGE.link


async def test_limits_are_kept(channel: PagerDutyChannel, server: PagerDutyServer) -> None:
    """Whatever a notice holds, and one that is of no incident, is taken."""
    long = "장" * 700_000
    await channel.send(page(title=long, rule=long, link=""))
    await channel.send(Notice("id-7", "제목", [], "", "r", "sev3"))
    server.taken.popleft()
    assert server.taken.popleft()["dedup_key"] == "leh/id-7"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, Refused),
        (408, Unavailable),
        (413, Refused),
        (429, Throttled),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (200, Unavailable),
        (302, Refused),
    ],
)
async def test_answers_mean_what_they_say(
    channel: PagerDutyChannel, server: PagerDutyServer, status: int, error: type[HandlerError]
) -> None:
    """202 alone is taken; 429 waits as long as it is asked to; no error holds the routing key."""
    server.trouble(status=status, body='{"status":"x"}', headers={"Retry-After": "17", "Location": server.url})
    with pytest.raises(error) as raised:
        await channel.send(PAGE)
    assert KEY not in str(raised.value)
    if isinstance(raised.value, Throttled):
        assert raised.value.retry_after == 17


@pytest.mark.usefixtures("impatient")
async def test_what_hangs_is_tried_again(channel: PagerDutyChannel, server: PagerDutyServer) -> None:
    """A page does not wait for PagerDuty longer than it may."""
    server.hanging = True
    with pytest.raises(Unavailable):
        await channel.send(PAGE)


@pytest.mark.parametrize("kind", ["cut", "lost"])
async def test_no_answer_is_tried_again(channel: PagerDutyChannel, server: PagerDutyServer, kind: str) -> None:
    """What is cut off or loses its answer is unavailable; sent again it is the same alert."""
    server.trouble(kind=kind)
    with pytest.raises(Unavailable):
        await channel.send(PAGE)
    await channel.send(page(again=True))
    assert len(server.alerts) == 1
    server.taken.clear()


async def test_a_key_that_is_none(session: aiohttp.ClientSession) -> None:
    """A routing key of another form is told at the start."""
    with pytest.raises(SettingsError):
        PagerDutyChannel(session, "u+abcdefghijklmnop")


def _signed(body: bytes, secret: bytes) -> str:
    return "v1=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def test_signatures() -> None:
    """Any one signature under any one secret will do, while secrets are being replaced; a changed body will not."""
    body, old, new = b'{"event":{}}', b"old secret", b"new secret"
    both = f"{_signed(body, old)}, {_signed(body, new)}"
    assert verify(body, both, [new])
    assert verify(body, both, [b"another", old])
    assert not verify(body + b" ", both, [old, new])
    assert not verify(body, both, [b"another"])
    assert not verify(body, both, [])
    assert not verify(body, None, [old])
    assert not verify(body, _signed(body, old).removeprefix("v1="), [old])


@given(st.text(), st.binary())
def test_junk_never_raises(header: str, body: bytes) -> None:
    """Whatever anybody sends is refused, and is no event."""
    assert not verify(body, header, [b"secret"])
    assert parse(body) is None


def test_what_it_says() -> None:
    """Of an event its type, the incident's key and who did it are kept; of one without them nothing is made up."""
    event = {
        "id": "E1",
        "event_type": "incident.acknowledged",
        "agent": {"id": "PLH1HKV", "summary": "Tenex Engineer", "type": "user_reference"},
        "data": {"id": "PGR0VU2", "incident_key": "leh/INC-1042"},
    }
    assert parse(json.dumps({"event": event}).encode()) == PagerDutyEvent(
        "E1", "incident.acknowledged", "leh/INC-1042", "Tenex Engineer", by_person=True
    )
    event["agent"] = {"summary": "Events API", "type": "events_api_v2_inbound_integration_reference"}
    found = parse(json.dumps({"event": event}).encode())
    assert found is not None
    assert not found.by_person, "what we ourselves have told PagerDuty comes back so"
    event |= {"agent": None, "data": {"incident_key": 7}}
    assert parse(json.dumps({"event": event}).encode()) == PagerDutyEvent("E1", "incident.acknowledged", "", "")
    for junk in (
        [],
        {"event": []},
        {"event": {"event_type": 1, "data": {}}},
        {"event": {"event_type": "a", "data": 1}},
    ):
        assert parse(json.dumps(junk).encode()) is None
