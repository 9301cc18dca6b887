"""The store twice: PostgreSQL, and the simulation's small store, which must do the same in every test of this directory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol
from uuid import UUID

import anyio
import anyio.abc
import anyio.lowlevel
import pytest

from leh_guardian.clock import SystemClock
from leh_guardian.errors import GuardianError
from leh_guardian.model.action import ClaimedAction, NewAction
from leh_guardian.model.incident import Incident
from leh_guardian.model.mode import Mode
from leh_guardian.store import actions, incidents
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from tests.sim.store import locks
from tests.sim.store.database import SimDatabase
from tests.sim.store.install import install
from tests.sim.store.pool import Reply, SimPool
from tests.support.rows import EVENT, NOW

Work = Callable[[Transaction], Awaitable[Any]]


class Waiter:
    """A second transaction, beside the test's own."""

    def __init__(self, store: Store, tasks: anyio.abc.TaskGroup) -> None:
        self._store = store
        self._tasks = tasks
        self.result: Any = None
        self.error: GuardianError | None = None

    async def begin(self, work: Work) -> None:
        """Start a transaction; returns once it waits for a lock, as those do that waited before."""
        before = await self._store.waiting()
        self._tasks.start_soon(self._run, work)
        while await self._store.waiting() <= before:  # noqa: ASYNC110 - a server tells who waits only when asked
            await anyio.sleep(0.005)

    def cancel(self) -> None:
        """Cancel it."""
        self._tasks.cancel_scope.cancel()

    async def _run(self, work: Work) -> None:
        try:
            async with transaction(self._store.pool) as tx:
                self.result = await work(tx)
        except GuardianError as error:
            self.error = error


class _RolledBackError(Exception):
    """Ends a transaction."""


class Backend(Protocol):
    """What differs between the two."""

    async def waiting(self) -> int:
        """Return how many transactions wait for a lock."""

    async def give_up_soon(self, tx: Transaction) -> None:
        """Let the transaction wait for a lock but briefly."""


class Store:
    """One of the two, empty."""

    def __init__(self, pool: Pool, backend: Backend) -> None:
        self.pool = pool
        self.waiting = backend.waiting
        self.give_up_soon = backend.give_up_soon

    @asynccontextmanager
    async def waiter(self) -> AsyncIterator[Waiter]:
        """Lend a second transaction, which has ended when the block has."""
        async with anyio.create_task_group() as tasks:
            yield Waiter(self, tasks)

    @asynccontextmanager
    async def rolled_back(self) -> AsyncIterator[Transaction]:
        """Lend a transaction that is rolled back when the block ends."""
        with suppress(_RolledBackError):
            async with transaction(self.pool) as tx:
                yield tx
                raise _RolledBackError

    async def do(self, work: Work) -> Any:
        """Do one thing in a transaction of its own."""
        async with transaction(self.pool) as tx:
            return await work(tx)

    async def open(self, *new: Incident) -> None:
        """Store incidents."""
        await self.do(lambda tx: incidents.insert(tx, NOW, [(i, EVENT) for i in new]))

    async def plan(self, *new: NewAction, run: int = 1) -> None:
        """Store actions."""
        await self.do(lambda tx: actions.insert(tx, NOW, {action.incident_id: run for action in new}, new))

    async def claim(
        self, count: int = 10, *, mode: Mode = Mode.ACT, handlers: Sequence[str] | None = None
    ) -> list[ClaimedAction]:
        """Claim what is due, as one replica."""
        claimed: list[ClaimedAction] = await self.do(lambda tx: actions.claim(tx, NOW, mode, "one", count, handlers))
        return sorted(claimed, key=lambda action: action.id)

    async def claimed_ids(self, count: int = 10, **options: Any) -> list[UUID]:
        """Claim what is due; the ids, sorted."""
        return [action.id for action in await self.claim(count, **options)]


class _PostgreSQL:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def waiting(self) -> int:
        async with transaction(self._pool) as tx:
            count: int = await tx.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
        return count

    async def give_up_soon(self, tx: Transaction) -> None:
        await tx.execute("set local lock_timeout = '50ms'")


class _Memory:
    def __init__(self, database: SimDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        self._database = database
        self._monkeypatch = monkeypatch

    async def waiting(self) -> int:
        return self._database.locks.waiting

    async def give_up_soon(self, tx: Transaction) -> None:
        self._monkeypatch.setattr(locks, "DEADLOCK_AFTER", 0.01)
        self._monkeypatch.setattr(locks, "LOCK_TIMEOUT", 0.05)


class Quiet:
    """A way to the database without faults."""

    async def call(self, what: str) -> Reply:
        """Let others run, as a network does."""
        await anyio.lowlevel.checkpoint()
        return Reply.GIVEN


@pytest.fixture
async def postgresql(pool: Pool) -> Store:
    """The real one."""
    return Store(pool, _PostgreSQL(pool))


@pytest.fixture
async def memory(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """The simulation's."""
    database = SimDatabase(SystemClock().now)
    with install():
        yield Store(SimPool(database, Quiet()), _Memory(database, monkeypatch))


@pytest.fixture(params=["postgresql", "memory"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each of the two, one after the other."""
    store: Store = request.getfixturevalue(request.param)
    return store


@pytest.fixture
def leases_run_out(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let leases that are given from now on be over at once."""
    return lambda: monkeypatch.setattr(actions, "LEASE_SECONDS", -1.0)
