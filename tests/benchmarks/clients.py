"""Owns what is measured and against what: the daemon, the bare loop, the canned server; the one rule: both get the same settings."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.processes import cpu_seconds, spawn
from tests.support.process import PROGRAM

POLLERS = 3
"""Long polls in flight: the daemon's default, given to the bare loop too."""
DAEMON = [*PROGRAM, "run"]


@dataclass(frozen=True)
class Seen:
    """What a canned server has seen; times of the machine's monotonic clock."""

    polled: float | None
    """When somebody first polled."""
    first: float | None
    """When it began to give out messages."""
    last: float | None
    """When the newest delete was confirmed."""
    deleted: int


class Canned:
    """A running canned server."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self.url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        self._pid = process.pid

    def seen(self) -> Seen:
        """Ask what it has seen."""
        return self._ask("GET", "/stats")

    def go(self) -> None:
        """Let it give out its messages."""
        self._ask("POST", "/go")

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        return cpu_seconds(self._pid)

    def _ask(self, method: str, path: str) -> Seen:
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method=method), timeout=10) as answer:
            return Seen(**json.loads(answer.read()))


@contextmanager
def canned(kind: str, count: int) -> Iterator[Canned]:
    """Run a canned server with `count` messages until the block ends."""
    command = [sys.executable, "-m", "tests.benchmarks.canned_sqs", "--kind", kind, "--count", str(count)]
    process = spawn(command, stdout=subprocess.PIPE)
    try:
        yield Canned(process)
    finally:
        process.kill()
        process.communicate()


def bare_loop(queue: str, *, stock: bool = False) -> list[str]:
    """Return the bare loop's command; `stock` for the SDK's own settings instead of the daemon's."""
    command = [sys.executable, "-m", "tests.benchmarks.bare_loop", "--queue", queue, "--pollers", str(POLLERS)]
    return [*command, "--stock"] if stock else command


def aws_environment(url: str) -> dict[str, str]:
    """Return what makes the SDK talk to a server of ours."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "ap-northeast-2",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def daemon_environment(url: str, dsn: str, rules: Path, queue: str = "alerts") -> dict[str, str]:
    """Return the settings of a daemon on a server of ours."""
    return {
        **aws_environment(url),
        "LEH_DATABASE_URL": dsn,
        "LEH_QUEUE__ALERTS": queue,
        "LEH_QUEUE__POLLERS": str(POLLERS),
        "LEH_RULES__DIR": str(rules),
        "LEH_HTTP__PORT": "0",
        "LEH_LOG__LEVEL": "warning",
        "LEH_LOG__FORMAT": "json",
    }
