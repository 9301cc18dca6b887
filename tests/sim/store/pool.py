"""Owns connections with faults; the one rule: what the other side does not answer, fails as store/pool.py translates it.

A `SimPool` stands where `Pool` does, under the real `transaction()`. Every request to the database goes through the
`Ports` of its process: there a test delays it, keeps it from arriving, or loses its answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from enum import Enum
from types import TracebackType
from typing import Any, Protocol

import anyio

from leh_guardian.errors import StoreError, StoreUnavailable
from leh_guardian.store import rights
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction
from tests.sim.store.database import SimDatabase
from tests.sim.store.work import Work

COMMAND_TIMEOUT = 10.0
ACQUIRE_TIMEOUT = 5.0


class Reply(Enum):
    """What becomes of the answer to a request that has arrived."""

    GIVEN = "given"
    LOST = "lost"
    """The request is carried out, and the connection breaks before the answer."""


class Ports(Protocol):
    """A process's way to the database."""

    async def call(self, what: str) -> Reply:
        """Carry a request there: `connect`, `begin`, `commit`, `rollback`, `ping`, or a function like `actions.claim`.

        It may take its time, or never return: then nothing arrives.

        Raises:
            StoreUnavailable: the request does not arrive, and the connection is broken.
        """


class SimConnection:
    """A connection, as `transaction()` uses it."""

    def __init__(self, database: SimDatabase, ports: Ports) -> None:
        self._database = database
        self._ports = ports
        self.work: Work | None = None
        self.ended = False
        self._requesting = False
        database.connections.append(self)

    async def execute(self, sql: str, *, timeout: float | None = None) -> str:
        """Begin, commit or roll back; returns what was done: a failed transaction cannot be committed."""
        async with self.request(sql, timeout):
            if sql == "begin":
                self.work = self._database.begin(self.end)
            else:
                work, self.work = self.open_work(), None
                self._database.finish(work, commit=sql == "commit")
                if work.failed:
                    return "ROLLBACK"
        return sql.upper()

    def open_work(self) -> Work:
        """Return the open transaction."""
        if self.work is None:
            raise AssertionError("no transaction is open")
        return self.work

    def begin_statement(self) -> Work:
        """Return the transaction that a statement belongs to: the open one, or one of its own.

        Raises:
            StoreError: the transaction has failed.
        """
        if self.work is not None:
            if self.work.failed:
                raise StoreError("PostgreSQL refused a statement: current transaction is aborted")
            return self.work
        self.work = self._database.begin(self.end)
        self.work.idle_since, self.work.alone = None, True
        return self.work

    def end_statement(self, work: Work, *, failed: bool) -> None:
        """End a statement's own transaction, if it has one, unless it was ended meanwhile with what it had open."""
        if work.alone and self.work is work:
            self.work, work.failed = None, failed
            self._database.finish(work, commit=True)

    def request(self, what: str, timeout: float | None = None) -> Request:
        """Return a request to the database; it is given up after `timeout` seconds, those of a command unless given."""
        return Request(self, what, COMMAND_TIMEOUT if timeout is None else timeout)

    def begin_request(self) -> None:
        """Begin a request.

        Raises:
            StoreUnavailable: the connection has ended, or is in use.
        """
        self._check()
        if self._requesting:
            raise StoreUnavailable("PostgreSQL cannot be reached: another operation is in progress")
        self._requesting = True

    def end_request(self, *, failed: bool, lost: bool) -> None:
        """End a request, and where its answer was lost the connection."""
        self._requesting = False
        if self.work is not None:
            self.work.failed = self.work.failed or failed
            self.work.idle_since = self._database.now()
        if lost:
            self.end()

    async def carried(self, what: str) -> Reply:
        """Carry a request to the database; returns what becomes of its answer."""
        try:
            reply = await self._ports.call(what)
        except Exception:
            self.end()
            raise
        self._database.end_idle()
        self._check()
        if self.work is not None:
            self.work.idle_since = None
        return reply

    def _check(self) -> None:
        if self.ended:
            raise StoreUnavailable("PostgreSQL cannot be reached: the connection is closed")

    def end(self) -> None:
        """End it, as either side may: the transaction is rolled back."""
        if not self.ended:
            self.ended = True
            self._database.connections.remove(self)
            work, self.work = self.work, None
            if work is not None:
                self._database.finish(work, commit=False)

    def terminate(self) -> None:
        """End it: asyncpg's word."""
        self.end()


