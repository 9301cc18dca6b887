"""The connection to PostgreSQL: what it refuses, what it survives, and the schema's versions."""

from __future__ import annotations

import uuid
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest

from leh_guardian.errors import SchemaMismatch, SettingsError, StoreError, StoreUnavailable
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store import migrate as migrations
from leh_guardian.store import pool as pools
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction


async def test_old_server_is_refused(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server older than the oldest supported one is named with its version and what to do."""
    monkeypatch.setattr(pools, "MIN_SERVER", 990000)
    with pytest.raises(SchemaMismatch, match=r"PostgreSQL .* is too old.*13 or newer"):
        await Pool.open(postgres.dsn("guardian"))


async def test_commits_wait_for_the_disk(pool: Pool) -> None:
    """Whatever the server's or role's default, our sessions commit synchronously: SQS messages are deleted on that word."""
    async with pool.connection() as connection:
        assert await connection.fetchval("show synchronous_commit") == "on"


async def test_migrations_run_once_and_side_by_side(postgres: EmbeddedPostgres) -> None:
    """Replicas that start together bring the schema up once; a second start changes nothing."""
    name = f"migrate_{uuid.uuid4().hex[:8]}"
    postgres.create_database(name)
    opened = [await Pool.open(postgres.dsn(name), size=2) for _ in range(4)]
    try:
        async with anyio.create_task_group() as tasks:
            for each in opened:
                tasks.start_soon(migrate, each)
        assert await migrate(opened[0]) == migrations.migrations()[-1][0]
    finally:
        for each in opened:
            await each.close()


async def test_another_build_is_refused_and_a_newer_one_is_not(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that was applied with other contents is refused; versions of a newer program are left alone."""
    name = f"migrate_{uuid.uuid4().hex[:8]}"
    postgres.create_database(name)
    pool = await Pool.open(postgres.dsn(name), size=2)
    try:
        await migrate(pool)
        async with transaction(pool) as tx:
            await tx.execute("insert into schema_version values (9000, 'newer', 'x')")
        assert await migrate(pool) == 9000
        edited = [(version, title, sql + "\n-- edited") for version, title, sql in migrations.migrations()]
        monkeypatch.setattr(migrations, "migrations", lambda: edited)
        with pytest.raises(SchemaMismatch, match="another build"):
            await migrate(pool)
    finally:
        await pool.close()


async def test_killed_server_is_unavailable_then_back(tmp_path: Path) -> None:
    """Every error of a killed server means "try again", whatever class the driver gives it; the pool heals by itself."""
    server = EmbeddedPostgres.start(tmp_path / "own", durable=False)
    try:
        server.create_database("x")
        pool = await Pool.open(server.dsn("x"), size=4)

        async def until(*, available: bool) -> bool:
            """Query until the database answers, or until it does not."""
            while True:
                try:
                    async with transaction(pool) as tx:
                        await tx.fetchval("select pg_sleep(0.05)")
                    found = True
                except StoreUnavailable:
                    found = False
                if found == available:
                    return found
                await anyio.sleep(0.05)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, server.kill)
            with anyio.fail_after(20):
                assert not await until(available=False)
        server.restart()
        with anyio.fail_after(20):
            assert await until(available=True)
        await pool.close()
    finally:
        server.stop(remove=True)


async def test_cancelled_transactions_leave_clean_connections(pool: Pool) -> None:
    """A transaction cancelled at any instant is rolled back or committed whole, and its connection can be used again."""
    for step in range(30):
        with anyio.move_on_after(step * 0.0005):
            async with transaction(pool) as tx:
                await tx.execute("insert into inbox values (gen_random_uuid(), now())")
                await tx.execute("insert into inbox values (gen_random_uuid(), now())")
    async with transaction(pool) as tx:
        assert await tx.fetchval("select count(*) from inbox") % 2 == 0


async def test_a_server_that_takes_no_writes_is_away(postgres: EmbeddedPostgres) -> None:
    """A managed service whose disk is full turns its sessions read-only: that answers queries, and nothing can be taken in."""
    pool = await Pool.open(postgres.dsn("guardian"), size=1)
    try:
        await pool.ping()
        async with pool.connection() as connection:
            await connection.execute("set default_transaction_read_only = on")
        with pytest.raises(StoreUnavailable, match="takes no writes"):
            await pool.ping()
    finally:
        await pool.close()


async def test_a_transaction_has_a_deadline_as_a_whole(pool: Pool) -> None:
    """A server that answers each statement within its deadline, and never gets done, is an outage; nothing of it stays."""

    async def drip() -> None:
        async with transaction(pool, deadline=0.3) as tx:
            while True:
                await tx.execute("insert into inbox values (gen_random_uuid(), now())")
                await tx.fetchval("select pg_sleep(0.05)")

    with anyio.fail_after(20), pytest.raises(StoreUnavailable, match="was not done within"):
        await drip()
    async with transaction(pool) as tx:
        assert await tx.fetchval("select count(*) from inbox") == 0


async def test_a_stalled_process_and_a_changed_password_are_outages(postgres: EmbeddedPostgres, pool: Pool) -> None:
    """A transaction that the server ended because we stalled, and a refused log-in later on, mean "try again"."""

    async def stall() -> None:
        async with transaction(pool) as tx:
            await tx.execute("set local idle_in_transaction_session_timeout = '50ms'")
            await tx.fetchval("select 1")
            await anyio.sleep(0.3)
            await tx.fetchval("select 1")

    with pytest.raises(StoreUnavailable):
        await stall()
    name = f"role_{uuid.uuid4().hex[:8]}"
    async with pool.connection() as owner:
        await owner.execute(f"create role {name} login password 'old'")
        other = await Pool.open(_as(postgres.dsn("guardian"), name, "old"), size=1)
        await owner.execute(f"alter role {name} password 'new'")
    await other._pool.expire_connections()
    with pytest.raises(StoreUnavailable):
        await other.ping()
    await other.close()
    with pytest.raises(SettingsError, match="refuses"):
        await Pool.open(_as(postgres.dsn("guardian"), name, "old"), size=1)


def _as(dsn: str, user: str, password: str) -> str:
    parts = urlsplit(dsn)
    return parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}").geturl()


async def test_refused_statement_is_a_defect_not_an_outage(pool: Pool) -> None:
    """A wrong statement is told apart from a database that is away, and its transaction is undone."""

    async def wrong() -> None:
        async with transaction(pool) as tx:
            await tx.execute("insert into inbox values (gen_random_uuid(), now())")
            await tx.execute("select nonsense")

    with pytest.raises(StoreError) as raised:
        await wrong()
    assert not isinstance(raised.value, StoreUnavailable)
    async with transaction(pool) as tx:
        assert await tx.fetchval("select count(*) from inbox") == 0


async def test_what_the_driver_cannot_write_is_a_defect(pool: Pool) -> None:
    """A text or a number that no column can hold is a refused statement, in a COPY as elsewhere, and leaves nothing."""

    async def copy(*, size: int, key: str) -> None:
        async with transaction(pool) as tx:
            await tx.execute("create temporary table things (size int, key text) on commit drop")
            await tx.copy_rows("things", ["size", "key"], [(size, key)])

    await copy(size=1, key="good")
    for size, key in ((2**40, "good"), (1, "half an emoji: \ud83d"), (1, "\x00")):
        with pytest.raises(StoreError) as raised:
            await copy(size=size, key=key)
        assert not isinstance(raised.value, StoreUnavailable)
    async with transaction(pool) as tx:
        assert await tx.fetchval("select 1") == 1
