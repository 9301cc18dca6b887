"""A standby of an embedded PostgreSQL that its primary waits for, as a managed database with a synchronous replica has one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import asyncpg

from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.local.postgres_files import PostgresFiles, clean_environment
from leh_guardian.local.processes import Account
from tests.support.process import wait_for

_NAME = "standby"
_STREAMING = f"select count(*) from pg_stat_replication where application_name = '{_NAME}' and sync_state = 'sync'"


@contextmanager
def synchronous_standby(primary: EmbeddedPostgres, folder: Path) -> Iterator[EmbeddedPostgres]:
    """Copy `primary`, run the copy as its standby, and let no commit return before the standby has it."""
    made = _copy(primary, folder)
    try:
        made._launch(keep_port=False)
        primary._settings = {**primary._settings, "synchronous_standby_names": _NAME}
        primary.restart()
        wait_for(lambda: ask(primary, _STREAMING) == 1)
        yield made
    finally:
        made.stop(remove=True)


def promote(standby: EmbeddedPostgres) -> None:
    """Make the standby the writer, and wait until it is."""
    ask(standby, "select pg_promote()")
    wait_for(lambda: ask(standby, "select pg_is_in_recovery()") is False)


def ask(server: EmbeddedPostgres, sql: str) -> object:
    """Return the first value of a statement's answer."""

    async def fetch() -> object:
        connection = await asyncpg.connect(server.dsn("postgres"), timeout=10, command_timeout=30)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return anyio.run(fetch)


def _copy(primary: EmbeddedPostgres, folder: Path) -> EmbeddedPostgres:
    files = PostgresFiles.prepare(folder)
    shutil.rmtree(files.data)
    source = f"host=127.0.0.1 port={primary.port} user=postgres application_name={_NAME}"
    command = [str(files.clients / "pg_basebackup"), "-D", str(files.data), "-R", "-X", "stream", "-c", "fast"]
    password = primary._files.password
    copied = Account().run([*command, "-d", source], clean_environment() | {"PGPASSWORD": password})
    assert copied.returncode == 0, copied.stderr
    for path in (files.data, *files.data.rglob("*")):
        files.account.own(path)
    # The copy's roles have the passwords of the original.
    made = EmbeddedPostgres(replace(files, password=password), durable=True)
    made._settings = {**made._settings, "synchronous_standby_names": ""}
    return made
