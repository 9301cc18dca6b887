"""How fast letters go back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.redrive.pace import Pace


def test_without_a_ramp_the_rate_is_what_was_asked_for() -> None:
    """It is halved all the same when letters die again."""
    pace = Pace(40, ramp=False)
    pace.went_well(1000)
    assert pace.rate == 40
    pace.died_again(1000)
    assert pace.rate == 20
    pace.went_well(2000)
    assert pace.rate == 20


def test_a_ramp_climbs_while_all_is_well() -> None:
    """From an eighth to the whole, a step for every ten quiet seconds."""
    pace, seen = Pace(40, ramp=True), []
    for now in range(0, 121, 5):
        pace.went_well(now)
        seen.append(pace.rate)
    assert seen[:5] == [5, 5, 10, 10, 15]
    assert seen[-1] == 40


def test_an_attempt_goes_on_at_the_pace_of_the_last() -> None:
    """A crash is no reason to begin at full speed, nor to begin anew."""
    assert Pace(40, ramp=True, rate=15).rate == 15


@given(st.floats(0.1, 3000), st.lists(st.booleans()))
def test_it_stays_within_bounds(limit: float, happened: list[bool]) -> None:
    """Never faster than asked for, never so slow that it stands still."""
    pace = Pace(limit, ramp=True)
    for now, well in enumerate(happened):
        (pace.went_well if well else pace.died_again)(now * 20.0)
        assert limit / 64 <= pace.rate <= limit
