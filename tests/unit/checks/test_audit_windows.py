"""Windows of a log group's time: each day's part of them, none twice, none beyond the time, and the same again for a seed."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from leh_guardian.checks.audit.groups import _drawn, _windows
from leh_guardian.checks.audit.run import Run
from leh_guardian.checks.audit.sightings import Sightings
from leh_guardian.checks.audit.sizes import Design, allot_parts
from leh_guardian.disclosure import Scanner

UNTIL = datetime(2026, 11, 27, 9, 12, 34, 567000, tzinfo=UTC)


def run(over: timedelta = timedelta(days=7), seed: str = "0123456789abcdef") -> Run:
    """A run over the time before an odd instant."""
    return Run(Design(), seed, UNTIL - over, UNTIL, Sightings(Scanner(date(2026, 11, 27))), lambda: 0.0, 1.0)


@pytest.mark.parametrize("length", [60, 3600])
@pytest.mark.parametrize("over", [timedelta(days=7), timedelta(hours=1), timedelta(seconds=3)])
def test_all_windows_are_the_time(length: int, over: timedelta) -> None:
    """Drawn whole, they lie side by side from its beginning to its end, across midnights too."""
    one = run(over)
    there = _windows(one, length)
    windows = [(begins, ends) for _, begins, ends in _drawn(one, "g", there, there, length)]
    assert windows[0][0] <= one.since < windows[0][1]
    assert windows[-1][0] < one.until <= windows[-1][1]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(windows))
    assert all(ends - begins <= timedelta(seconds=length) for begins, ends in windows)


def test_each_day_has_its_part() -> None:
    """As many as are asked for of each, none twice; a day that is in the time by a part has a part."""
    one = run()
    there = _windows(one, 60)
    wanted = allot_parts(one.design, there)
    drawn = list(_drawn(one, "g", there, wanted, 60))
    assert Counter(day for day, _, _ in drawn) == wanted
    assert len({begins for _, begins, _ in drawn}) == len(drawn) >= one.design.least
    assert (there["2026-11-20"], there["2026-11-21"], there["2026-11-27"]) == (888, 1440, 553)


def test_a_seed_draws_the_same_windows_and_each_group_its_own() -> None:
    """Two groups of one run are not looked at in the same minutes."""
    there = _windows(run(), 60)
    wanted = allot_parts(Design(), there)

    def of(seed: str, group: str) -> list[datetime]:
        return [begins for _, begins, _ in _drawn(run(seed=seed), group, there, wanted, 60)]

    assert of("0123", "a") == of("0123", "a")
    assert of("0123", "a") != of("0123", "b")
    assert of("0123", "a") != of("4567", "a")
