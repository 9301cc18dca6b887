"""What periodic checks came to and which reports went out: since when, week by week, told once, forgotten."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from leh_guardian.model.check import SentReport, Status
from leh_guardian.store import check_reports, check_results
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW

DAY = timedelta(days=1)


async def keep(store: Store, number: int, status: Status, days: float, check: str = "check_a") -> None:
    """Keep a result of so many days from now."""
    await store.do(
        lambda tx: check_results.keep(tx, UUID(int=number), "rule", check, NOW + days * DAY, status, {"n": number})
    )


async def test_since_when_it_is_so(store: Store) -> None:
    """As long as runs of one check come to the same; another check's, a later run's and a copy do not count."""
    for number, (status, days) in enumerate([(Status.OK, 0), (Status.FAIL, 1), (Status.FAIL, 2), (Status.OK, 3)]):
        await keep(store, number, status, days)
    await keep(store, 4, Status.OK, 3.5, "check_b")
    await keep(store, 2, Status.OK, 9)
    await keep(store, 5, Status.FAIL, 2.5)
    kept = await store.do(lambda tx: check_results.untold(tx, 9))
    assert [(one.action_id.int, one.before, one.result.since - NOW) for one in kept] == [
        (0, None, timedelta(0)),
        (1, Status.OK, DAY),
        (2, Status.FAIL, DAY),
        (5, Status.FAIL, DAY),
        (3, Status.FAIL, 3 * DAY),
        (4, None, 3.5 * DAY),
    ]
    assert kept[1].result.facts == {"n": 1}


async def test_the_newest_of_each_week(store: Store) -> None:
    """By the calendar of the zone: what is Monday in Seoul is Sunday in UTC; the bounds are half open."""
    # NOW is Monday, 03:00 in Seoul.
    await keep(store, 1, Status.OK, -0.1)
    await keep(store, 2, Status.WARN, -0.2)
    await keep(store, 3, Status.FAIL, 1)
    await keep(store, 4, Status.OK, -7)
    await keep(store, 5, Status.OK, 0.5, "check_b")
    for zone, expected in (("Asia/Seoul", [3, 2, 5]), ("UTC", [3, 1, 4, 5])):
        found = await store.do(
            lambda tx, zone=zone: check_results.weekly(tx, NOW - 8 * DAY, NOW + 5 * DAY, zone)  # type: ignore[misc]
        )
        assert [one.facts["n"] for one in found] == expected, zone
    assert await store.do(lambda tx: check_results.weekly(tx, NOW + DAY, NOW + 5 * DAY, "UTC")) == []
    assert len(await store.do(lambda tx: check_results.weekly(tx, NOW, NOW + DAY, "UTC"))) == 2


async def test_they_are_told_once_and_forgotten(store: Store) -> None:
    """The oldest first, a bounded number; so are reports, each of which knows the one before it."""
    for number in range(3):
        await keep(store, number, Status.OK, number)
        report = SentReport(UUID(int=number), NOW + number * DAY, "2026-W48", Status.OK)
        for _ in range(2):
            await store.do(lambda tx, report=report: check_reports.keep(tx, report))  # type: ignore[misc]
    first, second = UUID(int=0), UUID(int=1)
    for module in (check_results, check_reports):
        assert [one.action_id for one in await store.do(lambda tx, of=module: of.untold(tx, 2))] == [first, second]
        await store.do(lambda tx, of=module: of.tell(tx, [first, UUID(int=9)]))
        assert [one.action_id.int for one in await store.do(lambda tx, of=module: of.untold(tx, 9))] == [1, 2]
    last = await store.do(lambda tx: check_reports.before(tx, NOW + 2 * DAY))
    assert (last.action_id, last.week, last.overall, last.label) == (
        second,
        "2026-W48",
        Status.OK,
        (NOW + DAY).isoformat(timespec="seconds"),
    )
    assert await store.do(lambda tx: check_reports.before(tx, NOW)) is None
    for module in (check_results, check_reports):
        assert [await store.do(lambda tx, of=module: of.forget(tx, NOW + 2 * DAY, 1)) for _ in range(3)] == [1, 1, 0]
