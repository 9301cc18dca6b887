"""A text in all languages, and what is said differently in each: lengths, instants, numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from leh_guardian.language import Locale, Text, count, day_and_time, length, lines_of, moment, time_of_day

SEOUL = ZoneInfo("Asia/Seoul")
AT = datetime(2026, 11, 22, 18, 5, tzinfo=UTC)


def test_whoever_reads_it_picks() -> None:
    """One text in both languages, joined line by line; data is alike in both."""
    both = lines_of(Text(ko="확인", en="Acknowledge"), Text.same("INC-1"))
    assert [both.of(locale) for locale in Locale] == ["확인\nINC-1", "Acknowledge\nINC-1"]
    assert Text.same(both) is both


def test_a_text_without_a_language_goes_nowhere() -> None:
    """Put into another text by mistake it is an error, and not the representation of an object on somebody's phone."""
    said = Text(ko="확인", en="Acknowledge")
    with pytest.raises(TypeError, match="no language"):
        f"{said}"


@pytest.mark.parametrize(
    ("lasts", "korean", "english"),
    [
        (timedelta(seconds=20), "20초", "20 s"),
        (timedelta(minutes=1), "1분", "1 min"),
        (timedelta(minutes=30), "30분", "30 min"),
        (timedelta(hours=1), "1시간", "1 h"),
        (timedelta(minutes=90), "1시간 30분", "1 h 30 min"),
        (timedelta(days=1), "1일", "1 day"),
        (timedelta(days=2, hours=3, minutes=4), "2일 3시간", "2 days 3 h"),
    ],
)
def test_lengths(lasts: timedelta, korean: str, english: str) -> None:
    """As people say them, the two greatest parts."""
    assert length(lasts) == Text(ko=korean, en=english)


@pytest.mark.parametrize(("number", "said"), [(0, "0 messages"), (1, "1 message"), (2, "2 messages")])
def test_numbers_of_things(number: int, said: str) -> None:
    """One is one, all else is many; some have a plural of their own."""
    assert count(number, "message") == said
    assert count(number, "person", "people") == said.replace("messages", "people").replace("message", "person")


def test_instants() -> None:
    """By the clocks of a zone, which is named where the day could be another one's; the day where it is another one."""
    assert moment(AT, SEOUL) == Text(ko="2026-11-23 03:05 (한국 시간)", en="23 Nov 2026 03:05 KST")
    assert moment(AT, ZoneInfo("UTC")) == Text(ko="2026-11-22 18:05 (UTC)", en="22 Nov 2026 18:05 UTC")
    assert day_and_time(AT, SEOUL, seconds=True) == Text(ko="11-23 03:05:00", en="23 Nov 03:05:00")
    assert time_of_day(AT, AT + timedelta(hours=1), SEOUL) == Text.same("03:05")
    assert time_of_day(AT - timedelta(hours=5), AT, SEOUL) == Text(ko="11-22 22:05", en="22 Nov 22:05")
