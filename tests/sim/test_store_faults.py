"""The small store's faults: what is left of a request that did not arrive, of a lost answer, of a dead process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import anyio
import pytest

from leh_guardian.errors import StoreUnavailable
from leh_guardian.store import inbox
from leh_guardian.store.transaction import transaction
from tests.sim.store import pool as pools
from tests.sim.store.database import SimDatabase
from tests.sim.store.install import install
from tests.sim.store.pool import Reply, SimPool

KEY = UUID(int=7)


class World:
    """A database, and a process whose next request of a kind meets a fault."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
        self.database = SimDatabase(lambda: self.now)
        self.asked: list[str] = []
        self.fault: tuple[str, Reply | StoreUnavailable | None] | None = None
        """(kind, what it ends in); None never returns."""
        self.pool = SimPool(self.database, self, size=2)

    async def call(self, what: str) -> Reply:
        """Meet the fault, once."""
        self.asked.append(what)
        if self.fault is None or self.fault[0] != what:
            return Reply.GIVEN
        (_, end), self.fault = self.fault, None
        if end is None:
            await anyio.sleep_forever()
        if isinstance(end, StoreUnavailable):
            raise end
        return end or Reply.GIVEN

    async def take(self) -> bool:
        """Take the key in; tells whether it was new."""
        async with transaction(self.pool) as tx:
            return bool(await inbox.take(tx, self.now, [KEY]))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world over the twins."""
    with install():
        made = World()
        yield made
        assert made.database.works == []
        assert made.database.locks.waiting == 0


async def test_every_request_is_asked_for(world: World) -> None:
    """The way to the database sees connecting, beginning, statements, the end, and pings; a connection is used again."""
    await world.take()
    await world.take()
    await world.pool.ping()
    once = ["begin", "inbox.take", "commit"]
    assert world.asked == ["connect", *once, *once, "ping"]


@pytest.mark.parametrize("what", ["connect", "begin", "inbox.take", "commit"])
async def test_what_does_not_arrive_is_not_done(world: World, what: str) -> None:
    """The caller is told that the store is away, nothing is left, and the next connection works."""
    world.fault = (what, StoreUnavailable("cut"))
    with pytest.raises(StoreUnavailable, match="cut"):
        await world.take()
    assert world.database.table("inbox") == []
    assert await world.take()


@pytest.mark.parametrize("what", ["begin", "inbox.take"])
async def test_without_an_answer_before_the_commit_nothing_is_left(world: World, what: str) -> None:
    """A statement whose answer is lost was done, and is undone with its transaction."""
    world.fault = (what, Reply.LOST)
    with pytest.raises(StoreUnavailable):
        await world.take()
    assert await world.take()


async def test_a_commit_without_an_answer_was_done(world: World) -> None:
    """The caller is told that the store is away, and finds its rows when it repeats."""
    world.fault = ("commit", Reply.LOST)
    with pytest.raises(StoreUnavailable):
        await world.take()
    assert not await world.take()


@pytest.mark.parametrize("what", ["inbox.take", "commit"])
async def test_what_takes_too_long_is_given_up(world: World, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that does not return ends at the deadline of the driver, undone."""
    monkeypatch.setattr(pools, "COMMAND_TIMEOUT", 0.01)
    world.fault = (what, None)
    with pytest.raises(StoreUnavailable):
        await world.take()
    assert await world.take()


async def test_a_dead_process_holds_its_locks_until_it_is_noticed(world: World) -> None:
    """What a process held when it died is free once the server sees the end of its connections."""
    other = World()
    other.database = world.database
    other.pool = SimPool(world.database, other)

    async def dies() -> None:
        async with transaction(world.pool) as tx:
            await inbox.take(tx, world.now, [KEY])
            world.fault = ("inbox.take", None)
            await inbox.take(tx, world.now, [UUID(int=8)])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(dies)
        await anyio.wait_all_tasks_blocked()
        assert len(world.database.works) == 1
        async with anyio.create_task_group() as survivors:
            survivors.start_soon(other.take)
            await anyio.wait_all_tasks_blocked()
            assert world.database.locks.waiting == 1
            world.database.kill(world.pool.connections)
        assert len(world.database.table("inbox")) == 1
        tasks.cancel_scope.cancel()


async def test_a_frozen_process_finds_its_transaction_gone(world: World) -> None:
    """A transaction that did nothing for fifteen seconds was ended by the server; what comes afterwards is refused."""

    async def stall() -> None:
        async with transaction(world.pool) as tx:
            await inbox.take(tx, world.now, [KEY])
            world.now += timedelta(seconds=16)
            await inbox.take(tx, world.now, [UUID(int=8)])

    with pytest.raises(StoreUnavailable):
        await stall()
    assert world.database.table("inbox") == []


async def test_a_restart_ends_every_connection(world: World) -> None:
    """Open transactions are undone, committed rows stay, and the pool opens new connections."""

    async def cut_off() -> None:
        async with transaction(world.pool) as tx:
            await inbox.take(tx, world.now, [UUID(int=8)])
            world.database.restart()
            await inbox.take(tx, world.now, [UUID(int=9)])

    await world.take()
    with pytest.raises(StoreUnavailable):
        await cut_off()
    assert not await world.take()
    assert world.asked.count("connect") == 2


async def test_an_exhausted_pool_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets no connection in time is told that the store is away."""
    monkeypatch.setattr(pools, "ACQUIRE_TIMEOUT", 0.01)
    async with transaction(world.pool), transaction(world.pool):
        with pytest.raises(StoreUnavailable):
            await world.take()
    assert await world.take()


async def test_a_cancelled_transaction_is_undone(world: World) -> None:
    """Its connection comes back clean, and is used again."""
    with anyio.CancelScope() as scope:
        async with transaction(world.pool) as tx:
            await inbox.take(tx, world.now, [KEY])
            scope.cancel()
            await anyio.sleep_forever()
    assert await world.take()
    assert world.asked.count("connect") == 1
