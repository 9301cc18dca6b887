"""Owns the way to LEH's PostgreSQL; the one rule: a connection lives for one transaction, and every wait in it has an end.

Restores are rare, so there is no pool: each begins with a fresh connection, whatever became of the server since, and behind a pooler
nothing is kept from one transaction to the next (time-outs are `set local`, statements are not kept prepared).

`reading` is for the weekly look into the audit log: read only, one snapshot, and errors without what the server says, since that can
quote a row.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import anyio
import asyncpg

from leh_guardian.dsn import check_dsn, place, without_password
from leh_guardian.errors import AccessDenied, GuardianError, HandlerError, NotFound, Refused, SettingsError, Unavailable

VARIABLE: Final = "LEH_PRODUCT_DATABASE_URL"
DEADLINE: Final = 20.0
"""Seconds between the connect and the commit."""
_CONNECT = 5.0
_COMMAND = 10.0
_CLOSE = 2.0
LIMITS = "set local statement_timeout = '8s'; set local lock_timeout = '4s'; set local idle_in_transaction_session_timeout = '5s'"
_READING: Final = (
    "begin isolation level repeatable read read only; set local statement_timeout = '{seconds:d}s'; set local lock_timeout = '4s';"
    # A cursor that is read to its end, and in the same order each time.
    " set local cursor_tuple_fraction = 1; set local synchronize_seqscans = off;"
    " set local idle_in_transaction_session_timeout = '60s'"
)
_GRACE: Final = 5.0
"""Seconds by which the server's own time-out comes first."""
_GRANTS: Final = "grant it to guardian's role as docs/restore.md has it"
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
)
_NO_ID = (asyncpg.InvalidTextRepresentationError, asyncpg.NumericValueOutOfRangeError)
"""What is no value of the column's type, and so no id in it."""


class LehTransaction:
    """An open transaction."""

    def __init__(self, connection: Any, dsn: str, *, quoting: bool = True) -> None:
        self._connection = connection
        self._dsn = dsn
        self._quoting = quoting

    async def fetch(self, sql: str, *args: Any) -> Sequence[Mapping[str, Any]]:
        """Run a statement; returns its rows.

        Raises:
            NotFound: a value can be none of its column's, as a word for a number.
            HandlerError: one of its leaves.
        """
        try:
            return list(await self._connection.fetch(sql, *args))
        except Exception as error:
            if self._quoting:
                raise translated(error, self._dsn) from error
            failed = unquoted(error)
        # Out here, so that the driver's error is not kept as its context.
        raise failed


@asynccontextmanager
async def transaction(dsn: str) -> AsyncIterator[LehTransaction]:
    """Open a transaction (READ COMMITTED); commits when the block ends, rolls back when it raises.

    Raises:
        Unavailable: the database is away, or too slow. Where it went away during the commit, that may have taken place.
        AccessDenied, Refused, NotFound: it says no.
        SettingsError: the URL is none.
    """
    async with _begun(dsn, f"begin; {LIMITS}", DEADLINE, _COMMAND) as connection:
        yield LehTransaction(connection, dsn)


@asynccontextmanager
async def reading(dsn: str, seconds: float) -> AsyncIterator[LehTransaction]:
    """Open a transaction that reads one snapshot for so many seconds at most, and whose errors quote no row.

    Raises:
        Unavailable: the database is away.
        AccessDenied, Refused, NotFound: it says no; Refused also where a statement takes too long.
        SettingsError: the URL is none.
    """
    most = max(1, int(seconds))
    async with _begun(dsn, _READING.format(seconds=most), most + 2 * _GRACE, most + _GRACE) as connection:
        yield LehTransaction(connection, dsn, quoting=False)


@asynccontextmanager
async def _begun(dsn: str, begin: str, deadline: float, command: float) -> AsyncIterator[Any]:
    check_dsn(dsn, VARIABLE)
    with anyio.move_on_after(deadline) as scope:
        connection = await _connect(dsn, command)
        try:
            await _run(connection, begin, dsn)
            yield connection
            await _run(connection, "commit", dsn)
        finally:
            # Not rolled back by us: what has not committed ends with its connection.
            with anyio.CancelScope(shield=True), suppress(Exception):
                await _end(connection)
    if scope.cancelled_caught:
        raise Unavailable(f"LEH's database: a transaction was not done within {deadline:g} s")


