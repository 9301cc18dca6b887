"""From clocks on the wall to instants, in zones that skip hours, half hours and whole days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.oncall.wall import instant

HORRORS = {
    "America/New_York": (2026, 2027),
    "Europe/London": (2026, 2027),
    "Australia/Lord_Howe": (2026, 2027),
    "America/St_Johns": (2006, 2007),  # goes back at one minute past midnight
    "Pacific/Apia": (2011, 2012),
    "Pacific/Kwajalein": (1993, 1994),
    "Asia/Seoul": (1987, 1989),
}
"""{zone: years in which its clocks do something}."""


@pytest.mark.parametrize(
    ("zone", "wall", "wanted"),
    [
        ("Asia/Seoul", "2026-11-02T10:00", "2026-11-02T01:00"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00"),  # 02:00 to 03:00 is not shown
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),  # shown twice: the first
        ("Europe/London", "2026-03-29T01:00", "2026-03-29T01:00"),
        ("Europe/London", "2026-10-25T01:30", "2026-10-25T00:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),  # half an hour is skipped
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00"),  # a whole day is: the midnight after it
        ("Pacific/Kwajalein", "1993-08-21T10:00", "1993-08-21T12:00"),
        ("America/St_Johns", "2006-10-29T00:00", "2006-10-29T02:30"),  # and it is the 28th again a minute later
        ("Asia/Seoul", "1988-05-08T02:30", "1988-05-07T17:00"),
    ],
)
def test_a_time_on_the_wall_is_one_instant(zone: str, wall: str, wanted: str) -> None:
    """What is never shown is the end of the gap; what is shown twice is the first of the two."""
    assert instant(datetime.fromisoformat(wall), ZoneInfo(zone)) == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


@given(st.sampled_from(sorted(HORRORS)), st.data())
def test_it_is_the_first_instant_that_shows_as_much(name: str, data: st.DataObject) -> None:
    """At it the clocks show the time or later, a second before they did not."""
    zone = ZoneInfo(name)
    first, last = HORRORS[name]
    wall = data.draw(st.datetimes(datetime(first, 1, 1), datetime(last, 1, 1))).replace(microsecond=0)  # noqa: DTZ001 - clocks on walls
    at = instant(wall, zone)
    assert at.astimezone(zone).replace(tzinfo=None) >= wall
    assert (at - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None) < wall


@given(st.sampled_from(sorted(HORRORS)), st.data())
def test_later_on_the_wall_is_never_earlier(name: str, data: st.DataObject) -> None:
    """Handovers keep their order, so that days of duty never overlap."""
    first, last = HORRORS[name]
    days = st.datetimes(datetime(first, 1, 1), datetime(last, 1, 1))  # noqa: DTZ001 - clocks on walls
    one, other = sorted(data.draw(days).replace(microsecond=0) for _ in range(2))
    assert instant(one, ZoneInfo(name)) <= instant(other, ZoneInfo(name))


def test_a_wall_has_no_fold() -> None:
    """In a day that was skipped, too: Python takes two times that differ in their fold alone for the same."""
    zone = ZoneInfo("Pacific/Kwajalein")
    skipped = datetime(1993, 8, 21, 0, 32)  # noqa: DTZ001 - clocks on walls
    assert instant(skipped.replace(fold=1), zone) == instant(skipped, zone) == datetime(1993, 8, 21, 12, tzinfo=UTC)
