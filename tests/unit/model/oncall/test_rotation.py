"""Whose turn it is: fair, undisturbed by what comes later, and the same whatever was asked before."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.oncall import Advance, Handover, Phase, Rotation, is_weekend
from leh_guardian.model.oncall.rotation import Shift
from tests.unit.model.oncall.test_wall import HORRORS

MONDAY = date(2026, 11, 2)
DAY = timedelta(days=1)
ABC = ("a", "b", "c")


def always(_: date) -> bool:
    """Every day has duty."""
    return True


def taken(rotation: Rotation, days: int, *, first: date = MONDAY, active: object = always) -> str:
    """Return the members of so many days, `-` where nobody has duty."""
    return "".join(rotation.member(Shift(first + n * DAY), active) or "-" for n in range(days))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("handover", "start", "wanted"),
    [
        (Handover(timedelta(days=1)), MONDAY, "abcabcabcabcabc"),
        (Handover(timedelta(days=2)), MONDAY, "aabbccaabbccaab"),
        (Handover(timedelta(weeks=1), weekday=0), MONDAY, "aaaaaaabbbbbbbc"),
        (Handover(timedelta(weeks=1), weekday=2), MONDAY, "aabbbbbbbcccccc"),  # a short first turn
        (Handover(timedelta(weeks=2), weekday=0), MONDAY, "aaaaaaaaaaaaaab"),
        (Handover(timedelta(weeks=1)), MONDAY + 2 * DAY, "--aaaaaaabbbbbb"),  # nobody before the first phase
    ],
)
def test_turns_by_the_calendar(handover: Handover, start: date, wanted: str) -> None:
    """A turn is as long as `every` says, from the start of the phase or the first of its weekdays on."""
    assert taken(Rotation((Phase(start, ABC),), handover), 15) == wanted


def test_several_shifts_a_day() -> None:
    """Twelve hours each: two members a day, the next two on the next; a shift's date is that of its own handover."""
    rotation = Rotation((Phase(MONDAY, ABC),), Handover(timedelta(hours=8), time(10)))
    shifts = list(rotation.shifts(MONDAY, MONDAY + DAY))
    assert [rotation.member(shift, always) for shift in shifts] == ["a", "b", "c"] * 2
    assert [rotation.named(shift) for shift in shifts[:3]] == [MONDAY, MONDAY, MONDAY + DAY]


def test_a_part_of_a_day_has_the_date_of_its_own_handover() -> None:
    """Where Tuesday alone has duty, that is the shift which begins at two in its morning, of Monday's day of duty, and two more."""
    rotation = Rotation((Phase(MONDAY, ABC),), Handover(timedelta(hours=8), time(10)))
    shifts = list(rotation.shifts(MONDAY, MONDAY + DAY))
    assert [rotation.member(shift, (MONDAY + DAY).__eq__) for shift in shifts] == [None, None, "c", "a", "b", None]


def test_clocks_that_go_back_over_midnight() -> None:
    """The new day's shift has begun at the first midnight, though an hour later it is yesterday again."""
    zone = ZoneInfo("America/St_Johns")
    rotation = Rotation((Phase(date(2006, 1, 1), ABC),), Handover(timedelta(days=1), time(0)))
    for minute, day in [(29, 28), (30, 29), (45, 29)]:
        assert rotation.shift(datetime(2006, 10, 29, 2, minute, tzinfo=UTC), zone) == Shift(date(2006, 10, day))
    assert datetime(2006, 10, 29, 2, 45, tzinfo=UTC).astimezone(zone).day == 28


@pytest.mark.parametrize(("weekday", "wanted"), [(2, "aabbccaa"), (5, "aabbccaa"), (6, "abbccaab"), (0, "aabbccaa")])
def test_a_short_first_turn_on_shift(weekday: int, wanted: str) -> None:
    """It counts where it had duty: before a Sunday's handover lies a Saturday, before a Wednesday's or a Saturday's nothing does."""
    handover = Handover(timedelta(weeks=1), weekday=weekday)
    rotation = Rotation((Phase(MONDAY, ABC),), handover, Advance.ON_SHIFT)
    assert taken(rotation, 28, active=is_weekend).replace("-", "") == wanted


