"""Owns LEH's own database and one of its cases as the demo finds them; the one rule: tables as an ORM makes them, labels in capitals.

They lie in a schema of their own beside guardian's, and go with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from leh_guardian.evidence.inventory import index_of
from leh_guardian.local.search import Indexes
from leh_guardian.local.seed import BUCKET, TABLE, evidence_id, object_key
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

SCHEMA: Final = "leh_demo"
CASE: Final = "case_3f9c"
LAWYER: Final = "user_lawyer"
SERVICE_USER: Final = "user_guardian"
ATTACKER: Final = "user_mallory"
_FIRST: Final = 9000
"""Numbers of this case's files: those of the other acts begin at nought."""
_DDL: Final = f"""
create schema {SCHEMA};
create type {SCHEMA}.casestatus as enum ('ACTIVE', 'CLOSED');
create type {SCHEMA}.userstatus as enum ('ACTIVE', 'INACTIVE', 'SUSPENDED');
create table {SCHEMA}.users (id varchar(40) primary key, email varchar(255) not null unique,
  role varchar(20) not null default 'LAWYER', status {SCHEMA}.userstatus not null default 'ACTIVE',
  created_at timestamp not null default timezone('UTC', now()) - interval '2 years');
create table {SCHEMA}.cases (id varchar(40) primary key, title varchar(255) not null, status {SCHEMA}.casestatus not null,
  created_by varchar(40) not null references {SCHEMA}.users (id), created_at timestamp not null default now(), updated_at timestamp);
create table {SCHEMA}.audit_logs (id varchar(40) primary key, user_id varchar(40) not null references {SCHEMA}.users (id),
  action varchar(50) not null, object_id varchar(100), timestamp timestamp not null);
insert into {SCHEMA}.users (id, email) values ('{LAWYER}', 'lawyer@leh.example'), ('{SERVICE_USER}', 'guardian@leh.example');
insert into {SCHEMA}.users (id, email, created_at) values
  ('{ATTACKER}', 'mallory@leh.example', timezone('UTC', now()) - interval '1 hour');
insert into {SCHEMA}.cases (id, title, status, created_by) values ('{CASE}', '손해배상', 'ACTIVE', '{LAWYER}');
"""
_CLOSE: Final = f"""
update {SCHEMA}.cases set status = 'CLOSED', updated_at = timezone('UTC', now());
insert into {SCHEMA}.audit_logs values ('audit_0123456789abcdef', '{LAWYER}', 'CASE_CLOSED', '{CASE}', timezone('UTC', now()));
"""


@dataclass(frozen=True, slots=True)
class LocalCase:
    """A case with its files, records and documents."""

    pool: Pool
    s3: Any
    dynamodb: Any
    indexes: Indexes
    evidence: Sequence[str]

    @property
    def cleared(self) -> Sequence[str]:
        """What loses its record when the case is closed."""
        return self.evidence[::2]

    async def close_case(self) -> None:
        """Close it as LEH does: its status, its index, and a part of its records."""
        async with transaction(self.pool) as tx:
            await tx.script(_CLOSE)
        self.indexes.documents.pop(index_of(CASE), None)
        for each in self.cleared:
            await self.dynamodb.delete_item(TableName=TABLE, Key={"evidence_id": {"S": each}})

    async def note(self, user: str, action: str, of: str, ago: str = "10 seconds") -> None:
        """Write a line into LEH's log."""
        async with transaction(self.pool) as tx:
            await tx.execute(
                f"insert into {SCHEMA}.audit_logs values ($1, $2, $3, $4, timezone('UTC', now()) - $5::text::interval)",
                f"audit_{uuid.uuid4().hex[:16]}",
                user,
                action,
                of,
                ago,
            )

    async def account(self, user: str) -> tuple[str, int]:
        """Return an account's status as it is stored, and how often LEH's own log says that it was blocked."""
        async with transaction(self.pool) as tx:
            stored = await tx.fetchval(f"select status::text from {SCHEMA}.users where id = $1", user)
            sql = f"select count(*) from {SCHEMA}.audit_logs where action = 'ACCOUNT_BLOCKED' and object_id = $1"
            return str(stored), int(await tx.fetchval(sql, user))

    async def status(self) -> str:
        """Return its status as it is stored."""
        async with transaction(self.pool) as tx:
            return str(await tx.fetchval(f"select status::text from {SCHEMA}.cases"))

    async def restores(self) -> int:
        """Return how often LEH's own log says that it was restored."""
        async with transaction(self.pool) as tx:
            sql = f"select count(*) from {SCHEMA}.audit_logs where action = 'CASE_RESTORED'"
            return int(await tx.fetchval(sql))

    @property
    def searchable(self) -> set[str]:
        """What a lawyer finds by searching."""
        return {each["evidence_id"] for each in self.indexes.documents.get(index_of(CASE), {}).values()}


async def seeded_case(pool: Pool, s3: Any, dynamodb: Any, indexes: Indexes, many: int) -> LocalCase:
    """Make the tables, and an open case with so many pieces of evidence."""
    async with transaction(pool) as tx:
        await tx.script(_DDL)
    numbers = range(_FIRST, _FIRST + many)
    for number in numbers:
        evidence, name = evidence_id(number), object_key(number).rpartition("/")[2]
        await s3.put_object(Bucket=BUCKET, Key=f"cases/{CASE}/raw/{name}", Body=b"")
        item = {"evidence_id": evidence, "case_id": CASE, "status": "processed"}
        await dynamodb.put_item(TableName=TABLE, Item={name: {"S": value} for name, value in item.items()})
        indexes.put(index_of(CASE), evidence, evidence_id=evidence, case_id=CASE)
    return LocalCase(pool, s3, dynamodb, indexes, [evidence_id(number) for number in numbers])


async def drop(pool: Pool) -> None:
    """Take the tables away again."""
    async with transaction(pool) as tx:
        await tx.script(f"drop schema if exists {SCHEMA} cascade")


def settings(dsn: str) -> dict[str, str]:
    """Return what guardian must be told of them."""
    tables = {
        name: f"{SCHEMA}.{table}" for name, table in (("CASES", "cases"), ("AUDIT", "audit_logs"), ("USERS", "users"))
    }
    return {
        "LEH_PRODUCT_DATABASE_URL": dsn,
        "LEH_PRODUCT_DATABASE__SERVICE_USER": SERVICE_USER,
        **{f"LEH_PRODUCT_DATABASE__{name}": table for name, table in tables.items()},
    }
