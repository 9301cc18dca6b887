"""Owns a case's status in LEH's PostgreSQL; the one rule: from closed to active only, under the row's lock, with its line in the log.

Status and line are one transaction, and the line is found again by its exact time: so a restore whose commit nobody has heard of is
known for its own at the next attempt, and one that comes late, after the case was closed again, does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import anyio

from leh_guardian.adapters.leh_database import spelling
from leh_guardian.adapters.leh_database.audit_log import examples, is_written, lines_sql, newest, write
from leh_guardian.adapters.leh_database.catalogue import IDS, Column, Form, Table, table
from leh_guardian.adapters.leh_database.connection import LehTransaction, transaction
from leh_guardian.adapters.leh_database.names import Names
from leh_guardian.adapters.leh_database.schema import Schema, schema
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Refused, Unavailable
from leh_guardian.fields import is_case_id
from leh_guardian.model.case import CLOSED, CaseRecord, Restored, RestorePolicy, closed_anew
from leh_guardian.model.text import shown
from leh_guardian.telemetry.failpoints import failpoint

_LINES: Final = 100
"""Newest lines of a case in the log that are looked at."""
_MAY: Final = "select has_column_privilege($1::text, $2::text, $3::text) as may"
_ANY_TIME: Final = datetime.fromtimestamp(0, UTC)
"""Where what is written is looked at, and nothing written."""
_RECENT = 60.0
"""Seconds for which a ping believes the one before."""


class LehCases:
    """The port `Cases`."""

    def __init__(self, dsn: str, names: Names) -> None:
        self._dsn = dsn
        self._names = names
        self._pinged: tuple[float, HandlerError | None] | None = None

    @property
    def policy(self) -> RestorePolicy:
        """Which cases stay closed."""
        return self._names.policy

    async def look(self, case: str) -> CaseRecord:
        """Return what is known of a case.

        Raises:
            NotFound: there is none of this id.
            HandlerError: one of its leaves.
        """
        _check(case)
        async with transaction(self._dsn) as tx:
            found = await schema(tx, self._names)
            return await self._case(tx, found, case, await self._log(tx, found, case))

    async def restore(self, case: str, key: UUID, at: datetime, asked_at: datetime) -> Restored:
        """Open a closed case and write that into LEH's log, under `key`; `at` must be the same for every attempt.

        Raises:
            NotFound: there is no such case.
            Refused: it was closed again after `asked_at`, or the tables do not allow it; nothing was changed.
            Unavailable: it may or may not have taken place: call it again with the same `key` and `at`.
        """
        _check(case)
        async with transaction(self._dsn) as tx:
            found = await schema(tx, self._names)
            log = await self._log(tx, found, case)
            restorer, action = found.restorer, found.restored
            more = found.line(key, await examples(tx, found, log), at)
            # The lock: whoever closes or restores it at the same time is before this or after it.
            before = await self._case(tx, found, case, log, lock=True)
            if await is_written(tx, found, case, restorer, action, at):
                return Restored(before, changed=True)
            if before.status != CLOSED:
                return Restored(before, changed=False)
            before = await self._case(tx, found, case, await self._log(tx, found, case))
            if closed_anew(before, asked_at):
                raise Refused(
                    f"the case {case} was closed again at {before.closed_at}, after its restore was asked for"
                )
            await self._open(tx, found, case, before.stored, at)
            await write(tx, found, case, restorer, action, at, more)
            failpoint("restore.before_commit")
        failpoint("restore.committed")
        return Restored(before, changed=True)

    async def ping(self) -> None:
        """Raise when the tables cannot be used, with what to do about it; asks once a minute."""
        if self._pinged is None or anyio.current_time() - self._pinged[0] > _RECENT:
            self._pinged = (anyio.current_time(), Unavailable("LEH's database does not answer"))
            self._pinged = (anyio.current_time(), await self._trouble())
        if self._pinged[1] is not None:
            raise self._pinged[1]

    async def examine(self) -> Sequence[str]:
        """Return what a restore would find of the tables, in words; for the doctor.

        Raises:
            HandlerError, SettingsError: a restore would fail, and why.
        """
        async with transaction(self._dsn) as tx:
            found = await schema(tx, self._names)
            closed = found.closed
            active = found.active(closed)
            restorer = found.restorer
            found.line(UUID(int=0), [], _ANY_TIME)
            said = [
                f"{found.status.place} is {found.status.type}: {active!r} means active, {closed!r} closed",
                f"{found.case_id.place} is {found.case_id.type}",
                f"a restore is written into {found.audit.name} as {found.restored!r} of {restorer or 'nobody'}",
            ]
            await self._may(tx, found)
            if self._names.service_user is not None:
                await self._has_user(tx, self._names.service_user)
            return said

    async def _trouble(self) -> HandlerError | None:
        try:
            async with transaction(self._dsn) as tx:
                await self._may(tx, await schema(tx, self._names))
        except HandlerError as error:
            return error
        return None

    async def _may(self, tx: LehTransaction, found: Schema) -> None:
        """Ask for nothing in the ways in which a restore asks: PostgreSQL checks rights before it looks for rows."""
        await tx.fetch(_case_sql(found, lock=True) + " limit 0", *_nothing(found.case_id.form))
        await tx.fetch(lines_sql(found) + " limit 0", *_nothing(found.object.form))
        lacking = [
            f"{right} ({column.name}) on {column.table}"
            for right, of, column in _rights(found)
            if not (await tx.fetch(_MAY, of.sql, column.name, right))[0]["may"]
        ]
        if lacking:
            raise AccessDenied(
                f"LEH's database: guardian's role lacks {', '.join(lacking)}: grant it as docs/restore.md has it"
            )

    async def _has_user(self, tx: LehTransaction, user: str) -> None:
        users = await table(tx, self._names.users)
        column = users.column(self._names.user_id, IDS)
        if not await tx.fetch(f"select 1 from {users.sql} where {column.sql} = {column.value(1)}", user):
            raise NotFound(f"{column.place} has no {shown(user, 80)!r}: check product_database.service_user")

    async def _case(
        self, tx: LehTransaction, found: Schema, case: str, log: Sequence[Mapping[str, Any]], *, lock: bool = False
    ) -> CaseRecord:
        rows = await tx.fetch(_case_sql(found, lock=lock), case)
        if not rows:
            raise NotFound(f"{found.cases.name} has no case {case}")
        if rows[0]["id"] != case:
            # A UUID in capitals, a number with a nought before it: the evidence is not under that name.
            raise NotFound(f"{found.cases.name} has no case {case}: there it is {shown(rows[0]['id'], 80)}")
        names, row = self._names, rows[0]
        changed = found.updated_at.read(row["changed"], names.zone) if found.updated_at else None
        closing = next((line for line in log if _closes(names, line["action"])), None)
        return CaseRecord(
            case,
            spelling.plain(row["status"], names.active, names.closed),
            row["status"],
            changed,
            closing["user"] if closing else None,
            found.time.read(closing["time"], names.zone) if closing else None,
        )

    async def _log(self, tx: LehTransaction, found: Schema, case: str) -> Sequence[Mapping[str, Any]]:
        return await newest(tx, found, case, _LINES)

    async def _open(self, tx: LehTransaction, found: Schema, case: str, stored: str, at: datetime) -> None:
        """Compare and set."""
        status, sets = found.status, [f"{found.status.sql} = {found.status.value(1)}"]
        values = [found.active(stored), case, stored]
        if found.updated_at is not None:
            sets.append(f"{found.updated_at.sql} = {found.updated_at.value(4)}")
            values.append(found.updated_at.instant(at, self._names.zone))
        sql = (
            f"update {found.cases.sql} set {', '.join(sets)} where {found.case_id.sql} = {found.case_id.value(2)}"
            f" and {status.sql} = {status.value(3)} returning {status.sql}::text as status"
        )
        done = await tx.fetch(sql, *values)
        if len(done) != 1 or done[0]["status"] != values[0]:
            raise Refused(
                f"{found.cases.name} did not take the new status of {case}: does a rule or a trigger hold it?"
            )


def _check(case: str) -> None:
    if not is_case_id(case):
        raise Refused(f"{shown(case, 80)!r} is no id of a case: nothing was asked for")


def _closes(names: Names, action: str) -> bool:
    return any(spelling.same_words(action, one) for one in names.closed_actions)


def _rights(found: Schema) -> Iterator[tuple[str, Table, Column]]:
    """Return what is written to."""
    for column in (found.status, found.updated_at):
        if column is not None:
            yield "update", found.cases, column
    others = (found.audit.columns[name] for name in found.rest(_ANY_TIME))
    for column in (found.user, found.action, found.object, found.time, *others):
        yield "insert", found.audit, column


def _nothing(form: Form) -> tuple[str]:
    """Return a value that any id's type takes."""
    return ("00000000-0000-0000-0000-000000000000" if form is Form.UUID else "0",)


def _case_sql(found: Schema, *, lock: bool) -> str:
    changed = found.updated_at.sql if found.updated_at else "null::timestamptz"
    # Of the row no more than this is read: a case's title is nobody's business here.
    sql = (
        f"select {found.case_id.sql}::text as id, {found.status.sql}::text as status, {changed} as changed from {found.cases.sql}"
        f" where {found.case_id.sql} = {found.case_id.value(1)}"
    )
    return sql + (" for update" if lock else "")
