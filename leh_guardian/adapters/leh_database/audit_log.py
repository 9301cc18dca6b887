"""Owns guardian's lines in LEH's audit log; the one rule: a line is written with what it tells of, and is known again.

Lines have no place for an action's id, so a line is found by its object, its user, its word and its exact time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from leh_guardian.adapters.leh_database.connection import LehTransaction
from leh_guardian.adapters.leh_database.schema import Schema


async def newest(tx: LehTransaction, found: Schema, of: str, most: int) -> Sequence[Mapping[str, Any]]:
    """Return the newest lines about an object, the newest first: `id`, `user`, `action`, `time`."""
    return await tx.fetch(f"{lines_sql(found)} order by {found.time.sql} desc limit {most}", of)


def lines_sql(found: Schema) -> str:
    """Return the SQL for the lines about the object $1."""
    return (
        f'select {found.audit_id.sql}::text as id, {found.user.sql}::text as "user", {found.action.sql}::text as action,'
        f" {found.time.sql} as time from {found.audit.sql} where {found.object.sql} = {found.object.value(1)}"
    )


async def examples(tx: LehTransaction, found: Schema, lines: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """Return ids that lines of the log have: those of `lines`, or of any other one."""
    other = f"select {found.audit_id.sql}::text as id from {found.audit.sql} limit 1"
    return [str(line["id"]) for line in lines or await tx.fetch(other)]


async def is_written(tx: LehTransaction, found: Schema, of: str, who: str | None, action: str, at: datetime) -> bool:
    """Tell whether guardian's line about the object `of` stands there: it is known by its exact time."""
    sql = (
        f"select 1 from {found.audit.sql} where {found.object.sql} = {found.object.value(1)}"
        f" and {found.user.sql} is not distinct from {found.user.value(2)}"
        f" and {found.action.sql} = {found.action.value(3)} and {found.time.sql} = {found.time.value(4)}"
    )
    return bool(await tx.fetch(sql, of, who, action, found.time.instant(at, found.names.zone)))


async def write(
    tx: LehTransaction,
    found: Schema,
    of: str,
    who: str | None,
    action: str,
    at: datetime,
    more: Mapping[str, Any],
) -> None:
    """Write a line; `more` is what `Schema.line` says."""
    line = {
        found.user.name: who,
        found.action.name: action,
        found.object.name: of,
        found.time.name: found.time.instant(at, found.names.zone),
        **more,
    }
    columns = [found.audit.columns[name] for name in line]
    names = ", ".join(column.sql for column in columns)
    values = ", ".join(column.value(number) for number, column in enumerate(columns, 1))
    await tx.fetch(f"insert into {found.audit.sql} ({names}) values ({values})", *line.values())
