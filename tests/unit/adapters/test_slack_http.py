"""Slack's requests over HTTP: what is believed, and what is read out of them."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.adapters.channels.slack_http import parse, verified
from leh_guardian.adapters.channels.slack_press import Press, is_slacks, press_of

SECRET = b"8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
PRESS: dict[str, Any] = {
    "type": "block_actions",
    "user": {"id": "U0MINSU001", "name": "minsu"},
    "actions": [{"type": "button", "action_id": "leh:0:ack", "value": "token-ack"}],
    "response_url": "https://hooks.slack.com/actions/T0/1/x",
}


def stamp(**before: float) -> str:
    """A timestamp of so long before now."""
    return str(int((NOW - timedelta(**before)).timestamp()))


def signed(timestamp: str, body: bytes, secret: bytes = SECRET) -> str:
    """The header that Slack would send."""
    return "v0=" + hmac.new(secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()


def test_the_example_of_slacks_documentation() -> None:
    """The request of "Verifying requests from Slack" is believed at its time."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert verified(SECRET, "1531420618", signature, body, datetime.fromtimestamp(1531420618, UTC))
    assert not verified(SECRET, "1531420618", signature, body, NOW)


def test_fresh_and_whole() -> None:
    """Within five minutes either way, and of exactly this body under exactly this secret."""
    body = b"payload=%7B%7D"
    for before, good in [(0, True), (299, True), (-299, True), (301, False), (-301, False)]:
        timestamp = stamp(seconds=before)
        assert verified(SECRET, timestamp, signed(timestamp, body), body, NOW) is good, before
    timestamp = stamp()
    assert not verified(SECRET, timestamp, signed(timestamp, body), body + b"x", NOW)
    assert not verified(b"another", timestamp, signed(timestamp, body), body, NOW)
    assert not verified(SECRET, stamp(seconds=1), signed(timestamp, body), body, NOW)


@pytest.mark.parametrize(
    ("timestamp", "signature", "body"),
    [
        ("soon", "v0=00", b""),
        ("", "v0=00", b""),
        (None, None, b""),
        ("9" * 4000, "v0=00", b""),
        ("²", "v0=00", b""),
        ("-1", "v0=00", b""),
        (stamp(), "v0=é", b""),
        (stamp(), "\udcff", b""),
        (stamp(), "v0=00", b"\xff\xfe"),
    ],
)
def test_junk_is_no_and_never_raises(timestamp: str | None, signature: str | None, body: bytes) -> None:
    """Where slack-sdk's verifier raises, this one says no."""
    assert verified(SECRET, timestamp, signature, body, NOW) is False


@given(st.text(max_size=20), st.text(max_size=100), st.binary(max_size=100))
def test_nothing_raises(timestamp: str, signature: str, body: bytes) -> None:
    """Whatever anybody sends."""
    assert verified(SECRET, timestamp, signature, body, NOW) is False
    assert parse(body) is None


def form(payload: object) -> bytes:
    """A press as Slack posts it."""
    return urlencode({"payload": json.dumps(payload)}).encode()


def test_a_press() -> None:
    """The token, who pressed, and where to answer."""
    assert parse(form(PRESS)) == Press("token-ack", "U0MINSU001", "https://hooks.slack.com/actions/T0/1/x")
    assert parse(form({**PRESS, "response_url": "https://evil.example/x"})) == Press("token-ack", "U0MINSU001", "")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "view_submission"},
        {"actions": []},
        {"actions": "x"},
        {"actions": [7]},
        {"actions": [{"action_id": "leh:link"}]},
        {"actions": [{"action_id": "other:ack", "value": "t"}]},
        {"actions": [{"action_id": "leh:0:ack", "value": ""}]},
        {"actions": [{"action_id": "leh:0:ack", "value": "t" * 2001}]},
        {"user": None},
        {"user": {"name": "minsu"}},
    ],
)
def test_what_is_no_press(change: dict[str, Any]) -> None:
    """Another app's button, the link's own, and whatever lacks a token or a person."""
    assert press_of({**PRESS, **change}) is None


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://hooks.slack.com/actions/T/1/x", True),
        ("https://hooks.slack.com:443/x", True),
        ("http://hooks.slack.com/x", False),
        ("https://hooks.slack.com:8443/x", False),
        ("https://hooks.slack.com.evil.example/x", False),
        ("https://hooks.slack.com@evil.example/x", False),
        ("https://evil.example/hooks.slack.com", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_answers_go_to_slack_alone(url: str, good: bool) -> None:
    """What was received does not choose whom we call."""
    assert is_slacks(url) is good
