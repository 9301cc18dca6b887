"""Owns the harness's own view of guardian's database; the one rule: it reads past every proxy, on a connection of its own.

It has a thread and a loop of its own, so that a test asks it plainly and the servers' hooks await it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

import asyncpg

from tests.support.loop_thread import LoopThread

_DEADLINE = 5.0
_SETTINGS = {"search_path": "leh_guardian", "application_name": "harness", "timezone": "UTC"}
_GONE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


class Away(Exception):
    """The database cannot be asked at this instant."""


class Truth(LoopThread):
    """Asks guardian's database."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self._connection: Any = None
        self._turn = asyncio.Lock()

    def turn_to(self, dsn: str) -> None:
        """Ask another server from now on."""
        self._dsn = dsn
        self.call(self._drop)

    def rows(self, sql: str, *args: Any) -> list[Any]:
        """Run a statement; returns its rows.

        Raises:
            Away: the database does not answer.
        """
        found: list[Any] = self.wait_for(self._fetch(sql, args))
        return found

    def value(self, sql: str, *args: Any) -> Any:
        """Run a statement; returns its first value."""
        return self.rows(sql, *args)[0][0]

    def ask(self, sql: str, *args: Any) -> Awaitable[list[Any]]:
        """Run a statement from another loop."""
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._fetch(sql, args), self._loop))

    async def _open(self) -> None:
        """Connect at the first question: the server may be away."""

    async def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*_GONE):
                await self._connection.close(timeout=2)

    async def _fetch(self, sql: str, args: tuple[Any, ...]) -> list[Any]:
        async with self._turn:
            try:
                return await self._try(sql, args)
            except asyncpg.UndefinedTableError as error:
                raise Away("the schema is not made yet") from error
            except _GONE:
                # A restart ends the connection; the next one may be good.
                self._drop()
            try:
                return await self._try(sql, args)
            except _GONE as error:
                self._drop()
                raise Away(str(error) or type(error).__name__) from error

    async def _try(self, sql: str, args: tuple[Any, ...]) -> list[Any]:
        if self._connection is None:
            self._connection = await asyncpg.connect(
                self._dsn, timeout=_DEADLINE, command_timeout=_DEADLINE, server_settings=_SETTINGS
            )
        return list(await self._connection.fetch(sql, *args))

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
