"""LEH's own PostgreSQL in the shapes in which ORMs and people make it; each shape in a schema of its own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from leh_guardian.adapters.leh_database.cases import LehCases
from leh_guardian.adapters.leh_database.names import Names

_USERS = "create table users (id {id} primary key, email varchar(255) not null unique, role varchar(20) not null)"
_CASES = (
    "create table cases (id {id} primary key, title varchar(255) not null, status {status} not null, created_by {id} not null"
    " references users (id), created_at {time} not null default now(), updated_at {time} default now())"
)
_LOG = "create table audit_logs (id {audit_id}, user_id {id} {user}, action {action} not null,"
_AUDIT = f"{_LOG} object_id {{object}}, timestamp {{time}} not null)"


@dataclass(frozen=True)
class Shape:
    """How one installation has its tables."""

    id: str = "varchar(40)"
    status: str = "text"
    time: str = "timestamptz"
    audit_id: str = "bigserial primary key"
    user: str = "not null references users (id)"
    action: str = "varchar(50)"
    object: str = "varchar(100)"
    before: tuple[str, ...] = ()
    """Statements that come first: CREATE TYPE, as SQLAlchemy's Enum emits it."""
    after: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    """... and when the case is there."""
    active: str = "active"
    closed: str = "closed"
    case: str = "case_3f9c"
    user_id: str = "user_1"
    service: str = "user_guardian"

    @property
    def statements(self) -> Sequence[str]:
        """The DDL."""
        words = {name: getattr(self, name) for name in ("id", "status", "time", "audit_id", "user", "action", "object")}
        return (*self.before, *(each.format(**words) for each in (_USERS, _CASES, _AUDIT)), *self.after)


_ORM = ("CREATE TYPE casestatus AS ENUM ('ACTIVE', 'CLOSED')",)
_UUIDS = {
    "case": "0b8f9a52-0d5f-4a5e-9d53-0c1a4e3f9c00",
    "user_id": "6d1f0d0e-2c58-4be7-8a55-3a3f5a7c1111",
    "service": "6d1f0d0e-2c58-4be7-8a55-3a3f5a7c2222",
}
SHAPES = {
    "text": Shape(),
    "varchar, upper case, naive times": Shape(status="varchar(6)", time="timestamp", active="ACTIVE", closed="CLOSED"),
    "checked varchar": Shape(
        status="varchar(6) constraint casestatus check (status in ('ACTIVE', 'CLOSED'))", active="ACTIVE", closed="CLOSED"
    ),
    "native enum of an ORM": Shape(status="casestatus", before=_ORM, active="ACTIVE", closed="CLOSED", time="timestamp"),
    "enum in small letters, text ids": Shape(
        status="casestatus",
        before=("CREATE TYPE casestatus AS ENUM ('active', 'pending', 'closed')",),
        audit_id="varchar(40) primary key",
    ),
    "uuids": Shape(
        id="uuid", status='"Case Status"', before=("""CREATE TYPE "Case Status" AS ENUM ('CLOSED', 'ACTIVE')""",),
        audit_id="uuid primary key", object="uuid", active="ACTIVE", closed="CLOSED", **_UUIDS,
    ),
    "integers, identity, enum of actions": Shape(
        id="integer", audit_id="bigint generated always as identity primary key", object="integer", action="auditaction",
        before=("CREATE TYPE auditaction AS ENUM ('CLOSE_CASE', 'CASE_RESTORED', 'LOGIN')",),
        case="17", user_id="1", service="2", time="timestamp(0) with time zone",
    ),
    "a domain, and nobody in the log": Shape(
        status="label", before=("create domain label as text check (value <> '')",), user="", audit_id="text primary key",
        closed="Closed", active="Active",
    ),
}  # fmt: skip


@dataclass
class Product:
    """One shape, made."""

    dsn: str
    """Its owner's."""
    schema: str
    shape: Shape
    names: Names

    async def do(self, sql: str, *args: Any) -> list[Any]:
        """Run a statement as the owner."""
        connection = await asyncpg.connect(self.dsn, server_settings={"search_path": self.schema})
        try:
            return list(await connection.fetch(sql, *args))
        finally:
            await connection.close()

    def cases(self, dsn: str | None = None, **names: Any) -> LehCases:
        """Return the adapter."""
        return LehCases(dsn or self.dsn, replace(self.names, **names))

    async def status(self) -> str:
        """Return the case's status."""
        return str((await self.do("select status::text from cases where id::text = $1", self.shape.case))[0]["status"])

    async def log(self) -> list[Any]:
        """Return the log's lines but the seeded one, oldest first."""
        sql = 'select id::text, user_id::text as "user", action::text, object_id::text as object, timestamp as time from audit_logs'
        return await self.do(f"{sql} where action::text <> 'CLOSE_CASE' order by timestamp")

    async def close_case(self, at: str = "now()") -> None:
        """Close the case as LEH does, with its line in the log."""
        shape = self.shape
        await self.do(f"update cases set status = '{shape.closed}', updated_at = {at} where id = '{shape.case}'")
        own_id = not any(word in shape.audit_id for word in ("serial", "identity"))
        values = f"'{shape.user_id}', 'CLOSE_CASE', '{shape.case}', {at}"
        key = uuid.uuid4() if shape.audit_id.startswith("uuid") else f"audit_{uuid.uuid4().hex[:20]}"
        columns, values = ("id, ", f"'{key}', {values}") if own_id else ("", values)
        await self.do(f"insert into audit_logs ({columns}user_id, action, object_id, timestamp) values ({values})")


async def make_product(dsn: str, shape: Shape | None = None, *, closed: bool = True) -> Product:
    """Make a schema with LEH's tables and one case, closed an hour ago; its URL is the owner's."""
    shape, schema = shape or Shape(), f"leh_{uuid.uuid4().hex[:8]}"
    tables = {"cases": f"{schema}.cases", "audit": f"{schema}.audit_logs", "users": f"{schema}.users"}
    made = Product(dsn, schema, shape, Names(**tables, service_user=shape.service if shape.user else None))
    await made.do(f"create schema {schema}")
    for statement in shape.statements:
        await made.do(statement)
    for one, role in ((shape.user_id, "LAWYER"), (shape.service, "SERVICE")):
        await made.do(f"insert into users (id, email, role) values ('{one}', '{one}@leh.test', '{role}')")
    await made.do(
        f"insert into cases (id, title, status, created_by) values ('{shape.case}', '비밀 사건', '{shape.active}', '{shape.user_id}')"
    )
    if closed:
        await made.close_case("now() - interval '1 hour'")
    for statement in shape.last:
        await made.do(statement)
    return made
