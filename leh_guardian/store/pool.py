"""Owns the connections; the one rule: every database call has a deadline and every driver error becomes one of ours.

asyncpg without `command_timeout` hangs on a frozen server for ever, and after a killed server it raises
`InternalClientError`, which is none of its documented error classes: whatever is not clearly a refused statement counts
as the database being away.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import anyio
import asyncpg

from leh_guardian.dsn import check_dsn, database, login, place, without_password
from leh_guardian.errors import RightsMissing, SchemaMismatch, SettingsError, StoreError, StoreUnavailable
from leh_guardian.store import rights
from leh_guardian.store.rights import SCHEMA

MIN_SERVER = 130000
_COMMAND_TIMEOUT = 10.0
_CONNECT_TIMEOUT = 5.0
_ACQUIRE_TIMEOUT = 5.0
_LEASE_CONNECTIONS = 4
"""Connections that renewals of leases have to themselves."""

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
)


_CONNECTING = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    ValueError,
    OverflowError,
)
"""What the driver raises while it reads a URL and connects."""

_TLS = "check sslmode and sslrootcert in LEH_DATABASE_URL, and the server's certificate"
_REFUSALS = {
    asyncpg.InvalidPasswordError: "check the user and the password in LEH_DATABASE_URL",
    asyncpg.InvalidAuthorizationSpecificationError: "check the user in LEH_DATABASE_URL, and the server's pg_hba.conf",
    asyncpg.InvalidCatalogNameError: "check the database's name in LEH_DATABASE_URL, or make it with createdb",
}
"""What helps where a log-in is refused."""


@contextmanager
def translated(connection: Any = None, grants: rights.Grants = rights.for_daemon) -> Iterator[None]:
    """Turn what asyncpg and the network raise into one of ours.

    StoreUnavailable: try again. RightsMissing: the role of `connection` lacks a right, which `grants` tells how to give.
    StoreError: a defect.
    """
    try:
        yield
    except asyncpg.ReadOnlySQLTransactionError as error:
        raise StoreUnavailable(
            f"PostgreSQL: {_said(error)}: is LEH_DATABASE_URL the writer, and is default_transaction_read_only off for the role?"
        ) from error
    except _AWAY as error:
        raise StoreUnavailable(f"PostgreSQL: {_said(error)}") from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise rights.missing(_said(error), _role(connection), grants) from error
    except asyncpg.PostgresError as error:
        raise StoreError(f"PostgreSQL refused a statement: {_said(error)}") from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        raise StoreUnavailable(f"PostgreSQL cannot be reached: {_said(error) or type(error).__name__}") from error
    except (ValueError, OverflowError) as error:
        # What asyncpg cannot encode for a COPY it raises as it is; for other statements it makes a PostgresError of it.
        raise StoreError(f"PostgreSQL refused a statement: {_said(error)}") from error


class _PlainConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that goes back to the pool as it is: nothing here sets, listens or locks beyond its transaction."""

    def get_reset_query(self) -> str:
        """Save each transaction a round trip; asyncpg still rolls back what was left open."""
        return ""


