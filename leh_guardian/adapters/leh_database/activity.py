"""Owns the look into LEH's audit log, and when accounts were made; the one rule: it only reads, newest first, and a bounded part.

Who touched a case is found by its objects, then everything that these accounts did: views elsewhere are what tells a person from
a program. LEH needs no index for that; a log too large to be gone through in the time of a statement is told as unreadable.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from leh_guardian.adapters.leh_database.catalogue import IDS, TIMES, Column, Form, table
from leh_guardian.adapters.leh_database.connection import LehTransaction, transaction
from leh_guardian.adapters.leh_database.names import Names
from leh_guardian.adapters.leh_database.schema import Schema, schema
from leh_guardian.errors import Permanent
from leh_guardian.model.activity import Activity, Line

_MOST_USERS: Final = 500
_MOST_CASES: Final = 50


class LehActivity:
    """The port `Activities`."""

    def __init__(self, dsn: str, names: Names) -> None:
        self._dsn = dsn
        self._names = names

    async def around(self, objects: Collection[str], since: datetime, most: int) -> Activity:
        """Return what everybody did who touched one of these objects since an instant."""
        async with transaction(self._dsn) as tx:
            found = await schema(tx, self._names)
            users = await self._touched(tx, found, objects, since)
            lines = await self._lines(tx, found, users, since, most)
        return await self._with_accounts(lines, most, ())

    async def of(self, user: str, since: datetime, most: int) -> Activity:
        """Return what an account did since an instant, and which of the objects are cases."""
        async with transaction(self._dsn) as tx:
            found = await schema(tx, self._names)
            lines = await self._lines(tx, found, [user], since, most)
            cases = await self._cases(tx, found, {line.object for line in lines if line.object})
        return await self._with_accounts(lines, most, cases)

    async def _touched(
        self, tx: LehTransaction, found: Schema, objects: Collection[str], since: datetime
    ) -> Sequence[str]:
        sql = (
            f'select {found.user.sql}::text as "user" from {found.audit.sql} where {_any(found.object, 1)}'
            f" and {found.user.sql} is not null and {found.time.sql} >= {found.time.value(2)}"
            f" group by 1 order by count(*) desc limit {_MOST_USERS}"
        )
        rows = await tx.fetch(sql, sorted(objects), found.time.instant(since, self._names.zone))
        return [row["user"] for row in rows]

    async def _lines(
        self, tx: LehTransaction, found: Schema, users: Sequence[str], since: datetime, most: int
    ) -> tuple[Line, ...]:
        sql = (
            f'select {found.user.sql}::text as "user", {found.action.sql}::text as action,'
            f" {found.object.sql}::text as object, {found.time.sql} as time from {found.audit.sql}"
            f" where {_any(found.user, 1)} and {found.time.sql} >= {found.time.value(2)}"
            f" order by {found.time.sql} desc limit {int(most)}"
        )
        rows = await tx.fetch(sql, users, found.time.instant(since, self._names.zone))
        read = ((row, found.time.read(row["time"], self._names.zone)) for row in rows)
        return tuple(Line(row["user"], row["action"] or "", row["object"], at) for row, at in read if at is not None)

    async def _cases(self, tx: LehTransaction, found: Schema, objects: Collection[str]) -> tuple[str, ...]:
        sql = f"select {found.case_id.sql}::text as id from {found.cases.sql} where {_any(found.case_id, 1)} limit {_MOST_CASES}"
        return tuple(row["id"] for row in await tx.fetch(sql, sorted(objects)))

    async def _with_accounts(self, lines: tuple[Line, ...], most: int, cases: tuple[str, ...]) -> Activity:
        try:
            created = await self._created({line.user for line in lines})
        except Permanent:
            # No such column, or no right to read it: one signal less, which the judgement tells.
            created = {}
        return Activity(lines, created, cases, whole=len(lines) < most)

    async def _created(self, users: Collection[str]) -> dict[str, datetime]:
        async with transaction(self._dsn) as tx:
            accounts = await table(tx, self._names.users)
            key = accounts.column(self._names.user_id, IDS)
            made = accounts.column(self._names.user_created, TIMES)
            sql = f"select {key.sql}::text as id, {made.sql} as made from {accounts.sql} where {_any(key, 1)}"
            rows = await tx.fetch(sql, sorted(users))
        read = {row["id"]: made.read(row["made"], self._names.zone) for row in rows}
        return {user: at for user, at in read.items() if at is not None}


def _any(column: Column, number: int) -> str:
    """Return the comparison of an id with several, as texts: one that is none of the column's type must not end the statement."""
    own = column.sql if column.form is Form.TEXT else f"{column.sql}::text"
    return f"{own} = any(${number}::text[])"
