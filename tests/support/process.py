"""The program as a child process, started as an operator would, and waited for by looking, never by sleeping blindly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

PROGRAM = [sys.executable, "-m", "leh_guardian.cli.main"]
ARMED = [sys.executable, "-m", "tests.support.daemon"]


def clean_environment(**settings: str) -> dict[str, str]:
    """This process's environment without settings of its own, and with `settings`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LEH_", "AWS_"))}
    return {**own, "PYTHONUNBUFFERED": "1", **settings}


def run_cli(*arguments: str, timeout: float = 60, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def wait_for(what: Callable[[], Any], seconds: float = 90.0, *, pause: float = 0.05) -> Any:
    """Look until `what()` is true; returns it. An assertion fails when it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(pause)
    raise AssertionError(f"{what} did not come true within {seconds} s")


class Daemon:
    """A running daemon, killed at the end whatever happens."""

    def __init__(self, log: Path, command: list[str] = ARMED, **settings: str) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command, env=clean_environment(**settings), stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self.process.poll()

    def text(self) -> str:
        """Its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def records(self, event: str) -> list[dict[str, Any]]:
        """Log records of an event."""
        lines = [line for line in self.text().splitlines() if line.startswith("{")]
        return [record for record in map(json.loads, lines) if record.get("event") == event]

    def url(self) -> str:
        """Where its status endpoint is."""
        record = wait_for(lambda: self.records("status endpoint") or self._died())
        return str(record[-1]["url"])

    def _died(self) -> None:
        if self.code is not None:
            raise AssertionError(f"the daemon ended with {self.code}:\n{self.text()[-3000:]}")

    def get(self, path: str) -> tuple[int, str]:
        """Ask its status endpoint."""
        return self.post(path, None)

    def post(self, path: str, body: bytes | None, **headers: str) -> tuple[int, str]:
        """Send a request to its endpoint; GET without a body."""
        request = urllib.request.Request(self.url() + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def stop(self, number: int = signal.SIGTERM, seconds: float = 40.0) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)
