"""When a provider's state is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.provider.hysteresis import Hysteresis, Look

START = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
STABLE, MOST = timedelta(minutes=15), timedelta(minutes=3)
_WORDS = {"b": (Look.BAD, False), "B": (Look.BAD, True), "g": (Look.GOOD, False), "?": (Look.UNKNOWN, False)}


def after(looks: str, minutes: float = 1.0) -> Hysteresis:
    """One look a minute: b(ad), B(ad, and the worker's errors say so), g(ood), ? (unknown), - (nobody looked)."""
    state = Hysteresis()
    for n, letter in enumerate(looks):
        if letter != "-":
            look, strong = _WORDS[letter]
            state = state.seen(look, START + n * timedelta(minutes=minutes), STABLE, MOST, strong=strong)
    return state


@pytest.mark.parametrize(
    ("looks", "believed"),
    [
        ("b", Look.UNKNOWN),
        ("bb", Look.BAD),
        ("B", Look.BAD),
        ("bgb", Look.UNKNOWN),
        ("b?b", Look.BAD),
        ("bg?b", Look.UNKNOWN),
        ("bb" + "g" * 15, Look.BAD),
        ("bb" + "g" * 16, Look.GOOD),
        ("bb" + "g" * 15 + "b" + "g" * 15, Look.BAD),
        ("bb" + "g" * 15 + "b" + "g" * 16, Look.GOOD),
        ("bb" + "?" * 99, Look.BAD),
        ("bbg" + "?" * 30 + "g", Look.BAD),
        ("bb" + "g" * 8 + "?" * 30 + "g" * 8, Look.BAD),
        ("bb" + "g" * 8 + "?" * 30 + "g" * 9, Look.GOOD),
        ("bbg" + "-" * 30 + "g", Look.BAD),
        ("bb" + "g--" * 6, Look.GOOD),
        ("?" * 99, Look.UNKNOWN),
    ],
)
def test_what_is_believed(looks: str, believed: Look) -> None:
    """Two bad looks, or a strong one; a quarter of an hour seen good. Time unseen, or seen as unknown, is not good."""
    assert after(looks).believed is believed


def test_it_is_kept_as_it_is() -> None:
    """A checkpoint gives back what it was given."""
    for looks in ("", "bbgg", "bb?", "g"):
        state = after(looks)
        assert Hysteresis.from_json(state.to_json()) == state


@given(st.text(alphabet="bBg?-", max_size=60))
def test_unknown_changes_nothing(looks: str) -> None:
    """A look that says nothing changes no belief and adds no good time."""
    before = after(looks)
    later = before.seen(Look.UNKNOWN, START + timedelta(hours=9), STABLE, MOST)
    assert (later.believed, later.bad, later.good_seconds) == (before.believed, before.bad, before.good_seconds)


@given(st.lists(st.tuples(st.sampled_from("bg?"), st.integers(1, 20)), max_size=12))
def test_flapping_is_never_good(runs: list[tuple[str, int]]) -> None:
    """Good is believed at the sixteenth good look in a row or later, unknown ones between them left out."""
    state, good = Hysteresis(), 0
    for n, letter in enumerate("".join(letter * times for letter, times in runs)):
        before, good = state, {"b": 0, "g": good + 1, "?": good}[letter]
        state = state.seen(_WORDS[letter][0], START + timedelta(minutes=n), STABLE, MOST)
        if state.believed is Look.GOOD and before.believed is not Look.GOOD:
            assert good >= 16
