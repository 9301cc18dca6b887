"""Roles that may not do everything: what is told makes it work when it is pasted."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from leh_guardian.errors import RightsMissing, SchemaMismatch, StoreUnavailable
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.mode import Mode
from leh_guardian.store import control, migrate, rights
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.clock import FakeClock


@dataclass
class Role:
    """A role without any right, on a database of its own with guardian's schema."""

    name: str
    owner: str
    """The URL of the schema's owner."""
    dsn: str

    async def paste(self, message: str) -> None:
        """Run the statements of a message as the owner."""
        statements = re.findall(r"(?:grant|create schema|alter) [^;]*;", message)
        assert statements
        await self.do(*statements)

    async def do(self, *statements: str) -> None:
        """Run statements as the owner."""
        connection = await asyncpg.connect(self.owner)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture
async def role(postgres: EmbeddedPostgres) -> AsyncIterator[Role]:
    """A new role; its name needs quotes."""
    database, name = f"rights_{uuid.uuid4().hex[:8]}", f'on "call" {uuid.uuid4().hex[:8]}'
    postgres.create_database(database)
    owner = postgres.dsn(database)
    dsn = f"postgresql://{name.replace(' ', '%20').replace(chr(34), '%22')}:pw@127.0.0.1:{postgres.port}/{database}"
    made = Role(name, owner, dsn)
    await made.do(f"create role {rights.quoted(name)} login password 'pw'")
    yield made
    await made.do(f"drop owned by {rights.quoted(name)}", f"drop role {rights.quoted(name)}")


async def make_schema(role: Role) -> None:
    """The schema as the owner's first start makes it."""
    pool = await Pool.open(role.owner, size=1)
    await migrate.migrate(pool)
    await pool.close()


async def look(role: Role) -> None:
    """What `mode show` does."""
    pool = await Pool.open(role.dsn, size=1, grants=rights.for_commands)
    try:
        async with transaction(pool) as tx:
            assert not await migrate.pending(tx)
            await control.modes(tx)
    finally:
        await pool.close()


async def switch(role: Role) -> None:
    """What `mode set` does to the kill switch."""
    pool = await Pool.open(role.dsn, size=1, grants=rights.for_commands)
    try:
        async with transaction(pool) as tx:
            await control.set_mode(tx, "*", Mode.OFF, "x", "x", FakeClock().now())
    finally:
        await pool.close()


async def start(role: Role) -> None:
    """What `run` does at its start."""
    pool = await Pool.open(role.dsn, size=1)
    try:
        await migrate.migrate(pool)
    finally:
        await pool.close()


async def test_looking_and_answering(role: Role) -> None:
    """A refused statement names the role and the grants; pasted, they let it look, and answer as well."""
    await make_schema(role)
    with pytest.raises(RightsMissing, match="permission denied for schema") as raised:
        await look(role)
    await role.paste(rights.to_read(role.name))
    assert rights.to_read(role.name) in str(raised.value)
    await look(role)
    with pytest.raises(RightsMissing, match="permission denied for table control") as raised:
        await switch(role)
    await role.paste(str(raised.value))
    await switch(role)


async def test_no_connect(role: Role, postgres: EmbeddedPostgres) -> None:
    """A role that may not connect is told the grant."""
    database = role.owner.rpartition("/")[2]
    await role.do(f"revoke connect on database {database} from public")
    with pytest.raises(RightsMissing, match="CONNECT") as raised:
        await Pool.open(role.dsn)
    await role.paste(str(raised.value))
    await (await Pool.open(role.dsn)).close()
    await role.do(f"revoke connect on database {database} from {rights.quoted(role.name)}")


async def test_the_daemons_start(role: Role) -> None:
    """A start with too few rights is refused at once, with all that is missing; pasted, the grants let it start."""
    await make_schema(role)
    await role.paste(rights.to_read(role.name))
    with pytest.raises(
        RightsMissing, match=r"actions \(delete, insert, update\).*journal \(delete, insert\)"
    ) as raised:
        await start(role)
    await role.paste(str(raised.value))
    await start(role)


async def test_the_first_start(role: Role) -> None:
    """A role that may not make the schema is told both ways to have it made; each works."""
    with pytest.raises(RightsMissing, match="grant create on database") as raised:
        await start(role)
    await role.paste(str(raised.value))
    await start(role)


async def test_read_only_sessions(role: Role) -> None:
    """A role whose sessions are read-only is told so, as something that may pass: a full disk does the same."""
    await make_schema(role)
    await role.paste(rights.to_run(role.name))
    await role.do(f"alter role {rights.quoted(role.name)} set default_transaction_read_only = on")
    with pytest.raises(StoreUnavailable, match="default_transaction_read_only"):
        await start(role)
    with pytest.raises(StoreUnavailable, match="read-only"):
        await switch(role)


async def test_every_table_is_in_the_list(role: Role) -> None:
    """A table that a migration adds is one whose rights the start checks."""
    await make_schema(role)
    connection = await asyncpg.connect(role.owner)
    rows = await connection.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'leh_guardian'::regnamespace"
    )
    await connection.close()
    assert {row["relname"] for row in rows} == set(rights.DAEMON_NEEDS)


async def test_a_standby_is_refused(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A hot standby is told apart from an outage, with where to point instead."""
    own = EmbeddedPostgres.start(tmp_path_factory.mktemp("standby"), durable=False)
    try:
        own._halt(2)  # type: ignore[arg-type]
        signal = own.data / "standby.signal"
        signal.touch()
        own._files.account.own(signal)
        own.restart()
        with pytest.raises(SchemaMismatch, match="writer endpoint"):
            await Pool.open(own.dsn())
    finally:
        own.stop(remove=True)
