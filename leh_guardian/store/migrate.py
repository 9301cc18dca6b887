"""Owns the schema's versions; the one rule: migrations go forward only and leave a schema that the program before can use.

Additive steps only (new tables, new nullable columns, new indexes), so that an old replica goes on working while a new one
starts. Each file runs once, in one transaction, under a lock; its digest is kept, and a file changed later is refused.
"""

from __future__ import annotations

import hashlib
from importlib import resources

from leh_guardian.errors import SchemaMismatch, StoreError
from leh_guardian.store.pool import SCHEMA, Pool
from leh_guardian.store.transaction import Transaction, transaction

_LOCK = 0x6C65685F67756172  # "leh_guar": one migration at a time over all replicas


def migrations() -> list[tuple[int, str, str]]:
    """Return (version, name, SQL) of every migration in order."""
    folder = resources.files("leh_guardian.store") / "sql"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [(int(f.name[:4]), f.name.removesuffix(".sql"), f.read_text(encoding="utf-8")) for f in files]


async def migrate(pool: Pool) -> int:
    """Bring the schema up to date; returns its version.

    Raises:
        SchemaMismatch: the role may not create the schema, or an applied migration differs from this program's.
    """
    async with transaction(pool) as tx:
        await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
        try:
            await _create_home(tx)
        except StoreError as error:
            raise SchemaMismatch(
                f"cannot create the schema {SCHEMA}: {error.__cause__}. Let the role of LEH_DATABASE_URL create it:"
                f" grant create on database … to …, or create schema {SCHEMA} authorization …"
            ) from error
        applied = {
            row["version"]: row["digest"] for row in await tx.fetch("select version, digest from schema_version")
        }
        for version, name, sql in migrations():
            digest = hashlib.sha256(sql.encode()).hexdigest()
            if version not in applied:
                await tx.script(sql)
                await tx.execute(
                    "insert into schema_version (version, name, digest) values ($1, $2, $3)", version, name, digest
                )
            elif applied[version] != digest:
                raise SchemaMismatch(
                    f"migration {name} was applied with other contents: this database belongs to another build of"
                    " leh_guardian. Install the version that made it, or use another database."
                )
        # Versions above ours are a newer replica's additive steps: fine.
        return max(int(version) for version in [*applied, *(version for version, _, _ in migrations())])


async def _create_home(tx: Transaction) -> None:
    exists = await tx.fetchval("select to_regclass($1) is not null", f"{SCHEMA}.schema_version")
    if exists:
        return
    await tx.script(f"create schema if not exists {SCHEMA}")
    await tx.script(
        f"create table {SCHEMA}.schema_version (version int primary key, name text not null, digest text not null)"
    )
