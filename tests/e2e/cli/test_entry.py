"""Each command as it is installed and nothing else: what it needs is imported by itself, in its own order."""

from __future__ import annotations

import subprocess

import pytest
from click import Context

from leh_guardian.cli.main import cli
from tests.support.process import INSTALLED, clean_environment

RUN_FOR_REAL = {
    *("actions", "breaker", "checks", "demo", "diagnose", "doctor"),
    *("incidents", "mode", "redrive", "rules", "run", "usage"),
}
"""Those that other tests of this folder start so, and not for a help text only."""


@pytest.mark.parametrize("command", sorted(set(cli.list_commands(Context(cli))) - RUN_FOR_REAL))
def test_a_command_starts_by_itself(command: str) -> None:
    """Its help text and no complaint: nothing works only because another command was imported before; the daemon is not."""
    ended = subprocess.run(
        [*INSTALLED, command, "--help"],
        env=clean_environment(PYTHONPROFILEIMPORTTIME="1"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    told = ended.stderr.splitlines()
    assert (ended.returncode, [line for line in told if not line.startswith("import time:")]) == (0, [])
    assert ended.stdout.startswith(f"Usage: leh-guardian {command} ")
    imported = {line.rpartition("|")[2].strip() for line in told}
    assert "leh_guardian.cli.main" in imported
    assert not {"leh_guardian.app.composition", "leh_guardian.engine.daemon"} & imported
