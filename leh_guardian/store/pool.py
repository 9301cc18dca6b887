"""Owns the connections; the one rule: every database call has a deadline and every driver error becomes one of ours.

asyncpg without `command_timeout` hangs on a frozen server for ever, and after a killed server it raises
`InternalClientError`, which is none of its documented error classes: whatever is not clearly a refused statement counts
as the database being away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio
import asyncpg

from leh_guardian.errors import SchemaMismatch, SettingsError, StoreError, StoreUnavailable

SCHEMA = "leh_guardian"
MIN_SERVER = 130000
_COMMAND_TIMEOUT = 10.0
_CONNECT_TIMEOUT = 5.0
_ACQUIRE_TIMEOUT = 5.0

# Whole classes of SQLSTATE: 08, 28 (a password being changed), 40, 53, 57 and 58, and single ones of others.
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what asyncpg and the network raise into StoreUnavailable (try again) or StoreError (a defect)."""
    try:
        yield
    except _AWAY as error:
        raise StoreUnavailable(f"PostgreSQL: {error}") from error
    except asyncpg.PostgresError as error:
        raise StoreError(f"PostgreSQL refused a statement: {error}") from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        text = str(error) or type(error).__name__
        raise StoreUnavailable(f"PostgreSQL cannot be reached: {text}") from error


class _PlainConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that goes back to the pool as it is: nothing here sets, listens or locks beyond its transaction."""

    def get_reset_query(self) -> str:
        """Save each transaction a round trip; asyncpg still rolls back what was left open."""
        return ""


class Pool:
    """Connections to guardian's own database."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str, *, size: int = 10, replica: str = "") -> Pool:
        """Connect and check the server.

        Raises:
            SettingsError: the URL is none, or the log-in is refused.
            SchemaMismatch: the server is too old, or does not keep its promises about durability.
            StoreUnavailable: no server answers there.
        """
        try:
            with translated():
                pool = await asyncpg.create_pool(
                    dsn,
                    min_size=1,
                    max_size=size,
                    timeout=_CONNECT_TIMEOUT,
                    command_timeout=_COMMAND_TIMEOUT,
                    max_inactive_connection_lifetime=300,
                    connection_class=_PlainConnection,
                    server_settings={
                        "application_name": f"leh-guardian {replica}".strip()[:60],
                        "search_path": SCHEMA,
                        # Whatever the role's default: alerts are deleted from SQS on the word of a commit.
                        "synchronous_commit": "on",
                        "timezone": "UTC",
                        "lock_timeout": "5s",
                        "idle_in_transaction_session_timeout": "15s",
                        "statement_timeout": "15s",
                    },
                )
        except StoreUnavailable as error:
            if isinstance(error.__cause__, ValueError):
                # asyncpg's ClientConfigurationError: the URL itself is wrong.
                raise SettingsError(f"LEH_DATABASE_URL is no PostgreSQL URL: {error.__cause__}") from error
            if isinstance(error.__cause__, asyncpg.InvalidAuthorizationSpecificationError):
                # At the start a refused log-in is a mistake; later it is a password being changed.
                raise SettingsError(f"PostgreSQL at {_place(dsn)} refuses: {error.__cause__}") from error
            raise StoreUnavailable(f"no PostgreSQL at {_place(dsn)}: {error.__cause__ or error}") from error
        except (asyncpg.PostgresError, StoreError) as error:
            raise SettingsError(f"PostgreSQL at {_place(dsn)} refuses: {error.__cause__ or error}") from error
        except ValueError as error:
            raise SettingsError(f"LEH_DATABASE_URL is no PostgreSQL URL: {error}") from error
        opened = cls(pool)
        try:
            await opened._check_server(dsn)
        except BaseException:
            await opened.close()
            raise
        return opened

    async def _check_server(self, dsn: str) -> None:
        async with self.connection() as connection:
            with translated():
                row = await connection.fetchrow(
                    "select current_setting('server_version_num')::int as number,"
                    " current_setting('server_version') as version,"
                    " pg_is_in_recovery() as standby"
                )
        if row["number"] < MIN_SERVER:
            raise SchemaMismatch(
                f"PostgreSQL {row['version']} at {_place(dsn)} is too old: leh_guardian needs 13 or newer."
                " Upgrade the server or point LEH_DATABASE_URL at another one."
            )
        if row["standby"]:
            raise SchemaMismatch(
                f"PostgreSQL at {_place(dsn)} is a read-only standby: point LEH_DATABASE_URL at the writer endpoint."
            )

    def connection(self) -> _Connection:
        """Return one connection as an async context manager; only `store/transaction.py` and start-up checks use it."""
        return _Connection(self._pool)

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the server answers a query."""
        async with self.connection() as connection:
            with translated():
                await connection.fetchval("select 1", timeout=3)

    async def close(self) -> None:
        """Close all connections, politely for two seconds."""
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(2) as scope:
                await self._pool.close()
            if scope.cancelled_caught:
                self._pool.terminate()


class _Connection:
    """Acquire and release with a deadline; the release is shielded so that a cancelled task returns a clean connection."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def __aenter__(self) -> Any:
        with translated():
            # Shielded: asyncpg's acquire has its own deadline, and a cancelled one could leak the connection.
            with anyio.CancelScope(shield=True):
                self._connection = await self._pool.acquire(timeout=_ACQUIRE_TIMEOUT)
        return self._connection

    async def __aexit__(self, *exc_info: object) -> None:
        with anyio.CancelScope(shield=True), translated():
            await self._pool.release(self._connection, timeout=_ACQUIRE_TIMEOUT)


def _place(dsn: str) -> str:
    """Return where a database URL points, without its password."""
    try:
        parts = urlsplit(dsn)
        return f"{parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"
    except ValueError:
        return "the given address"
