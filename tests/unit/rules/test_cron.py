"""When cron expressions tick: on every clock, and what is told of those that are another scheduler's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from leh_guardian.rules.cron import Cron
from leh_guardian.rules.cron_spelling import read_cron

MINUTE = timedelta(minutes=1)
TURNS = {
    "America/New_York": ((2027, 3, 14), (2027, 11, 7)),
    "Australia/Lord_Howe": ((2027, 4, 4), (2027, 10, 3)),
    "Europe/Lisbon": ((2027, 3, 28), (2027, 10, 31)),
    "America/Santiago": ((2027, 4, 3), (2027, 9, 4)),
    "Pacific/Apia": ((2011, 12, 30),),
    "Asia/Seoul": ((2027, 3, 14),),
    "Asia/Kathmandu": ((2027, 3, 14),),
}
"""Days on which clocks are put on or back, by zone; Samoa left out a whole day."""
NAMED = ("30 2 * * *", "15,45 1 * * *", "0 0 * * *", "0 3 * * *", "10 0-3 * * *", "0 9 * * MON", "59 1 * * *")
PASSING = ("* * * * *", "*/15 1 * * *", "*/30 * * * *", "0 * * * *", "*/30 5 * * *", "20 */2 * * *", "*/20 2 * * *")


def shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks show at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def until(end: datetime, ticks: Iterator[datetime]) -> list[datetime]:
    """Return those up to `end`."""
    return list(takewhile(lambda tick: tick <= end, ticks))


def readings(text: str, begin: datetime, end: datetime) -> set[datetime]:
    """What the calendar alone says."""
    return set(until(end, CronSim(text, begin)))


def minute_by_minute(text: str, zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Say when it ticks by looking at the clocks each minute: what cron(8) of Debian says of clocks that are moved."""
    day = timedelta(days=1)
    fits = readings(text, shown(begin, zone) - day, shown(end, zone) + day)
    seen = {shown(begin - MINUTE * back, zone) for back in range(4 * 60)}
    now = begin
    while now <= end:
        wall = shown(now, zone)
        before = shown(now - MINUTE, zone)
        jumped = [before + MINUTE * n for n in range(1, max(1, round((wall - before) / MINUTE)))]
        first = wall not in seen
        seen.add(wall)
        if (wall in fits and (first or text in PASSING)) or (text in NAMED and not fits.isdisjoint(jumped)):
            yield now
        now += MINUTE


@pytest.mark.parametrize("name", TURNS)
def test_it_ticks_as_vixies_does_where_clocks_are_moved(name: str) -> None:
    """A time of day once: the first of two, or when the clocks have jumped over it; what begins with `*` as time passes."""
    zone = ZoneInfo(name)
    for day in TURNS[name]:
        begin = datetime(*day, tzinfo=UTC) - timedelta(hours=14)
        end = begin + timedelta(hours=40)
        for text in (*NAMED, *PASSING):
            expected = [tick for tick in minute_by_minute(text, zone, begin, end) if tick > begin]
            assert until(end, Cron(text, zone).ticks(begin)) == expected, (name, day, text)


def test_it_goes_on_from_any_instant_as_if_it_had_gone_on_all_the_time() -> None:
    """Begun within the hour that comes twice, or at a tick, it neither repeats nor leaves out a tick."""
    zone = ZoneInfo("America/New_York")
    begin, end = datetime(2027, 11, 7, 4, tzinfo=UTC), datetime(2027, 11, 7, 9, tzinfo=UTC)
    for text in ("15,45 1 * * *", "10 0-3 * * *", "*/15 1 * * *", "20 */2 * * *"):
        cron = Cron(text, zone)
        whole = until(end, cron.ticks(begin))
        for minute in range(0, 300, 11):
            after = begin + MINUTE * minute
            later = [tick for tick in whole if tick > after]
            assert until(end, cron.ticks(after)) == later, (text, after)
        for tick, following in pairwise(whole):
            assert cron.next(tick) == following
            assert cron.newest(begin, following - MINUTE / 2) == tick


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("0 9 * * MON", ["2027-01-04", "2027-01-11"]),
        ("0 9 l * *", ["2027-01-31", "2027-02-28"]),
        ("0 9 LW * *", ["2027-01-29", "2027-02-26"]),
        ("0 9 * * 5L", ["2027-01-29", "2027-02-26"]),
        ("0 9 * * mon#2", ["2027-01-11", "2027-02-08"]),
        ("0 9 29 2 *", ["2028-02-29", "2032-02-29"]),
        ("0 9 13 * FRI", ["2027-01-01", "2027-01-08"]),
        ("0 9 */10 * *", ["2027-01-01", "2027-01-11"]),
        ("0 9 1 JAN,jul *", ["2027-01-01", "2027-07-01"]),
    ],
)
def test_the_calendar_is_cronsims(text: str, ticks: list[str]) -> None:
    """Names, steps, the last, the nth, either of two days; at nine in Seoul."""
    found = Cron(read_cron(text), ZoneInfo("Asia/Seoul")).ticks(datetime(2026, 12, 31, 12, tzinfo=UTC))
    assert [next(found).isoformat() for _ in ticks] == [f"{day}T00:00:00+00:00" for day in ticks]