async def _connect(dsn: str, command: float) -> Any:
    try:
        return await asyncpg.connect(
            dsn,
            timeout=_CONNECT,
            command_timeout=command,
            # A pooler in transaction mode gives each transaction another server, which knows none of ours.
            statement_cache_size=0,
            server_settings={"application_name": "leh-guardian restore"},
        )
    except Exception as error:
        raise _not_connected(error, dsn) from error


async def _run(connection: Any, sql: str, dsn: str) -> None:
    try:
        done = await connection.execute(sql)
    except Exception as error:
        raise translated(error, dsn) from error
    if sql == "commit" and done != "COMMIT":
        raise Refused("LEH's database rolled the change back")


async def _end(connection: Any) -> None:
    with anyio.move_on_after(_CLOSE):
        await connection.close(timeout=_CLOSE)
        return
    connection.terminate()


def _not_connected(error: Exception, dsn: str) -> GuardianError:
    where, said = place(dsn), without_password(_said(error), dsn)
    match error:
        case asyncpg.InvalidAuthorizationSpecificationError() | asyncpg.InsufficientPrivilegeError():
            return AccessDenied(f"LEH's database at {where} refuses the log-in: {said}; check {VARIABLE}")
        case asyncpg.InvalidCatalogNameError():
            return Refused(f"LEH's database at {where}: {said}; check {VARIABLE}")
        case ssl.SSLError():
            return Refused(
                f"no TLS with LEH's database at {where}: {said}; check sslmode and sslrootcert in {VARIABLE}"
            )
        case TimeoutError():  # before OSError, which it is
            return Unavailable(f"no LEH database at {where}: no answer within {_CONNECT:g} s")
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | asyncpg.InternalClientError() | OSError():
            return Unavailable(f"no LEH database at {where}: {said or 'it ends the connection at once'}")
        case _:
            return SettingsError(f"{VARIABLE} cannot be used: {said}")


def translated(error: Exception, dsn: str) -> HandlerError:
    """Return our error for one of the driver's; never with a value of a row, which `DETAIL` would quote."""
    said = without_password(_said(error), dsn)
    match error:
        case asyncpg.LockNotAvailableError():
            return Unavailable(f"LEH's database: somebody else is at work on this case: {said}")
        case asyncpg.ReadOnlySQLTransactionError():
            return Unavailable(f"LEH's database takes no writes: {said}: is {VARIABLE} the writer?")
        case asyncpg.PostgresError() if isinstance(error, _AWAY):
            return Unavailable(f"LEH's database: {said}")
        case asyncpg.InsufficientPrivilegeError():
            return AccessDenied(f"LEH's database: {said}: {_GRANTS}")
        case asyncpg.PostgresError() if isinstance(error, _NO_ID):
            return NotFound(f"LEH's database: {said}")
        case asyncpg.PostgresError():
            return Refused(f"LEH's database refuses: {said}")
        case asyncpg.InterfaceError() | asyncpg.InternalClientError() | OSError() | TimeoutError():
            return Unavailable(f"LEH's database cannot be reached: {said or type(error).__name__}")
    return Refused(f"LEH's database: {type(error).__name__}: {said}")


def unquoted(error: Exception) -> HandlerError:
    """Return our error for one of the driver's, with nothing that the server says but of rights, names and itself."""
    match error:
        case asyncpg.QueryCanceledError():
            return Refused(
                "LEH's database: a statement took longer than it may: an index on the column of times would help, or more time"
            )
        case asyncpg.InsufficientPrivilegeError():
            return AccessDenied(f"LEH's database: {_said(error)}: grant it to guardian's role as docs/checks.md has it")
        case asyncpg.PostgresError() if isinstance(error, _AWAY):
            return Unavailable(f"LEH's database: {type(error).__name__} ({error.sqlstate})")
        case asyncpg.PostgresError():
            return Refused(f"LEH's database refuses: {type(error).__name__} ({error.sqlstate})")
        case asyncpg.InterfaceError() | asyncpg.InternalClientError() | OSError() | TimeoutError():
            return Unavailable(f"LEH's database cannot be reached: {type(error).__name__}")
    return Refused(f"LEH's database: {type(error).__name__}")


def _said(error: BaseException) -> str:
    """Return what the server says, without detail and hint."""
    message = getattr(error, "message", None) or (str(error.args[0]) if error.args else "")
    constraint = getattr(error, "constraint_name", None)
    return " ".join(str(message).split()) + (f" ({constraint})" if constraint and constraint not in message else "")
