"""Owns the schema's versions; the one rule: migrations go forward only and leave a schema that the program before can use.

Additive steps only (new tables, new nullable columns, new indexes), so that an old replica goes on working while a new one
starts. Each file runs once, in one transaction, under a lock; its digest is kept, and a file changed later is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources

from leh_guardian.errors import RightsMissing, SchemaMismatch
from leh_guardian.store import rights
from leh_guardian.store.pool import Pool
from leh_guardian.store.rights import SCHEMA
from leh_guardian.store.transaction import Transaction, transaction

_LOCK = 0x6C65685F67756172  # "leh_guar": one migration at a time over all replicas
_DEADLINE = 300.0
"""Seconds for all migrations together, each statement of which has a deadline of its own."""

Migration = tuple[int, str, str]
"""Version, name, SQL."""


def migrations() -> list[Migration]:
    """Return (version, name, SQL) of every migration in order."""
    folder = resources.files("leh_guardian.store") / "sql"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [(int(f.name[:4]), f.name.removesuffix(".sql"), f.read_text(encoding="utf-8")) for f in files]


async def migrate(pool: Pool) -> int:
    """Bring the schema up to date; returns its version.

    Raises:
        SchemaMismatch: the role may not create the schema, or an applied migration differs from this program's.
        RightsMissing: the role may not use the schema as the daemon does.
    """
    async with transaction(pool, deadline=_DEADLINE) as tx:
        await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
        if await is_made(tx):
            await rights.check_daemon_rights(tx)
        else:
            await _create_home(tx)
        await _apply(tx, await pending(tx))
        return await version(tx)


async def is_made(tx: Transaction) -> bool:
    """Return whether the schema is there, also to a role that may not look into it."""
    # to_regclass would refuse such a role; the catalogues tell everybody.
    return bool(
        await tx.fetchval(
            "select exists (select from pg_class join pg_namespace n on n.oid = relnamespace"
            " where nspname = $1 and relname = 'schema_version')",
            SCHEMA,
        )
    )


async def version(tx: Transaction) -> int:
    """Return the newest migration that was applied; 0 for none. Above ours it is a newer replica's additive step: fine."""
    return int(await tx.fetchval(f"select coalesce(max(version), 0) from {SCHEMA}.schema_version"))


async def pending(tx: Transaction) -> list[Migration]:
    """Return the migrations that this program has and a schema which is there has not.

    Raises:
        SchemaMismatch: one was applied with other contents.
        RightsMissing: the role may not look.
    """
    rows = await tx.fetch(f"select version, digest from {SCHEMA}.schema_version")
    applied = {row["version"]: row["digest"] for row in rows}
    for number, name, sql in migrations():
        if applied.get(number, _digest(sql)) != _digest(sql):
            raise SchemaMismatch(
                f"migration {name} was applied with other contents: this database belongs to another build of"
                " leh_guardian. Install the version that made it, or use another database."
            )
    return [migration for migration in migrations() if migration[0] not in applied]


async def check_may_create(tx: Transaction) -> None:
    """Refuse a role that may not make the schema.

    Raises:
        RightsMissing: with the statements, one of which helps.
    """
    row = await tx.fetchrow(
        "select current_user as role, current_database() as database,"
        " coalesce((select has_schema_privilege(oid, 'create') from pg_namespace where nspname = $1),"
        "   has_database_privilege(current_database(), 'create')) as may",
        SCHEMA,
    )
    if not row["may"]:
        raise RightsMissing(
            f"the schema {SCHEMA} is not made yet, and the role {row['role']} may not make it. As the database's owner:"
            f" {rights.to_create_schema(row['role'], row['database'])}"
        )


async def _create_home(tx: Transaction) -> None:
    await check_may_create(tx)
    # Not "if not exists" alone: that asks for the right to create schemas also where the schema is there.
    if not await tx.fetchval("select exists (select from pg_namespace where nspname = $1)", SCHEMA):
        await tx.script(f"create schema {SCHEMA}")
    await tx.script(
        f"create table {SCHEMA}.schema_version (version int primary key, name text not null, digest text not null)"
    )


async def _apply(tx: Transaction, wanted: Sequence[Migration]) -> None:
    for number, name, sql in wanted:
        try:
            await tx.script(sql)
            await tx.execute(
                "insert into schema_version (version, name, digest) values ($1, $2, $3)", number, name, _digest(sql)
            )
        except RightsMissing as error:
            raise RightsMissing(
                f"migration {name} cannot be applied: {error.__cause__}. Start `leh-guardian run` once with the role that owns"
                f" the schema {SCHEMA}"
            ) from error


def _digest(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()
