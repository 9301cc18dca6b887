"""Owns a run's fork server and what its user holds of its processes; the one rule: the first who needs the server starts it."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.support.forks import ForkServer

_LOOK = 0.02
"""Seconds between two looks whether a process has ended."""


@cache
def shared_forks() -> ForkServer:
    """The server; it ends with the interpreter, and what it has forked with it."""
    server = ForkServer()
    atexit.register(server.__exit__)
    return server


class Forked:
    """A process of the server, with as much as tests use of what `subprocess.Popen` has."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """Return its exit code (negative for a signal), None while it runs."""
        return shared_forks().code(self.pid)

    def send_signal(self, number: int) -> None:
        """Send a signal, if it is still there to get it."""
        # Its id is nobody else's before its end was asked for.
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, that many seconds at most; returns its exit code.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        deadline = time.monotonic() + (timeout or float("inf"))
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(["forked"], timeout or 0.0)
            time.sleep(_LOOK)
        return code


def run_forked(
    arguments: Sequence[str], environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command of the program to its end, as `subprocess.run` would.

    Raises:
        subprocess.TimeoutExpired: it took longer than `timeout` seconds, and was killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = Forked(shared_forks().run(arguments, environment, out, err))
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
            process.wait()
        return subprocess.CompletedProcess(list(arguments), code, out.read_text(), err.read_text())
