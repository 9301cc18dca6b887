"""Owns the SQS server as a child process; the one rule: it ends with its owner, however that ends (its standard input is a pipe)."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.support.sqs_server.account import REGION

_ROOT = Path(__file__).parents[3]


class SqsProcess:
    """The same verbs as `SqsServer`, asked over HTTP; faults are named: `("refuse", 503, "ServiceUnavailable")`."""

    def __init__(self, *, port: int = 0, seed: int = 0) -> None:
        command = [
            sys.executable,
            "-m",
            "tests.support.sqs_server",
            "--with-parent",
            "--port",
            str(port),
            "--seed",
            str(seed),
        ]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()
        if not self.url:
            raise RuntimeError("the SQS server did not start")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            code = self._process.wait(10)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
        assert code == 0 or exc_info[1] is not None, f"the SQS server ended with {code}"

    def environment(self, who: str = "test") -> dict[str, str]:
        """The variables that make every AWS SDK talk to this server as the client `who`."""
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return own | {"AWS_ACCESS_KEY_ID": who, "AWS_SECRET_ACCESS_KEY": "test"}

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Call a method of the server; see `control` for their names."""
        data = json.dumps(arguments).encode()
        request = urllib.request.Request(f"{self.url}/_control/{verb}", data, {"Connection": "close"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(f"{verb}: {error.read().decode()}") from error

    def make_queue(self, name: str, **attributes: str) -> str:
        """Make a queue; returns its URL."""
        return str(self.ask("make_queue", name=name, **attributes))

    def put(self, queue: str, bodies: Sequence[str], **more: Any) -> list[str]:
        """Put messages straight into a queue; returns their ids."""
        return list(self.ask("put", queue=queue, bodies=list(bodies), **more))

    def ledger(self, queue: str) -> list[dict[str, Any]]:
        """Return all that ever came into a queue, with what became of it."""
        return list(self.ask("ledger", queue=queue))

    def bodies(self, queue: str) -> Counter[str]:
        """Return how often each body ever came into a queue."""
        return Counter(self.ask("bodies", queue=queue))

    def counts(self, queue: str) -> Counter[str]:
        """Return how many messages are in each state."""
        return Counter(self.ask("counts", queue=queue))
