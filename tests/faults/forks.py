"""Owns a server that forks daemons and workers with everything imported; the one rule: it forks one of these two, nothing else.

A start costs a second of CPU, most of it imports; two hundred kills are for finding faults, not for importing. One JSON
object a line in, one a line out. It ends with its owner (its standard input is a pipe), and its children with it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from functools import cache
from pathlib import Path
from typing import Any, Self

from tests.support.process import clean_environment

ORDER = "GUARDIAN_TEST_WORKER"
"""The variable that makes an AI worker of what is forked (ai_worker.py)."""

_SERVICES = ("cloudwatch", "dynamodb", "health", "lambda", "logs", "rds", "s3", "sqs")
"""What a daemon asks of AWS whatever its settings, or nearly."""
_DAEMON, _WORKER = "tests.support.daemon", "tests.faults.ai_worker"


class ForkServer:
    """The server as its user sees it; may be used from several threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=clean_environment(),
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def spawn(self, environment: dict[str, str], log: Path) -> int:
        """Fork a daemon, or an AI worker where its environment has the order of one; returns its process id.

        That stays its own until `code` has told of its end.
        """
        return int(self._ask(spawn=environment, log=str(log)))

    def code(self, pid: int) -> int | None:
        """Return a daemon's exit code (negative for a signal), None while it runs."""
        code: int | None = self._ask(code=pid)
        return code

    def _ask(self, **order: Any) -> Any:
        with self._turn:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


class Spawner:
    """Starts daemons one by one, where the process itself matters: its memory, its log's other end, its namespace."""

    def __init__(self, *prefix: str, stderr: int | None = None, folder: Path | None = None) -> None:
        self._prefix = prefix
        """A command that becomes the daemon, such as `unshare`."""
        self._folder = folder
        """Where other sources are than ours."""
        self._stderr = stderr
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def spawn(self, environment: dict[str, str], log: Path) -> int:
        """Start a daemon; returns its process id."""
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", _DAEMON],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out if self._stderr is None else self._stderr,
            )
        self._processes[process.pid] = process
        return process.pid

    def code(self, pid: int) -> int | None:
        """Return a daemon's exit code, None while it runs."""
        return self._processes[pid].poll()


def _serve() -> None:
    _warm_up()
    ended: dict[int, int] = {}
    alive: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "spawn" in order:
            # What only some runs need is imported by the first that does.
            play = importlib.import_module(_WORKER if ORDER in order["spawn"] else _DAEMON)
            pid = os.fork()
            if pid == 0:
                _become(play, order["spawn"], order["log"])
            alive.add(pid)
            answer: int | None = pid
        else:
            pid = order["code"]
            if pid in alive and (found := os.waitpid(pid, os.WNOHANG))[0]:
                alive.discard(pid)
                ended[pid] = os.waitstatus_to_exitcode(found[1])
            answer = ended.get(pid)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


def _warm_up() -> None:
    """Do once what every daemon does when it starts, whatever its settings: import what it looks up by name, read what AWS is like.

    A start costs a third of what it would. What a daemon does with all this, it does itself.
    """
    import anyio
    from botocore import loaders

    from leh_guardian import app
    from leh_guardian.adapters.aws import open_aws
    from tests.support.sdk import share_loader

    share_loader()
    # A session reads its files itself, even where another one has; those that are forked share what was read here.
    read = cache(loaders.JSONFileLoader().load_file)
    loaders.JSONFileLoader.load_file = lambda _, path: read(path)
    app.handlers()
    importlib.import_module(_DAEMON)
    importlib.import_module("leh_guardian.app.process")

    async def know_aws() -> None:
        async with open_aws("ap-northeast-2") as aws:
            for service in _SERVICES:
                await aws.client(service)

    anyio.run(know_aws, backend_options={"use_uvloop": True})
    # It need not look through all of that again in each of them.
    gc.collect()
    gc.freeze()


def _become(play: Any, environment: dict[str, str], log: str) -> None:
    """Be a daemon or a worker from here on; never returns."""
    code = 1
    try:
        out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, out), (2, out)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(environment)
        try:
            play.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            # Nobody is left to see it but the log's reader.
            traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
