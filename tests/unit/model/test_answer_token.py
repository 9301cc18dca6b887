"""The signed words of those who answer: what was signed is read back, and nothing else is believed or makes an exception."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.answer_token import LEAST_KEY, AnswerToken, Keys, Purpose, Refusal, parse_keys

NOW = datetime(2026, 11, 27, 14, 3, 20, tzinfo=UTC)
EXPIRES = datetime(2026, 11, 28, 14, 3, tzinfo=UTC)
OLD, NEW = b"o" * LEAST_KEY, b"n" * LEAST_KEY
KEYS = Keys([NEW])
LINK = AnswerToken(Purpose.LINK, 1042, "person:minsu", EXPIRES, level=3)
BUTTON = AnswerToken(
    Purpose.APPROVE, 1042, "channel:slack_ops", EXPIRES, level=1, epoch=2, seq=7, action=UUID(int=1 << 100)
)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_what_was_signed_is_read_back(purpose: Purpose) -> None:
    """Each purpose, with everything that it is bound to; a link is bound to no move, since it can only acknowledge."""
    token = replace(BUTTON, purpose=purpose)
    read = KEYS.read(KEYS.sign(token), NOW)
    assert read == (token if purpose is not Purpose.LINK else replace(token, epoch=0, seq=0, action=None))


def test_a_link_is_short() -> None:
    """It has room in a text message beside what the message says, and needs no quoting in an address."""
    text = KEYS.sign(LINK)
    assert len(text) <= 52
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_it_expires_by_the_minute() -> None:
    """Good until its minute, and not in it."""
    text = KEYS.sign(LINK)
    assert KEYS.read(text, EXPIRES - timedelta(microseconds=1)) == LINK
    assert KEYS.read(text, EXPIRES) is Refusal.EXPIRED


def test_keys_are_replaced_one_after_the_other() -> None:
    """A new first key signs, what the old one has signed is still good, and once that is taken away it is not."""
    before = Keys([OLD]).sign(LINK)
    both = Keys([NEW, OLD])
    assert both.read(before, NOW) == LINK
    assert KEYS.read(both.sign(LINK), NOW) == LINK
    assert KEYS.read(before, NOW) is Refusal.FORGED
    assert both.is_code(Keys([OLD]).code(7, "person:a"), 7, "person:a")
    assert both.is_nonce(Keys([OLD]).nonce(before, 5), before, (4, 5))


def test_the_head_of_a_token_is_truncated() -> None:
    """Wherever a message was cut it is called cut, and never a forgery, so that the reader is told to look at the whole of it."""
    text = KEYS.sign(LINK)
    cut = {KEYS.read(text[:length], NOW) for length in range(3, len(text))}
    assert cut == {Refusal.TRUNCATED}


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", Refusal.MALFORMED),
        ("한글", Refusal.MALFORMED),
        ("AQ", Refusal.MALFORMED),
        ("A" * 513, Refusal.MALFORMED),
        ("\ud800", Refusal.MALFORMED),
        (KEYS.sign(LINK) + "AAAA", Refusal.MALFORMED),
        (KEYS.sign(LINK) + "=", Refusal.MALFORMED),
        (" " + KEYS.sign(LINK), Refusal.MALFORMED),
        (base64.urlsafe_b64encode(b"\x02" + b"x" * 40).decode().rstrip("="), Refusal.VERSION),
        (Keys([OLD]).sign(LINK), Refusal.FORGED),
    ],
)
def test_what_is_no_token_has_a_name(text: str, refusal: Refusal) -> None:
    """Each way of being wrong is one value."""
    assert KEYS.read(text, NOW) is refusal


@given(st.text(max_size=200) | st.text(alphabet="AQBCZaz09-_=", max_size=80))
def test_no_text_is_believed_or_raises(text: str) -> None:
    """Whatever comes in is refused."""
    assert isinstance(KEYS.read(text, NOW), Refusal)
    assert not KEYS.is_nonce(text, "x", (1, 2))


@given(st.sampled_from([LINK, BUTTON]), st.data())
def test_a_changed_bit_is_seen(token: AnswerToken, data: st.DataObject) -> None:
    """Of the bytes, and of the text, whose last character has bits that mean nothing."""
    text = KEYS.sign(token)
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    assert isinstance(KEYS.read(base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="), NOW), Refusal)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("ABCDabcd0123-_").filter(lambda character: character != text[place]))
    assert isinstance(KEYS.read(text[:place] + other + text[place + 1 :], NOW), Refusal)


@given(st.binary(max_size=60))
def test_a_body_that_is_none_is_refused_though_it_is_signed(rest: bytes) -> None:
    """Whatever a later program signs with the same key, this one reads it as a value."""
    key_id = hashlib.sha256(b"key\x00" + NEW).digest()[0]
    body = bytes([1, 3 + len(rest), key_id]) + rest
    mac = hmac.new(NEW, b"answer\x00" + body, hashlib.sha256).digest()[:12]
    KEYS.read(base64.urlsafe_b64encode(body + mac).decode().rstrip("="), NOW)


def test_a_link_of_level_three_wants_its_code() -> None:
    """It differs from person to person and from incident to incident; of lower levels, and of buttons, none is asked."""
    assert LINK.wants_code
    assert not replace(LINK, level=2).wants_code
    assert not replace(BUTTON, level=3).wants_code
    codes = {KEYS.code(number, f"person:{who}") for number in range(20) for who in "abc"}
    assert len(codes) > 50
    assert all(len(code) == 4 and code.isdecimal() for code in codes)
    assert KEYS.is_code(f" {KEYS.code(1, 'person:a')} ", 1, "person:a")
    assert not KEYS.is_code(KEYS.code(1, "person:a"), 2, "person:a") or KEYS.code(1, "person:a") == KEYS.code(
        2, "person:a"
    )


def test_keys_of_a_file() -> None:
    """One on each line; a short one is refused as a whole, as is an empty file."""
    assert parse_keys(NEW + b"\r\n\n" + OLD + b"\n").read(Keys([OLD]).sign(LINK), NOW) == LINK
    for content in (b"", b"\n \n", NEW + b"\nshort\n"):
        with pytest.raises(ValueError, match="32 bytes"):
            parse_keys(content)
