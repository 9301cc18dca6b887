"""The program as a child process, and how it is waited for: by looking, never by sleeping blindly.

What is started as an operator would spends a second of CPU on its imports. So that is done where the process itself is looked
at, and once for each command; the others are forked from a server that has imported everything (forks.py).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.support.environment import clean_environment
from tests.support.forked import Forked, run_forked, shared_forks

PROGRAM = [sys.executable, "-m", "leh_guardian.cli.main"]
INSTALLED = [str(Path(sys.executable).with_name("leh-guardian"))]
"""The command that an installation has."""

Process = subprocess.Popen[bytes] | Forked
Start = Callable[[dict[str, str], Path], Process]
"""Starts a daemon with an environment, its log at the end of a file."""

_OURS = ("LEH_", "AWS_", "GUARDIAN_")
"""How variables begin that are read by the program itself, and by none of what begins before it."""
_met: set[str] = set()
"""Commands that were started as an operator would."""


def run_cli(*arguments: str, timeout: float = 60, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end: for the first time in a run, or in odd surroundings, as an operator would, else forked.

    What a fork hides, such as an import that works only after another one, is the same each time.
    """
    environment = clean_environment(**settings)
    if arguments[0] in _met and all(name.startswith(_OURS) for name in settings):
        return run_forked(arguments, environment, timeout)
    _met.add(arguments[0])
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment,
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


def armed(environment: dict[str, str], log: Path) -> Process:
    """Fork the daemon with the failpoints and the short times of tests (daemon.py)."""
    return Forked(shared_forks().spawn(environment, log))


def shipped(environment: dict[str, str], log: Path) -> Process:
    """Fork the daemon as it is shipped."""
    return Forked(shared_forks().run(["run"], environment, log, log))


def fresh(*command: str) -> Start:
    """Return what starts a command as an operator would."""

    def start(environment: dict[str, str], log: Path) -> Process:
        with log.open("ab") as out:
            return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    return start


class Daemon:
    """A running daemon, killed at the end whatever happens."""

    def __init__(self, log: Path, start: Start = armed, **settings: str) -> None:
        self.log = log
        log.touch()
        self._before = log.stat().st_size
        """How much of its log is an earlier one's."""
        self._url = ""
        self.process = start(clean_environment(**settings), log)

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
        return _records(self.text(), event)

    def url(self) -> str:
        """Where its status endpoint is."""
        if not self._url:
            record = wait_for(lambda: _records(self._own(), "status endpoint") or self._died())
            self._url = str(record[-1]["url"])
        return self._url

    def _own(self) -> str:
        return self.log.read_bytes()[self._before :].decode("utf-8", "replace")

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


def _records(text: str, event: str) -> list[dict[str, Any]]:
    # Not parsed unless it may be one of them: logs are looked through twenty times a second.
    lines = [line for line in text.splitlines() if line.startswith("{") and event in line]
    return [record for record in map(json.loads, lines) if record.get("event") == event]
