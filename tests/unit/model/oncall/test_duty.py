"""Who is on call: layers, filters, overrides, fallback; and stretches that say the same as their instants."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leh_guardian.model.oncall import (
    Advance,
    Calendar,
    Handover,
    Layer,
    Override,
    Phase,
    Rotation,
    Schedule,
    When,
    duty_at,
    is_weekend,
    spans,
)
from tests.unit.model.oncall.test_wall import HORRORS

SEOUL = ZoneInfo("Asia/Seoul")
MONDAY = date(2026, 11, 2)
DAY = timedelta(days=1)
WEEKEND = Calendar("weekend", is_weekend)
NEW_YEAR = Calendar("new-year", frozenset({date(2027, 1, 1)}).__contains__)


def rotation(*members: str, every: timedelta = DAY, advance: Advance = Advance.CALENDAR) -> Rotation:
    """Return a rotation from the first Monday on, handed over at ten."""
    return Rotation((Phase(MONDAY, members),), Handover(every, time(10)), advance)


OFF_DAYS = Layer("off", rotation("x", "y", advance=Advance.ON_SHIFT), When((WEEKEND, NEW_YEAR)))
WEEKS = Layer("weeks", rotation("a", "b", every=timedelta(weeks=1)))
SCHEDULE = Schedule("lv1", SEOUL, (OFF_DAYS, WEEKS), fallback=("z",))


def at(text: str, zone: ZoneInfo = SEOUL) -> datetime:
    """Return the instant of a time on Seoul's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def wall(text: str) -> datetime:
    """Return a time on a wall."""
    return datetime.fromisoformat(text)


def test_a_layer_without_a_name_is_called_duty_in_each_language() -> None:
    """One with a name is called by that in both."""
    nameless = Schedule("lv1", SEOUL, (replace(WEEKS, name=""),))
    said = [duty_at(one, at("2026-11-03T12:00")).because for one in (nameless, SCHEDULE)]
    assert [(text.ko[:3], text.en[:8]) for text in said] == [("당직 ", "on call "), ("wee", "weeks (s")]


def override(**changes: object) -> Override:
    """Return an override of the week of Tuesday, the 3rd."""
    one = Override("o", "lv1", wall("2026-11-03T10:00"), wall("2026-11-04T10:00"), "me", "휴가")
    return replace(one, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("2026-11-02T09:59", ("z",)),  # before the first handover nobody is on call
        ("2026-11-02T10:00", ("a",)),
        ("2026-11-07T09:59", ("a",)),  # Saturday, and still Friday's shift
        ("2026-11-07T10:00", ("x",)),
        ("2026-11-08T10:00", ("y",)),
        ("2026-11-09T09:59", ("y",)),  # Monday, and still Sunday's
        ("2026-11-09T10:00", ("b",)),
        ("2027-01-01T09:00", ("a",)),  # a holiday, and still the shift of the day before
        ("2027-01-01T10:00", ("x",)),
    ],
)
def test_the_day_a_shift_began_decides(when: str, wanted: tuple[str, ...]) -> None:
    """Weekends and holidays begin and end with the handover, not at midnight."""
    duty = duty_at(SCHEDULE, at(when))
    assert duty.people == wanted
    assert duty.fallback == (wanted == ("z",))


def test_layers_that_are_called_beside_the_winner() -> None:
    """`also` adds its people, before and after the layer that wins, and does not win itself."""
    also = Layer("shadow", rotation("s"), also=True)
    for layers in [(also, OFF_DAYS, WEEKS), (OFF_DAYS, WEEKS, also)]:
        assert set(duty_at(replace(SCHEDULE, layers=layers), at("2026-11-07T12:00")).people) == {"x", "s"}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ([override(replace={"a": "c"})], ("c",)),
        ([override(replace={"b": "c"})], ("a",)),  # only who is on call is replaced
        ([override(replace={"a": "c"}, schedule="lv1"), override(replace={"c": "d"})], ("d",)),
        ([override(add=("c",))], ("a", "c")),
        ([override(remove=("a",), add=("c",))], ("c",)),
        ([override(add=("c",)), override(remove=("c",))], ("a", "c")),  # who was added stays
        ([override(remove=("a",))], ("z",)),  # nobody is left
        ([override(replace={"a": "z"}, add=("z",))], ("z",)),  # nobody twice
    ],
)
def test_overrides(changes: list[Override], wanted: tuple[str, ...]) -> None:
    """All replacements, then all removals, then all additions; then the fallback."""
    assert duty_at(replace(SCHEDULE, overrides=tuple(changes)), at("2026-11-03T12:00")).people == wanted


@pytest.mark.parametrize(("when", "wanted"), [("10:00", "c"), ("09:59", "a")])
def test_an_override_is_half_open_by_the_wall_clock(when: str, wanted: str) -> None:
    """It holds from its first minute to just before its last; its reason is told."""
    changed = replace(SCHEDULE, overrides=(override(replace={"a": "c"}),))
    begin, end = duty_at(changed, at(f"2026-11-03T{when}")), duty_at(changed, at(f"2026-11-04T{when}"))
    assert begin.people == (wanted,)
    assert end.people == ("a",) if wanted == "c" else ("c",)
    assert "휴가" in (begin if wanted == "c" else end).because.ko


def test_nobody_and_no_fallback() -> None:
    """Then nobody is named, and it is told apart from duty."""
    duty = duty_at(replace(SCHEDULE, fallback=()), at("2026-11-01T00:00"))
    assert (duty.people, duty.fallback) == ((), True)


def test_stretches_of_a_week() -> None:
    """One for each change of people, without a gap, in UTC."""
    found = [
        (f"{span.begin:%d %H}", *span.duty.people)
        for span in spans(SCHEDULE, at("2026-11-02T00:00"), at("2026-11-11T00:00"))
    ]
    assert found == [("01 15", "z"), ("02 01", "a"), ("07 01", "x"), ("08 01", "y"), ("09 01", "b")]


@example("Asia/Seoul", 10, 12, 23, True)  # a part of the day before begins within the stretch
@given(
    st.sampled_from(sorted(HORRORS)),
    st.integers(0, 350),
    st.sampled_from([24, 12, 48]),
    st.integers(0, 23),
    st.booleans(),
)
def test_stretches_say_what_their_instants_say(name: str, day: int, hours: int, hour: int, always: bool) -> None:
    """They meet end to end, and at any quarter of an hour who is on call is who the stretch says."""
    zone = ZoneInfo(name)
    start = date(HORRORS[name][0], 1, 1)
    handover = Handover(timedelta(hours=hours), time(hour, 30))
    crew = Rotation((Phase(start, ("x", "y")),), handover, Advance.ON_SHIFT)
    weeks = Rotation((Phase(start, ("a", "b", "c")),), Handover(DAY, time(2, 15)))
    noon = datetime.combine(start + day * DAY, time(12))
    changed = override(begin=noon, end=noon + timedelta(hours=5), add=("s",))
    layers = (Layer("off", crew, When() if always else When((WEEKEND,))), Layer("weeks", weeks))
    schedule = Schedule("lv1", zone, layers, overrides=(changed,))
    begin = datetime.combine(start + day * DAY, time(), UTC) - DAY
    found = list(spans(schedule, begin, begin + 4 * DAY))
    assert [one.end for one in found[:-1]] == [one.begin for one in found[1:]]
    assert (found[0].begin, found[-1].end) == (begin, begin + 4 * DAY)
    for number in range(4 * 96):
        moment = begin + number * timedelta(minutes=15)
        span = next(one for one in found if one.begin <= moment < one.end)
        assert duty_at(schedule, moment).people == span.duty.people
