"""Owns the processes of a benchmark: starting, watching and ending them; the one rule: none outlives us, however we die."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.process import clean_environment

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Died(Exception):
    """A process that was to be measured has ended."""


class Child:
    """A child process and what it has used."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self.pid = process.pid

    def cpu(self) -> float:
        """Seconds of CPU so far, user and system."""
        return cpu_seconds(self.pid)

    def resident(self) -> float:
        """Resident memory in MB."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise Died(f"process {self.pid} has no memory any more")

    def wait_until(self, what: Callable[[], object], seconds: float) -> None:
        """Look until `what()` is true.

        Raises:
            Died: the process ended first, or it took too long; with the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not what():
            code = self._process.poll()
            if code is not None or time.monotonic() > deadline:
                how = f"took more than {seconds:.0f} s" if code is None else f"ended with {code}"
                raise Died(f"{how}:\n{self._log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
            time.sleep(0.05)


@contextmanager
def child(command: list[str], settings: dict[str, str], folder: Path) -> Iterator[Child]:
    """Run a process until the block ends; what it prints goes to a file in `folder`."""
    log = folder / "child.log"
    with log.open("wb") as out:
        process = spawn(command, env=clean_environment(**settings), stdout=out, stderr=out)
    try:
        yield Child(process, log)
    finally:
        process.kill()
        process.wait()


def spawn(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a child that ends with us."""
    # Only the main thread starts children here and there is no other, so what preexec_fn must not do is not done.
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent, **options)  # noqa: PLW1509


def _die_with_parent() -> None:
    """In a new child: ask the kernel to end it with the thread that started it, which here is always the main one."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, user and system, without its children."""
    return sum(_times(pid)[:2])


def family_cpu_seconds(pid: int) -> float:
    """CPU time of a process and its children, the ended ones too: PostgreSQL is a process for each connection."""
    total = sum(_times(pid))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    for member in children:
        with contextlib.suppress(OSError):
            total += cpu_seconds(int(member))
    return total


def _times(pid: int) -> list[float]:
    """User, system, and both of the children that were waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return [int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:15]]


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def end_on_sigterm() -> None:
    """Make SIGTERM leave through every `finally`, just as Ctrl-C does."""
    # A shell starts its background jobs with SIGINT ignored, which Python leaves so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda _number, _frame: os.kill(os.getpid(), signal.SIGINT))
