"""`leh-guardian diagnose` as a program: through a pipe, with a reader that goes, and without client libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOG = b"INFO:a:fine\nERROR:a:Request timed out.\n" * 50


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the program."""
    command = [sys.executable, "-m", "leh_guardian.cli.main", "diagnose", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=False, timeout=60)


def test_a_pipe() -> None:
    """What `aws logs tail` writes is read from standard input."""
    done = run("--logs", "-", "--json", given=LOG)
    answer = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [line["n"] for line in answer["lines"]] == list(range(2, 101, 2))
    assert answer["verdict"] == "external_outage"


def test_bad_usage() -> None:
    """No file is bad usage, a missing one bad input: no traceback."""
    for arguments in ((), ("--logs", "nowhere")):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"Traceback" not in done.stderr


def test_it_loads_no_client_library(tmp_path: Path) -> None:
    """It must be quick at three in the morning, and work where nothing can be reached."""
    (tmp_path / "log").write_bytes(LOG)
    code = (
        "import sys; from leh_guardian.cli.main import cli; "
        f"cli.main(['diagnose', '--logs', {str(tmp_path / 'log')!r}], standalone_mode=False); "
        "print(sorted({'aiobotocore', 'botocore', 'asyncpg', 'opensearchpy', 'aiohttp'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert done.stdout.splitlines()[-1] == b"[]"
