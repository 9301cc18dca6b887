"""Owns the daemon as a child process of the demo; the one rule: it is the real program, started as an operator would start it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import anyio

from leh_guardian.local.free_port import free_port
from leh_guardian.local.processes import LocalUnavailable

# `leh-guardian run`, that also ends when its owner does: a killed demo leaves no daemon behind.
_PROGRAM = """
from leh_guardian.cli.main import main
from leh_guardian.local.processes import exit_with_parent
exit_with_parent()
main(["run"])
"""
_START_SECONDS = 30.0
_STOP_SECONDS = 40.0


class GuardianProcess:
    """`leh-guardian run` with its log in a file."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.log = log
        self.environment = {**environment, "LEH_HTTP__PORT": str(self._port)}
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        self._process = self._start()
        try:
            await self._wait_until_ready()
        except BaseException:
            await self._stop()
            raise
        return self

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - this very program
                [sys.executable, "-c", _PROGRAM],
                env={**_own_environment(), **self.environment},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stop()

    async def get(self, path: str) -> int:
        """Return the status that the endpoint answers, 0 for none."""
        return await anyio.to_thread.run_sync(_get, self.url + path)

    async def _wait_until_ready(self) -> None:
        with anyio.move_on_after(_START_SECONDS):
            while self._process is not None and self._process.poll() is None:
                if await self.get("/readyz") == 200:
                    return
                await anyio.sleep(0.1)
        raise LocalUnavailable(f"the daemon did not become ready; the end of its log:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    async def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        with anyio.CancelScope(shield=True), anyio.move_on_after(_STOP_SECONDS):
            await anyio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _own_environment() -> dict[str, str]:
    """Return this process's environment without the settings of some other installation."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LEH_", "AWS_"))}


def _get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own loopback URL
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
