"""What budgets per target are counted by: one statement looks and counts, in PostgreSQL and in the small store alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import anyio

from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.guards import Budget
from leh_guardian.store import target_runs
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW

DAY = [Budget(1, timedelta(days=1))]
BOTH = [Budget(1, timedelta(hours=1)), Budget(2, timedelta(days=1))]


def hours(count: float) -> datetime:
    """The instant so many hours from now."""
    return NOW + timedelta(hours=count)


def take(
    number: int, at: float = 0, budgets: list[Budget] = DAY, *, target: str = "user_1", beyond: bool = False
) -> Callable[[Transaction], Awaitable[bool]]:
    """Return what counts an action as a run, so many hours from now."""
    return lambda tx: target_runs.take(tx, "fix", target, UUID(int=number), hours(at), budgets, beyond=beyond)


async def test_a_run_is_counted_while_its_budget_allows_it(store: Store) -> None:
    """For each handler and target by itself; an action is one run however often it is attempted."""
    assert [await store.do(take(number)) for number in (1, 2, 1)] == [True, False, True]
    assert await store.do(take(3, target="user_2"))
    assert await store.do(lambda tx: target_runs.take(tx, "other", "user_1", UUID(int=2), NOW, DAY))
    assert await store.do(lambda tx: target_runs.of(tx, "fix", "user_1")) == [NOW]
    assert await store.do(lambda tx: target_runs.of(tx, "fix", "nobody")) == []


async def test_windows_slide_and_all_of_them_hold(store: Store) -> None:
    """A run counts for as long as a window is, to the instant; what a clock ahead has written counts as well."""
    told = [await store.do(take(number, at, BOTH)) for number, at in enumerate((0, 0.5, 1, 2, 24, 25.5, 25, 49.5))]
    assert told == [True, False, True, False, True, True, False, True]
    # Beyond the longest window nothing asks for them.
    assert await store.do(lambda tx: target_runs.of(tx, "fix", "user_1")) == [hours(49.5)]


async def test_beyond_its_budget_it_is_counted_all_the_same(store: Store) -> None:
    """And stands in the way of the next as any other."""
    assert [await store.do(take(number, beyond=number == 2)) for number in (1, 2, 3)] == [True, True, False]
    assert len(await store.do(lambda tx: target_runs.of(tx, "fix", "user_1"))) == 2
    assert not await store.do(take(4, 24.5, [Budget(1, timedelta(hours=24.6))]))


async def test_of_two_at_once_one_is_counted(store: Store) -> None:
    """The second waits for the first, and is refused; where the first is rolled back it has the run."""
    async with store.waiter() as second, transaction(store.pool) as one:
        assert await take(1)(one)
        await second.begin(take(2))
    assert (second.error, second.result) == (None, False)
    async with store.waiter() as second, store.rolled_back() as one:
        assert await take(3, target="user_2")(one)
        await second.begin(take(4, target="user_2"))
    assert second.result is True
    async with store.waiter() as second, store.rolled_back() as one:
        assert await take(5, 24)(one)
        await second.begin(take(6, 24))
    assert second.result is True


async def test_a_crowd_gets_the_budget_and_no_more(pool: Pool, postgres: EmbeddedPostgres) -> None:
    """Twenty transactions on connections of their own, let go at once, over a row that is there and one that is not."""
    budgets, told = [Budget(5, timedelta(days=1))], []

    async def one(number: int, target: str) -> None:
        mine = await Pool.open(postgres.dsn("guardian"), size=1)
        try:
            async with transaction(mine) as tx:
                await tx.fetchval("select 1")
                ready.append(number)
                await go.wait()
                told.append((target, await take(number, 0, budgets, target=target)(tx)))
        finally:
            await mine.close()

    for target in ("new", "known"):
        async with transaction(pool) as tx:
            await target_runs.take(tx, "fix", "known", UUID(int=99), NOW, budgets)
        ready: list[int] = []
        go = anyio.Event()
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(one, number, target)
            while len(ready) < 20:  # noqa: ASYNC110 - all of them, not the first
                await anyio.sleep(0.01)
            go.set()
    assert [sum(counted for of, counted in told if of == target) for target in ("new", "known")] == [5, 4]


async def test_targets_are_forgotten_once_nothing_ran_for_long(store: Store) -> None:
    """By their newest run."""
    await store.do(take(1))
    await store.do(take(2, 48, target="user_2"))
    assert await store.do(lambda tx: target_runs.forget(tx, hours(0))) == 0
    assert await store.do(lambda tx: target_runs.forget(tx, hours(1))) == 1
    assert await store.do(lambda tx: target_runs.of(tx, "fix", "user_2")) == [hours(48)]
