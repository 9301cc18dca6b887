"""What the demo refuses: to pull a running demo's database from under it, and to work on a guardian's own."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path

import anyio
import asyncpg

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.process import PROGRAM, clean_environment


def demo(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the demo in a folder as far as it gets."""
    (folder / "rules").mkdir(exist_ok=True)
    return subprocess.run(
        [*PROGRAM, "demo"],
        cwd=folder,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


async def execute(dsn: str, statement: str) -> None:
    """Run one statement."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def test_a_second_demo_leaves_the_first_alone(tmp_path: Path) -> None:
    """While a demo runs in a folder another one there says so, and deletes nothing."""
    first = EmbeddedPostgres.start(tmp_path / ".demo" / "postgres", durable=False)
    try:
        second = demo(tmp_path)
        assert second.returncode == 1
        assert "another process" in second.stderr
        assert "Traceback" not in second.stderr
        first.create_database("still_there")
    finally:
        first.stop(remove=True)


def test_a_guardians_database_is_not_played_with(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    """A database that has guardian's schema is refused: the demo's daemon would carry out what waits there."""
    database = f"demo_{uuid.uuid4().hex[:10]}"
    postgres.create_database(database)
    anyio.run(execute, postgres.dsn(database), "create schema leh_guardian")
    refused = demo(tmp_path, LEH_DATABASE_URL=postgres.dsn(database))
    assert refused.returncode == 78
    assert "unset LEH_DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr
