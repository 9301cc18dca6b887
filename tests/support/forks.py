"""Owns a server that forks daemons, workers and commands with everything imported; the one rule: it forks one of these, nothing else.

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
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

from tests.support.environment import clean_environment

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

    def run(self, arguments: Sequence[str], environment: dict[str, str], out: Path, err: Path) -> int:
        """Fork the program as it is shipped, with these arguments, in our working directory; returns its process id.

        What it prints is added to two files, which may be one; its standard input is empty.
        """
        return int(
            self._ask(run=arguments, environment=environment, out=str(out), err=str(err), folder=str(Path.cwd()))
        )

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
        if "code" not in order:
            pid = _forked(order)
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


def _forked(order: dict[str, Any]) -> int:
    """Fork what is ordered; returns its process id."""
    # What only some runs need is imported by the first that does.
    if "run" in order:
        play, environment = _program(order["run"], order["folder"]), order["environment"]
        out, err = order["out"], order["err"]
    else:
        environment, out, err = order["spawn"], order["log"], order["log"]
        play = importlib.import_module(_WORKER if ORDER in environment else _DAEMON).main
    pid = os.fork()
    if pid == 0:
        _become(play, environment, out, err)
    return pid


def _program(arguments: Sequence[str], folder: str) -> Callable[[], None]:
    """Return what runs the program with these arguments, its command imported; one that there is not is for itself to tell."""
    import click

    from leh_guardian.cli.main import cli, main

    cli.get_command(click.Context(cli), arguments[0])

    def run() -> None:
        os.chdir(folder)
        main(list(arguments))

    return run


def _become(play: Callable[[], None], environment: dict[str, str], out: str, err: str) -> None:
    """Be a daemon, a worker or a command from here on; never returns."""
    code = 1
    try:
        written = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        files = os.open(os.devnull, os.O_RDONLY), os.open(out, written, 0o600), os.open(err, written, 0o600)
        for target, source in enumerate(files):
            os.dup2(source, target)
            os.close(source)
        os.environ.clear()
        os.environ.update(environment)
        try:
            play()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            # Nobody is left to see it but the log's reader.
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
