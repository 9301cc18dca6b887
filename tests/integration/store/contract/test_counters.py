"""Amounts in buckets: added up, asked for by span, dropped in time - on PostgreSQL as on the simulation's small store."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import anyio

from leh_guardian.model.window import Amount
from leh_guardian.store import counters
from leh_guardian.store.counters import Counted
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW


def minutes(number: int) -> datetime:
    """An instant."""
    return NOW + timedelta(minutes=number)


def counted(key: str, minute: int, amount: str = "1", member: str = "", keep: int = 60) -> Counted:
    """An amount."""
    return Counted("s", key, Amount(minutes(minute), Decimal(amount), member), minutes(keep))


async def held(store: Store, key: str, bound: str = "0", *, distinct: bool = False) -> list[tuple[int, Decimal, str]]:
    """What a key holds between the minutes 1 and 9."""
    spans = {key: (minutes(1), minutes(9)), "nobody": (minutes(1), minutes(9))}
    found = await store.do(lambda tx: counters.crowded(tx, "s", spans, Decimal(bound), distinct=distinct))
    assert set(found) <= {key}
    return [((one.at - NOW) // timedelta(minutes=1), one.amount, one.member) for one in found.get(key, [])]


async def test_amounts_add_up_in_their_buckets(store: Store) -> None:
    """Within a statement and over several; exact; each series, key, bucket and member by itself; both ends of a span belong to it."""
    rows = [
        counted("a", 1, "0.1"),
        counted("a", 1, "0.2"),
        counted("a", 9, "5"),
        counted("a", 10, "7"),
        counted("b", 1),
    ]
    await store.do(lambda tx: counters.add(tx, rows))
    await store.do(lambda tx: counters.add(tx, [counted("a", 1, "0.3"), counted("a", 0, "9")]))
    await store.do(lambda tx: counters.add(tx, []))
    other = Counted("other", "a", Amount(minutes(1)), minutes(60))
    await store.do(lambda tx: counters.add(tx, [other]))
    assert await held(store, "a") == [(1, Decimal("0.6"), ""), (9, Decimal(5), "")]


async def test_only_crowded_keys_are_given(store: Store) -> None:
    """Where the whole span is below the bound no window of it can exceed it."""
    await store.do(lambda tx: counters.add(tx, [counted("a", 1, "2"), counted("a", 5, "3")]))
    assert await held(store, "a", "5.01") == []
    assert len(await held(store, "a", "5")) == 2


async def test_members_are_told_apart(store: Store) -> None:
    """The same one in several buckets is one."""
    rows = [counted("a", minute, member=member) for minute, member in ((1, "x"), (2, "x"), (3, "y"))]
    await store.do(lambda tx: counters.add(tx, rows))
    assert await held(store, "a", "3", distinct=True) == []
    assert len(await held(store, "a", "2", distinct=True)) == 3
    assert len(await held(store, "a", "3")) == 3


async def test_what_is_kept_longer_is_kept(store: Store) -> None:
    """The later of two times holds; the oldest go first, a portion at a time."""
    await store.do(
        lambda tx: counters.add(tx, [counted("a", 1, keep=5), counted("a", 2, keep=6), counted("a", 3, keep=7)])
    )
    await store.do(lambda tx: counters.add(tx, [counted("a", 1, keep=20), counted("a", 3, keep=3)]))
    assert await store.do(lambda tx: counters.forget(tx, minutes(8), 1)) == 1
    assert await store.do(lambda tx: counters.forget(tx, minutes(8), 9)) == 1
    assert [minute for minute, _, _ in await held(store, "a")] == [1]


async def test_two_at_once_both_count(store: Store) -> None:
    """One upsert waits for the other, and neither is lost."""

    async def add() -> None:
        await store.do(lambda tx: counters.add(tx, [counted("a", 1, "2"), counted("b", 1, "2")]))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(add)
        tasks.start_soon(add)
    assert await held(store, "a") == [(1, Decimal(4), "")]
