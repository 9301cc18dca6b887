"""Owns the embedded AWS as its users see it; the one rule: it serves loopback only and ends with its owner.

It is moto's server in a process of its own (`python -m leh_guardian.local.aws --port 0`), so that its weight and its
global state stay out of ours. `aws_server` makes moto sound; moto is imported in the child alone.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import select
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from leh_guardian.local.processes import Account, LocalUnavailable, exit_with_parent

__all__ = ["REGION", "EmbeddedAws", "LocalUnavailable"]

REGION: Final = "ap-northeast-2"
_READY_SECONDS = 60.0
_STOP_SECONDS = 5.0
_LOG_TAIL = 4000


class EmbeddedAws:
    """moto's server on loopback; made by `start`."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes], port: int) -> None:
        self._process = process
        self._log = log
        self.url: Final = f"http://127.0.0.1:{port}"

    @classmethod
    def start(cls, *, port: int = 0) -> EmbeddedAws:
        """Run a server on the given or any free port, and return once it accepts requests."""
        if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
            raise LocalUnavailable("moto is not installed: `make setup` installs it, so does leh-guardian[local]")
        # Unlinked at once: read only to explain a failure.
        log = tempfile.TemporaryFile()  # noqa: SIM115 - the instance closes it in `stop`
        process = Account().spawn(
            [sys.executable, "-m", __name__, "--port", str(port), "--with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment_of_child(),
        )
        try:
            return cls(process, log, _port_of(process, log))
        except BaseException:
            _end(process)
            log.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """The variables that make every AWS SDK talk to this server with credentials that open nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def reset(self) -> None:
        """Forget every resource; a long poll that is under way answers that its queue is gone."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")  # noqa: S310 - our own URL
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            response.read()

    def output(self) -> str:
        """The end of what the server complained about: tracebacks of requests that it could not serve."""
        return _tail(self._log)

    def stop(self) -> None:
        """End the server; its state is gone. Twice does no harm."""
        _end(self._process)
        self._log.close()


def _port_of(process: subprocess.Popen[bytes], log: IO[bytes]) -> int:
    """Wait for the one line that the child prints when it accepts requests."""
    pipes = [process.stdout] if process.stdout else []
    readable, _, _ = select.select(pipes, [], [], _READY_SECONDS)
    if line := b"".join(pipe.readline() for pipe in readable):
        return int(json.loads(line)["port"])
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS if readable else 0)
    why = f"ended with exit code {process.poll()}" if readable else f"was not ready in {_READY_SECONDS:.0f} s"
    raise LocalUnavailable(f"the embedded AWS {why}\n{_tail(log)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _tail(log: IO[bytes]) -> str:
    end = log.seek(0, os.SEEK_END)
    log.seek(max(0, end - _LOG_TAIL))
    return log.read().decode(errors="replace").strip()


def _environment_of_child() -> dict[str, str]:
    """Ours without AWS and moto settings: real credentials have no business there, and options would change it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    # The child runs in `/`: it must find this very package even where that is a checkout and not installed.
    roots = [str(Path(__file__).parents[2]), *filter(None, [kept.get("PYTHONPATH")])]
    kept["PYTHONPATH"] = os.pathsep.join(roots)
    return kept | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


def main(arguments: list[str] | None = None) -> None:
    """Serve until killed; prints one line of JSON with the port once requests are accepted."""
    parser = argparse.ArgumentParser(prog="python -m leh_guardian.local.aws", description="Serve moto on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    options = parser.parse_args(arguments)
    if options.with_parent:
        exit_with_parent()

    # Costs a second and 60 MB, for the child alone.
    from leh_guardian.local import aws_server

    def ready(port: int) -> None:
        sys.stdout.write(json.dumps({"port": port}) + "\n")
        sys.stdout.flush()

    aws_server.serve(options.port, ready)


if __name__ == "__main__":
    main()