def test_a_weekend_crew_takes_fair_turns() -> None:
    """By the calendar three people of seven-day weeks would always have the same days; on shift everyone moves on."""
    phases = (Phase(MONDAY, ABC),)
    daily = Rotation(phases, Handover(timedelta(days=1)), Advance.ON_SHIFT)
    assert taken(daily, 28, active=is_weekend).replace("-", "") == "abcabcab"
    weekly = Rotation(phases, Handover(timedelta(weeks=1)), Advance.ON_SHIFT)
    assert taken(weekly, 28, active=is_weekend).replace("-", "") == "aabbccaa"


@given(
    st.sets(st.integers(0, 3000), max_size=400),
    st.sampled_from([(1, None), (2, None), (7, None), (14, None), (7, 3), (14, 6)]),
    st.lists(st.integers(0, 3000), min_size=1, max_size=20),
)
def test_on_shift_is_fair_whatever_the_days_and_whatever_was_asked(
    days: set[int], handover: tuple[int, int | None], asked: list[int]
) -> None:
    """The turns with duty go round: no member has had two more than another, and no question changes another's answer."""
    (every, weekday), duty = handover, frozenset(MONDAY + n * DAY for n in days)
    active, short = duty.__contains__, weekday or 0
    rotation = Rotation((Phase(MONDAY, ABC),), Handover(timedelta(days=every), weekday=weekday), Advance.ON_SHIFT)
    for number in asked:
        rotation.member(Shift(MONDAY + number * DAY), active)
    turn = {number: (number - short) // every for number in days}  # -1 for the short first one
    turns = sorted(set(turn.values()))
    for number in days:
        assert rotation.member(Shift(MONDAY + number * DAY), active) == ABC[turns.index(turn[number]) % 3]
    worked = Counter(place % 3 for place in range(len(turns)))
    assert max(worked.values(), default=0) - min((worked[n] for n in range(3)), default=0) <= 1


@given(st.integers(0, 700), st.integers(1, 400), st.sampled_from(list(Advance)), st.sampled_from([1, 2, 7, 14]))
def test_a_phase_disturbs_nothing_before_it(days: int, later: int, advance: Advance, every: int) -> None:
    """Who was, or is to be, on duty before a new phase stays so; from its date on its members begin with the first."""
    handover = Handover(timedelta(days=every), weekday=0 if every % 7 == 0 else None)
    begin = MONDAY + later * DAY
    old = Rotation((Phase(MONDAY, ABC),), handover, advance)
    new = Rotation((Phase(MONDAY, ABC), Phase(begin, ("d", *ABC))), handover, advance)
    day = Shift(MONDAY + days * DAY)
    if day.day < begin:
        assert new.member(day, always) == old.member(day, always)
    assert new.member(Shift(begin), always) == "d"


def test_ten_years_of_days_are_counted_once() -> None:
    """What on-shift counts is looked up afterwards: a question costs one look at the day itself."""
    looks = 0

    def active(day: date) -> bool:
        nonlocal looks
        looks += 1
        return is_weekend(day)

    rotation = Rotation((Phase(MONDAY, ABC),), Handover(timedelta(days=1)), Advance.ON_SHIFT)
    rotation.member(Shift(MONDAY + 3653 * DAY), active)
    looks = 0
    for _ in range(50):
        rotation.member(Shift(MONDAY + 3653 * DAY - 8 * DAY), active)
    assert looks == 50


@given(st.sampled_from(sorted(HORRORS)), st.sampled_from([24, 12, 8, 1]), st.integers(0, 23), st.data())
def test_every_instant_is_of_one_shift(name: str, hours: int, hour: int, data: st.DataObject) -> None:
    """The shift has begun and the next has not, in zones that skip hours and days as well."""
    zone, (first, last) = ZoneInfo(name), HORRORS[name]
    rotation = Rotation((Phase(date(1980, 1, 1), ABC),), Handover(timedelta(hours=hours), time(hour, 30)))
    at = data.draw(st.datetimes(datetime(first, 1, 1), datetime(last, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
    shift = rotation.shift(at, zone)
    following = list(rotation.shifts(shift.day, shift.day + DAY))
    after = following[following.index(shift) + 1]
    assert rotation.begins(shift, zone) <= at < rotation.begins(after, zone)
