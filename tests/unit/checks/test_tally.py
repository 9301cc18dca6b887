"""Counting long listings: what is overdue, versions across pages, and listings that are cut short."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from leh_guardian.checks.tally import Purse, Tally, Versions, bound, read
from leh_guardian.ports.checks import Page, Stored

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
GRACE = timedelta(hours=48)


def stored(key: str, days: float, *, current: bool = True, marker: bool = False, size: int = 10) -> Stored:
    """An entry so many days old."""
    return Stored(key, NOW - timedelta(days=days), size, current, marker)


@pytest.mark.parametrize(("days", "overdue"), [(9.9, 0), (10.0, 0), (10.1, 1)])
def test_the_day_of_rounding_and_the_grace_are_granted(days: float, overdue: int) -> None:
    """A rule of seven days, one day until midnight, two days of grace: what is older than ten is overdue."""
    tally = Tally(bound(7, GRACE, NOW))
    tally.add(stored("tmp/a", days))
    assert (tally.overdue, tally.overdue_bytes) == (overdue, 10 * overdue)


def test_without_a_rule_nothing_is_overdue() -> None:
    """There is nothing to be late for; it is counted all the same."""
    tally = Tally(bound(None, GRACE, NOW))
    tally.add(stored("tmp/a", 900))
    tally.add(stored("tmp/b", 901))
    assert (tally.overdue, tally.count, tally.bytes) == (0, 2, 20)
    assert tally.oldest is not None
    assert tally.oldest.key == "tmp/b"


LISTED = [
    # Succeeded ten days ago, and yesterday: the first is due.
    stored("tmp/a", 1),
    stored("tmp/a", 20, current=False),
    stored("tmp/a", 30, current=False),
    # A marker behind which a version is, and one that is alone.
    stored("tmp/b", 30, marker=True),
    stored("tmp/b", 31, current=False),
    stored("tmp/c", 30, marker=True),
    stored("tmp/d", 30, marker=True),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_versions_are_told_across_pages(size: int) -> None:
    """A version is noncurrent since the next newer one of its key came, wherever a page ends; a lone marker has nothing behind it."""
    versions = Versions(bound(7, GRACE, NOW), bound(0, GRACE, NOW), 0)
    for start in range(0, len(LISTED), size):
        versions.take(LISTED[start : start + size])
    versions.end()
    assert (versions.noncurrent.count, versions.noncurrent.overdue) == (3, 2)
    assert (versions.markers.count, versions.markers.overdue) == (2, 2)


def test_versions_that_the_rule_keeps_are_not_due() -> None:
    """NewerNoncurrentVersions spares the newest of each key."""
    versions = Versions(bound(7, GRACE, NOW), None, 1)
    versions.take(LISTED[:3])
    versions.take([stored("tmp/e", 40), stored("tmp/e", 50, current=False)])
    versions.end()
    assert (versions.noncurrent.count, versions.noncurrent.overdue) == (3, 1)


@pytest.mark.parametrize(("pages", "seconds", "whole", "count"), [(3, 9, True, 3), (2, 9, False, 2), (9, 2, False, 1)])
async def test_a_listing_that_is_cut_short_says_so(pages: int, seconds: float, whole: bool, count: int) -> None:
    """By the number of pages, or by time."""
    tally, passed = Tally(None), iter(range(100))
    purse = Purse(pages, seconds, lambda: float(next(passed)) + 1)

    async def page(after: tuple[str, ...] | None) -> Page:
        number = int(after[0]) if after else 0
        return Page([stored(f"tmp/{number}", 1)], (str(number + 1),) if number < 2 else None)

    assert await read(page, purse, lambda found: [tally.add(one) for one in found] and None) is whole
    assert tally.count == count


async def test_a_long_listing_costs_the_memory_of_a_page() -> None:
    """Ten times as many pages hold no more: nothing of what was counted is kept but the oldest."""

    async def held(pages: int) -> int:
        tally, versions = Tally(bound(7, GRACE, NOW)), Versions(bound(7, GRACE, NOW), None, 0)

        async def page(after: tuple[str, ...] | None) -> Page:
            number = int(after[0]) if after else 0
            found = [stored(f"tmp/{number}/{index}", index % 30) for index in range(500)]
            return Page(found, (str(number + 1),) if number + 1 < pages else None)

        def take(found: Iterable[Stored]) -> None:
            one_page = list(found)
            versions.take(one_page)
            for one in one_page:
                tally.add(one)

        tracemalloc.start()
        try:
            assert await read(page, Purse(pages, 1.0, lambda: 0.0), take)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = await held(4), await held(40)
    assert many < few * 1.2