class Request:
    """A request that is carried to the database; the block is what the database does, and its answer comes back.

    By hand what two nested generators would do: they are a good part of what a run costs.

    Raises:
        StoreUnavailable: it did not arrive, was given up, or its answer was lost.
    """

    def __init__(self, connection: SimConnection, what: str, timeout: float) -> None:
        self._connection = connection
        self._what = what
        self._timeout = timeout
        self._reply: Reply | None = None

    async def __aenter__(self) -> Any:
        self._connection.begin_request()
        self._deadline = anyio.move_on_after(self._timeout)
        self._deadline.__enter__()
        try:
            self._reply = await self._connection.carried(self._what)
            return self._begun()
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended(failed=error is not None)
        given_up, lost = self._deadline.__exit__(kind, error, trace), self._reply is Reply.LOST
        self._connection.end_request(failed=error is not None or lost, lost=lost)
        if given_up or (lost and error is None):
            raise StoreUnavailable("PostgreSQL cannot be reached: no answer") from None

    def _begun(self) -> Any:
        """Begin what the database does."""

    def _ended(self, *, failed: bool) -> None:
        """End it."""


class _Statement(Request):
    """A request whose block is one statement."""

    _work: Work | None = None

    def _begun(self) -> Work:
        self._work = self._connection.begin_statement()
        return self._work

    def _ended(self, *, failed: bool) -> None:
        if self._work is not None:
            self._connection.end_statement(self._work, failed=failed)


class SimPool(Pool):
    """The connections of one process."""

    def __init__(self, database: SimDatabase, ports: Ports, size: int = 10) -> None:
        self.grants = rights.for_daemon
        self._database = database
        self._ports = ports
        self._slots = anyio.Semaphore(size)
        self._idle: list[SimConnection] = []
        self._all: list[SimConnection] = []

    @property
    def connections(self) -> list[SimConnection]:
        """Those that are open: what `SimDatabase.kill` takes when the process dies."""
        self._all = [connection for connection in self._all if not connection.ended]
        return list(self._all)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:  # type: ignore[override]
        """Lend a connection; one that comes back in mid-transaction is ended."""
        connection = await self._acquired()
        try:
            yield connection
        finally:
            if connection.work is not None:
                connection.end()
            if not connection.ended:
                self._idle.append(connection)
            self._slots.release()

    async def _acquired(self) -> SimConnection:
        if self._idle and self._slots.value:
            self._slots.acquire_nowait()
            return await self._opened()
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(ACQUIRE_TIMEOUT) as scope:
                await self._slots.acquire()
            if scope.cancelled_caught:
                raise StoreUnavailable("PostgreSQL cannot be reached: TimeoutError")
            try:
                connection = await self._opened()
            except BaseException:
                self._slots.release()
                raise
        return connection

    async def _opened(self) -> SimConnection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.ended:
                return connection
        connection = SimConnection(self._database, self._ports)
        self._all.append(connection)
        try:
            async with connection.request("connect", ACQUIRE_TIMEOUT):
                pass
        except BaseException:
            connection.end()
            raise
        return connection

    async def time(self) -> datetime:
        """Ask the database for the time."""
        async with self.connection() as connection, connection.request("time", 3):
            told: datetime = self._database.now()
        return told

    async def ping(self) -> None:
        """Ask the database whether it is there."""
        async with self.connection() as connection, connection.request("ping", 3):
            pass

    async def close(self) -> None:
        """End every connection."""
        self._database.kill(self.connections)


def statement(tx: Transaction, what: str) -> AbstractAsyncContextManager[Work]:
    """Run the block as one statement."""
    return _Statement(tx._connection, what, COMMAND_TIMEOUT)