class Pool:
    """Connections to guardian's own database."""

    _leases: Pool | None = None

    def __init__(self, pool: asyncpg.Pool[Any], grants: rights.Grants = rights.for_daemon) -> None:
        self._pool = pool
        self.grants = grants
        """What to tell where a right is missing."""

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        size: int = 10,
        replica: str = "",
        grants: rights.Grants = rights.for_daemon,
        leases: bool = False,
        ready: bool = False,
    ) -> Pool:
        """Connect and check the server; `grants` tells what helps a role of this kind where a right is missing.

        `leases` keeps some more connections for `for_leases`; `ready` opens all connections now, and keeps them.

        Raises:
            SettingsError: the URL is none, or the log-in or TLS is refused.
            RightsMissing: the role may not connect to this database.
            SchemaMismatch: the server is too old, or a standby.
            StoreUnavailable: no server answers there.
        """
        check_dsn(dsn)
        try:
            pool = await _create(dsn, size, replica, ready=ready)
        except _CONNECTING as error:
            raise _not_opened(error, dsn) from error
        opened = cls(pool, grants)
        try:
            await opened._check_server(dsn)
            if leases:
                # Ready before they are needed: where the server is slow, to connect takes a good part of a lease.
                opened._leases = await cls.open(
                    dsn, size=_LEASE_CONNECTIONS, replica=replica, grants=grants, ready=True
                )
        except BaseException:
            await opened.close()
            raise
        return opened

    async def _check_server(self, dsn: str) -> None:
        async with self.connection() as connection:
            with translated(connection):
                row = await connection.fetchrow(
                    "select current_setting('server_version_num')::int as number,"
                    " current_setting('server_version') as version,"
                    " pg_is_in_recovery() as standby"
                )
        if row["number"] < MIN_SERVER:
            raise SchemaMismatch(
                f"PostgreSQL {row['version']} at {place(dsn)} is too old: leh_guardian needs 13 or newer."
                " Upgrade the server or point LEH_DATABASE_URL at another one."
            )
        if row["standby"]:
            raise SchemaMismatch(
                f"PostgreSQL at {place(dsn)} is a read-only standby: point LEH_DATABASE_URL at the writer endpoint."
            )

    def connection(self) -> _Connection:
        """Return one connection as an async context manager; only `store/transaction.py` and start-up checks use it."""
        return _Connection(self._pool)

    @property
    def for_leases(self) -> Pool:
        """The connections on which leases are renewed.

        When the server is slow all others are busy, and a renewal that waits for them loses the lease of an attempt that
        is alive: it would be run a second time because there is too much to do.
        """
        return self._leases or self

    async def time(self) -> datetime:
        """Return what the server's clock shows; StoreUnavailable when it does not answer within three seconds."""
        async with self.connection() as connection:
            with translated():
                told: datetime = await connection.fetchval("select clock_timestamp()", timeout=3)
                return told

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the server answers a query and would take a write."""
        async with self.connection() as connection:
            with translated():
                read_only = await connection.fetchval(
                    "select current_setting('transaction_read_only')::boolean", timeout=3
                )
        if read_only:
            raise StoreUnavailable("PostgreSQL takes no writes: a standby, or default_transaction_read_only is on")

    async def close(self) -> None:
        """Close all connections, politely for two seconds."""
        if self._leases is not None:
            await self._leases.close()
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


async def _create(dsn: str, size: int, replica: str, *, ready: bool) -> asyncpg.Pool[Any]:
    return await asyncpg.create_pool(
        dsn,
        min_size=size if ready else 1,
        max_size=size,
        timeout=_CONNECT_TIMEOUT,
        command_timeout=_COMMAND_TIMEOUT,
        max_inactive_connection_lifetime=0 if ready else 300,
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


def _not_opened(error: Exception, dsn: str) -> SettingsError | StoreError:
    """Return our error for a connection that could not be made; never with the password."""
    where, said = place(dsn), without_password(_said(error), dsn)
    match error:
        case asyncpg.InsufficientPrivilegeError():
            fix = rights.to_connect(login(dsn), database(dsn))
            return RightsMissing(f"PostgreSQL at {where} refuses: {said} As the database's owner: {fix}")
        # At the start a refused log-in is a mistake; later it is a password being changed.
        case asyncpg.PostgresError() if isinstance(error, tuple(_REFUSALS)) or not isinstance(error, _AWAY):
            fix = next((fix for kind, fix in _REFUSALS.items() if isinstance(error, kind)), "check LEH_DATABASE_URL")
            return SettingsError(f"PostgreSQL at {where} refuses: {said}; {fix}")
        case ssl.SSLError():
            return SettingsError(f"no TLS with PostgreSQL at {where}: {said}; {_TLS}")
        case ConnectionError() if "SSL" in said:  # asyncpg's own words where the server has no TLS
            return SettingsError(f"no TLS with PostgreSQL at {where}: {said}; {_TLS}")
        case ValueError() | OverflowError():
            return SettingsError(f"LEH_DATABASE_URL (or PGHOST, PGPORT and so on) cannot be used: {said}")
        case TimeoutError():
            return StoreUnavailable(f"no PostgreSQL at {where}: no answer within {_CONNECT_TIMEOUT:g} s")
        case _:
            said = said or "it ends the connection at once; is that a PostgreSQL?"
            return StoreUnavailable(f"no PostgreSQL at {where}: {said}")


def _said(error: BaseException) -> str:
    """Return what an error says, details and hints included, in one line."""
    return " ".join(str(error).split())


def _role(connection: Any) -> str | None:
    """Return the role that a connection works as; the server reports it by itself."""
    if connection is None:
        return None
    role: str | None = getattr(connection.get_settings(), "session_authorization", None)
    return role
