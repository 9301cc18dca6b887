"""Budgets and cooldowns, as pure decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.guards import Budget, not_before, spent

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
HOURLY = Budget(3, timedelta(hours=1))
DAILY = Budget(7, timedelta(days=1))


def test_all_windows_hold() -> None:
    """The first overdrawn budget is named, the short window or the long one."""
    recent = [NOW - timedelta(minutes=m) for m in (1, 2, 3)]
    older = [NOW - timedelta(hours=h) for h in range(2, 9)]
    assert spent([HOURLY, DAILY], recent, NOW) is HOURLY
    assert spent([HOURLY, DAILY], older, NOW) is DAILY
    assert spent([HOURLY, DAILY], older[:5], NOW) is None


def test_a_window_ends() -> None:
    """A run exactly one window ago no longer counts; a run in the future (another clock) does."""
    assert spent([Budget(1, timedelta(hours=1))], [NOW - timedelta(hours=1)], NOW) is None
    assert spent([Budget(1, timedelta(hours=1))], [NOW + timedelta(minutes=1)], NOW) is not None


@given(st.lists(st.integers(0, 10_000), max_size=60), st.integers(1, 5), st.integers(1, 500))
def test_no_window_is_ever_overdrawn(offsets: list[int], most: int, window: int) -> None:
    """However runs are asked for, those that are let through never exceed the budget in any window."""
    budget = Budget(most, timedelta(seconds=window))
    runs: list[datetime] = []
    for offset in sorted(offsets):
        at = NOW + timedelta(seconds=offset)
        if spent([budget], runs, at) is None:
            runs.append(at)
    for run in runs:
        assert sum(run - budget.per < other <= run for other in runs) <= most


def test_cooldown_delays_until_it_is_over() -> None:
    """The next run starts at the end of the cooldown, or at once when that is past."""
    assert not_before(timedelta(minutes=10), NOW - timedelta(minutes=4), NOW) == NOW + timedelta(minutes=6)
    assert not_before(timedelta(minutes=10), NOW - timedelta(hours=1), NOW) == NOW
    assert not_before(timedelta(minutes=10), None, NOW) == NOW


def test_cooldown_survives_a_clock_that_ran_ahead() -> None:
    """A last run in the future delays by one cooldown at most, not for years."""
    assert not_before(timedelta(minutes=10), NOW + timedelta(days=365), NOW) == NOW + timedelta(minutes=10)
