"""What the tests of the stand-ins share: folders that every account can enter, and processes to be killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run on asyncio, which aiobotocore and asyncpg need."""
    return "asyncio"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that every account can enter, which pytest's own `tmp_path` is not."""
    folder = Path(tempfile.mkdtemp(prefix="leh-guardian-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return as soon as the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.02)


def run_python(program: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
    """Run a program of this package in a process of its own, to be killed or to be another account."""
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-c", program, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, **options
    )