def test_what_is_long_ago_costs_little() -> None:
    """The newest of ten years of minutes is found at once, and not all of them are counted."""
    cron = Cron("* * * * *", ZoneInfo("Asia/Seoul"))
    now = datetime(2027, 1, 1, 0, 0, 30, tzinfo=UTC)
    assert cron.newest(now - timedelta(days=3650), now) == now.replace(second=0)
    assert cron.count(now - timedelta(days=3650), now, 1000) == 1000
    assert cron.count(now - timedelta(minutes=5), now, 1000) == 5
    assert Cron("0 9 29 2 *", ZoneInfo("UTC")).newest(datetime(2023, 1, 1, tzinfo=UTC), now) == datetime(
        2024, 2, 29, 9, tzinfo=UTC
    )


def test_an_hour_that_is_always_left_out_has_no_tick() -> None:
    """Every five minutes of the hour that New York leaves out each spring: there is no such minute."""
    assert Cron("*/5 2 8-14 3 */7", ZoneInfo("America/New_York")).next(datetime(2027, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cron(0 9 ? * MON *)", "0 9 * * MON"),
        ("cron(0 9 ? * 2 *)", "0 9 * * 1"),
        ("cron(0 9 ? * 2-6 *)", "0 9 * * 1-5"),
        ("cron(0 9 ? * MON-FRI *)", "0 9 * * MON-FRI"),
        ("cron(0/15 * * * ? *)", "0/15 * * * *"),
        ("cron(0 9 L * ? *)", "0 9 L * *"),
        ("cron(0 9 ? * L *)", "0 9 * * 6"),
        ("cron(0 9 ? * 6L *)", "0 9 * * 5L"),
        ("cron(0 9 ? * FRIL *)", "0 9 * * 5L"),
        ("cron(0 9 ? * 3#2 *)", "0 9 * * 2#2"),
        ("cron(0 9 ? * 2/2 *)", "0 9 * * 1-6/2"),
        ("0 9 ? * MON *", "0 9 * * MON"),
        ("0 9 1 * ?", "0 9 1 * *"),
        ("0 0 9 * * MON", "0 9 * * MON"),
        ("rate(1 hour)", "0 * * * *"),
        ("rate(5 minutes)", "*/5 * * * *"),
        ("rate(120 minutes)", "0 */2 * * *"),
        ("rate(1 day)", "0 0 * * *"),
        ("rate(7 days)", "0 0 * * MON"),
        ("@Daily", "0 0 * * *"),
    ],
)
def test_another_schedulers_spelling_is_answered_with_ours(written: str, meant: str) -> None:
    """EventBridge's six fields and rates, seconds, nicknames: what to write, and that is right."""
    with pytest.raises(ValueError, match="write `") as refused:
        read_cron(written)
    assert str(refused.value).endswith(f"write `{meant}`")
    assert read_cron(meant) == meant


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("cron(0 9 ? * MON 2027)", "cron has no year, and this one is `2027`"),
        ("cron(0 9 15W * ? *)", "cron has no nearest weekday"),
        ("0 9 15W * *", "cron has no nearest weekday"),
        ("cron(0 9 ? * 8 *)", "`8` is no day of the week"),
        ("cron(0 9 ? * *)", "write five fields without"),
        ("rate(7 minutes)", "7 minutes do not go into an hour"),
        ("rate(5 days)", "5 days do not go into a week"),
        ("rate(0 hours)", "a rate is a number"),
        ("at(2027-01-01T00:00:00)", "an instant is no schedule"),
        ("0 0 31 2 *", "this never ticks: no month of `2` has a day 31"),
        ("0 0 31 APR,JUN *", "this never ticks: no month of `APR,JUN` has a day 31"),
        ("0 0 * 2 MON#6", "`MON#6` is no day-of-week"),
        ("0 24 * * *", "`24` is no hour: write 0 to 23"),
        ("0 9 * *", "write five fields"),
        ("0 9 * * FRI-MON", "`FRI-MON` is no day-of-week"),
        ("0 9 * * ²", "is no day-of-week"),
        ("*/0 9 * * *", "is no minute"),
        ("@reboot", "write five fields"),
        ("", "write five fields"),
        ("0 " * 300, "200 characters"),
    ],
)
def test_what_has_no_form_says_why(written: str, why: str) -> None:
    """Years, nearest weekdays, what does not go into an hour, days that no month has, and plain mistakes."""
    with pytest.raises(ValueError, match=re.escape(why)):
        read_cron(written)
