"""Owns the replicas under test: start, kill, freeze, stop and respawn; the one rule: only processes started here are signalled."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.forks import ForkServer, Spawner
from tests.support.process import clean_environment, wait_for

_ANSWER_SECONDS = 5.0


class Replica:
    """One replica's place: at most one process at a time, all of them with the same name and the same log."""

    def __init__(
        self, forks: ForkServer | Spawner, name: str, folder: Path, environment: Callable[[str], dict[str, str]]
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.hits_file = folder / f"{name}.hits"
        self.starts = 0
        self.kills = 0
        self.codes: list[int] = []
        """How its processes ended, those that were killed by `kill` excepted."""
        self._forks = forks
        self._environment = environment
        self._pid: int | None = None
        self.fixed_url = ""
        """Where it answers, for one whose log cannot tell."""
        self._url = ""
        self._turn = threading.RLock()

    def start(self, **more: str) -> None:
        """Start a process; one that runs already is an error."""
        with self._turn:
            assert self._pid is None
            own = {**self._environment(self.name), "GUARDIAN_TEST_HITS": str(self.hits_file), **more}
            self._began = self.log.stat().st_size if self.log.exists() else 0
            self._url = self.fixed_url
            self._pid = self._forks.spawn(clean_environment(**own), self.log)
            self.starts += 1

    @property
    def pid(self) -> int | None:
        """Its process id while it runs, frozen or not."""
        with self._turn:
            if self._pid is not None and (code := self._forks.code(self._pid)) is not None:
                self.codes.append(code)
                self._pid = None
            return self._pid

    def send(self, number: signal.Signals) -> bool:
        """Send a signal; False when there is nobody any more."""
        with self._turn:
            if (pid := self.pid) is None:
                return False
            os.kill(pid, number)
            return True

    def kill(self) -> bool:
        """SIGKILL it and wait for its end; False when it had ended before."""
        with self._turn:
            before = len(self.codes)
            if not self.send(signal.SIGKILL):
                return False
            wait_for(lambda: self.pid is None)
            if self.codes[before:] == [-signal.SIGKILL]:
                self.codes.pop()
                self.kills += 1
            return True

    def died_by_itself(self) -> bool:
        """Tell whether a failpoint has killed it; then its kill is counted."""
        with self._turn:
            if self.pid is not None or not self.codes or self.codes[-1] != -signal.SIGKILL:
                return False
            self.codes.pop()
            self.kills += 1
            return True

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60.0) -> int:
        """Stop it and wait for its end; returns its exit code."""
        self.send(number)
        return self.ended(seconds)

    def ended(self, seconds: float) -> int:
        """Wait for its end; returns its exit code."""
        wait_for(lambda: self.pid is None, seconds)
        return self.codes[-1]

    @property
    def frozen(self) -> bool:
        """Whether it is stopped (state T of /proc/<pid>/stat)."""
        with self._turn, contextlib.suppress(OSError):
            if self._pid is not None:
                return Path(f"/proc/{self._pid}/stat").read_text().rpartition(") ")[2].startswith("T")
        return False

    def hits(self) -> Counter[str]:
        """Return how often each failpoint has been reached, over all its processes."""
        return Counter(self.hits_file.read_text().split()) if self.hits_file.exists() else Counter()

    def records(self, event: str) -> list[dict[str, Any]]:
        """Return its log's records of an event, over all its processes."""
        return records(self.log, event)

    def get(self, path: str, seconds: float = _ANSWER_SECONDS) -> tuple[int, str]:
        """Ask its status endpoint; (0, why) when nobody answers."""
        try:
            with urllib.request.urlopen(self.url() + path, timeout=seconds) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def url(self) -> str:
        """Return where its present process answers; waits until it says so."""
        self._url = self._url or wait_for(self.address)
        return self._url

    def address(self) -> str:
        """Return where its present process answers; empty while it does not say so."""
        found = records(self.log, "status endpoint", self._began)
        return str(found[-1]["url"]) if found else ""

    def ready(self) -> bool:
        """Tell whether it is up and says that it can act."""
        return self.get("/readyz")[0] == 200


def records(log: Path, event: str, start: int = 0) -> list[dict[str, Any]]:
    """Return the records of an event in a log, from a byte on."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode("utf-8", "replace").splitlines()
    found = []
    for line in lines:
        # A killed writer may leave half a line.
        with contextlib.suppress(ValueError):
            if f'"{event}"' in line and (record := json.loads(line)).get("event") == event:
                found.append(record)
    return found
