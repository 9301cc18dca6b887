"""Commands as processes: hostile records, odd streams, readers that go, signals, and roles that may only look."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import uuid
from pathlib import Path

import anyio
import asyncpg
import pytest

from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Plan
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from tests.support.process import PROGRAM, clean_environment, run_cli

HOSTILE = "\x1b]0;x\x07 \x9b31m \u202e 한국 \ud800"
INCIDENT = uuid.UUID("abcdef01-0000-4000-8000-000000000000")
ACTION = uuid.UUID("abcdef02-0000-4000-8000-000000000000")
NO_COERCION = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def database(postgres: EmbeddedPostgres) -> str:
    """A database with guardian's schema, an incident and a proposed action full of hostile text."""
    name = f"cli_{uuid.uuid4().hex[:8]}"
    postgres.create_database(name)
    anyio.run(fill, postgres.dsn(name))
    return postgres.dsn(name)


async def fill(dsn: str) -> None:
    """Make the schema and the rows."""
    pool = await Pool.open(dsn, size=1)
    await migrate(pool)
    await pool.close()
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "leh_guardian"})
    await connection.execute(
        "insert into incidents (id, rule_id, rule_revision, dedup_key, status, severity, plan, event_id, event, serialize_key,"
        " opened_at, updated_at, last_trigger_at)"
        " values ($1, 'rule', 'r', $2, 'triggered', 'sev2', $4, 'e', $3, 's', now(), now(), now())",
        INCIDENT,
        HOSTILE.replace("\ud800", ""),
        json.dumps({"detail": HOSTILE}),
        json.dumps(Plan(Mode.ACT, (), None, OnFailure.ESCALATE, "default", {}, resolves_on_event=False).to_json()),
    )
    await connection.execute(
        "insert into actions (id, incident_id, run, role, step_id, step_index, handler, params, mode_rank, changes, retryable,"
        " status, due_at, timeout, attempts, backoff, outcome, created_at, updated_at) values"
        " ($1, $2, 1, 'step', 's', 0, 'dlq_redrive', $3, 3, true, true, 'proposed', now(), 1, 1, 1, $4, now(), now())",
        ACTION,
        INCIDENT,
        json.dumps({"queue": HOSTILE}),
        json.dumps({"summary": HOSTILE}),
    )
    await connection.close()


@pytest.mark.parametrize("locale", [{}, {"PYTHONIOENCODING": "ascii"}, NO_COERCION])
@pytest.mark.parametrize(
    ("command", "found"),
    [(["incidents", "show", str(INCIDENT)], "event"), (["actions", "list"], "params"), (["mode", "show"], None)],
)
def test_hostile_records_in_every_locale(
    database: str, command: list[str], found: str | None, locale: dict[str, str]
) -> None:
    """For people and for programs: exit 0, nothing that a terminal obeys, JSON that reads back as what was stored."""
    for_people = run_cli(*command, LEH_DATABASE_URL=database, **locale)
    for_programs = run_cli(*command, "--json", LEH_DATABASE_URL=database, **locale)
    for ended in (for_people, for_programs):
        assert ended.returncode == 0, ended.stderr
        assert all(line.isprintable() for line in ended.stdout.split("\n"))
        assert "Traceback" not in ended.stderr
    for line in for_programs.stdout.splitlines():
        assert HOSTILE in json.loads(line)[found].values()


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash, in which `"$@"` is the program."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", script, "bash", *PROGRAM],
        env=clean_environment(**environment) | {"PYTHONUNBUFFERED": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ('"$@" actions list --json | true', 0),
        ('"$@" --help | true', 0),
        ('"$@" rules schema | head -c 10 > /dev/null', 0),
        ('"$@" rules check missing-rules --json | true', 2),
        ('"$@" rules check "$BROKEN" | true', 1),
        ('"$@" actions list > /dev/full', 2),
        ('"$@" actions list >&-', 0),
        ('"$@" incidents show nothing 2>&-', 2),
        ('"$@" mode show --json 2>&-', 0),
    ],
)
def test_readers_that_go(database: str, tmp_path: Path, script: str, code: int) -> None:
    """A closed pipe, a closed stream or a full disk is no traceback and no complaint; the exit code stays the command's."""
    (tmp_path / "broken.yaml").write_text("version: 1\nrules: [{id: x}]\n")
    ended = shell(script, LEH_DATABASE_URL=database, BROKEN=str(tmp_path))
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "ignored" not in ended.stderr
    if "2>&-" in script:
        assert not ended.stdout.strip()  # what was for standard error does not go astray


def test_interrupted_while_it_waits() -> None:
    """Ctrl-C while PostgreSQL does not answer is 130, with nothing said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/x"
        command = subprocess.Popen(
            [*PROGRAM, "incidents", "list"],
            env=clean_environment(LEH_DATABASE_URL=dsn),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        connection, _ = silent.accept()
        with connection:
            # It has asked, and waits: before that a cancelled connect may still come to its end.
            assert connection.recv(1)
            command.send_signal(signal.SIGINT)
            said, _ = command.communicate(timeout=30)
    assert (command.returncode, said.strip()) == (130, "")


def test_a_role_that_only_looks(database: str, postgres: EmbeddedPostgres) -> None:
    """It may list and show; to answer it is told the grants, with 78, and once they are pasted it may."""
    name = f"reader_{uuid.uuid4().hex[:8]}"

    async def do(statements: list[str]) -> None:
        connection = await asyncpg.connect(database)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    anyio.run(do, [f"create role {name} login password 'pw'"])
    settings = {"LEH_DATABASE_URL": f"postgresql://{name}:pw@127.0.0.1:{postgres.port}/{database.rpartition('/')[2]}"}
    refused = run_cli("actions", "list", "--json", **settings)
    assert (refused.returncode, refused.stdout) == (78, "")
    look = re.findall(r"grant (?:usage|select) [^;]*;", refused.stderr)
    assert len(look) == 2
    anyio.run(do, look)
    assert run_cli("actions", "list", "--json", **settings).returncode == 0
    refused = run_cli("mode", "set", "act", "--reason", "x", **settings)
    assert refused.returncode == 78
    anyio.run(do, re.findall(r"grant [^;]*;", refused.stderr))
    for command in (
        ["mode", "set", "act", "--reason", "x\udcff"],
        ["actions", "reject", str(ACTION)],
        ["incidents", "ack", str(INCIDENT)],
        ["incidents", "resolve", str(INCIDENT)],
    ):
        assert run_cli(*command, **settings).returncode == 0
    anyio.run(do, [f"drop owned by {name}", f"drop role {name}"])


def test_odd_surroundings(database: str) -> None:
    """No HOME, and a working directory that is gone, keep nobody from looking."""
    ended = shell(
        'cd "$(mktemp -d)"; rmdir "$PWD"; unset HOME; "$@" incidents list --rule "$RULE"',
        LEH_DATABASE_URL=database,
        RULE=os.fsdecode(b"\xff"),
    )
    assert ended.returncode == 0, ended.stderr
