"""Owns transactions; the one rule: begin, commit, rollback and release cannot be cancelled half-way, and the whole has a deadline.

Inside anyio a cancelled scope would cancel asyncpg's own ROLLBACK too and hand a connection in mid-transaction back to the
pool; each of the four is therefore shielded. Each is bounded by the pool's command timeout, so a shield never hangs. A server
that takes nine seconds for every statement would pass that timeout for ever; the deadline of the whole bounds it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

import anyio

from leh_guardian.errors import StoreError, StoreUnavailable
from leh_guardian.store.pool import Pool, translated
from leh_guardian.store.rights import Grants

DEADLINE = 30.0
"""Seconds between the begin and the commit of a transaction."""


class Transaction:
    """An open transaction: run statements through it."""

    def __init__(self, connection: Any, grants: Grants) -> None:
        self._connection = connection
        self._translated = partial(translated, connection, grants)

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        """Run a statement; returns its rows."""
        with self._translated():
            return list(await self._connection.fetch(sql, *args))

    async def fetchrow(self, sql: str, *args: Any) -> Any:
        """Run a statement; returns its first row, or None."""
        with self._translated():
            return await self._connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """Run a statement; returns its first value, or None."""
        with self._translated():
            return await self._connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> int:
        """Run a statement; returns how many rows it touched."""
        with self._translated():
            status: str = await self._connection.execute(sql, *args)
        return int(status.rpartition(" ")[2]) if status[-1:].isdigit() else 0

    async def time(self) -> datetime:
        """Return what the server's clock shows: commands are typed on machines of any clock."""
        told: datetime = await self.fetchval("select clock_timestamp()")
        return told

    async def script(self, sql: str) -> None:
        """Run several statements without parameters (migrations)."""
        with self._translated():
            await self._connection.execute(sql, timeout=60)

    async def copy_rows(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Append rows through COPY, the cheapest way in."""
        with self._translated():
            await self._connection.copy_records_to_table(table, columns=columns, records=rows)


@asynccontextmanager
async def transaction(pool: Pool, *, deadline: float = DEADLINE) -> AsyncIterator[Transaction]:
    """Open a transaction (READ COMMITTED); commits when the block ends, rolls back when it raises.

    Raises:
        StoreUnavailable: the database is away, or the block was not done within `deadline` seconds. When it went away
            during COMMIT, the transaction may have taken place: callers repeat with the same idempotency keys.
        StoreError: a statement was refused, though the block may have swallowed that: nothing was written.
    """
    async with pool.connection() as connection:
        with anyio.CancelScope(shield=True), translated(connection, pool.grants):
            await connection.execute("begin")
        try:
            with anyio.move_on_after(deadline) as within:
                yield Transaction(connection, pool.grants)
            _need_done(within, deadline)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await _roll_back(connection)
            raise
        with anyio.CancelScope(shield=True), translated(connection, pool.grants):
            done = await connection.execute("commit")
        if done != "COMMIT":
            # PostgreSQL rolls back without an error what a failed statement has spoilt, even if the block swallowed that.
            raise StoreError("the transaction was rolled back: a statement in it had been refused")


@asynccontextmanager
async def autocommit(pool: Pool) -> AsyncIterator[Transaction]:
    """Give a connection on which each statement is a transaction of its own: one round trip where `transaction` takes three.

    For what must be quick where the server is slow. A statement that was cancelled may have taken place.
    """
    async with pool.connection() as connection:
        yield Transaction(connection, pool.grants)


def _need_done(within: anyio.CancelScope, deadline: float) -> None:
    if within.cancelled_caught:
        raise StoreUnavailable(f"PostgreSQL: a transaction was not done within {deadline:g} s")


async def _roll_back(connection: Any) -> None:
    """Roll back, or end the connection; never raises: the error that led here is the one to show."""
    try:
        await connection.execute("rollback", timeout=5)
    except Exception:
        # A dead connection rolls back by itself; asyncpg may have taken it back already, which it says by raising.
        with contextlib.suppress(Exception):
            connection.terminate()
