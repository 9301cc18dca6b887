"""What the other tests rely on: a command that is forked ends as one that was started does."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.forked import run_forked
from tests.support.process import PROGRAM, clean_environment

BROKEN = "version: 1\nrules: [{id: x}]\n"


@pytest.mark.parametrize(
    "command",
    [
        ["rules", "check", "."],
        ["rules", "check", "nowhere", "--json"],
        ["mode", "show"],
        ["no-such-command"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_it_ends_alike(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same exit code and the same on both streams, from the same folder and with the same settings."""
    (tmp_path / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    environment = clean_environment(LEH_LOCALE="en", LEH_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    started = subprocess.run(
        [*PROGRAM, *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    forked = run_forked(command, environment, 60)
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)
    assert started.stdout + started.stderr


def test_one_that_does_not_end_is_killed() -> None:
    """After its time, with what it holds: the other end of its connection sees it go."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(subprocess.TimeoutExpired):
            run_forked(["incidents", "list"], clean_environment(LEH_DATABASE_URL=dsn), 1.0)
        connection, _ = silent.accept()
        with connection:
            connection.settimeout(30)
            while connection.recv(4096):
                pass
