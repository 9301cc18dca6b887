"""Owns how a stand-in's child process hangs on this one; the one rule: no child outlives us, however we died.

The tie is a pipe whose write end only we hold: the kernel closes it when we end, SIGKILL included. Linux's
PR_SET_PDEATHSIG is not used because it fires when the *thread* that started the child ends, and stand-ins are
started from worker threads; the pipe also works where prctl does not exist.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leh_guardian.errors import GuardianError

# $1 is the server's process id, $2 the file in which a living server keeps that number: a number that the system
# gave to somebody else in the meantime is never signalled. INT is PostgreSQL's fast stop, QUIT its immediate one.
_WATCH = """
read -r _
n=0
while [ "$n" -lt 60 ] && kill -0 "$1" 2>/dev/null; do
  if { read -r owner < "$2"; } 2>/dev/null && [ "$owner" = "$1" ]; then
    if [ "$n" -lt 10 ]; then kill -INT "$1"; else kill -QUIT "$1"; fi
  fi
  n=$((n + 1))
  sleep 1
done
"""


class LocalUnavailable(GuardianError):
    """An embedded stand-in cannot run on this machine."""


@dataclass(frozen=True)
class Account:
    """The operating system account that a child runs under; `None` fields mean our own."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def unprivileged(cls) -> Account:
        """Ourselves, or `nobody` when we are root and the child refuses to be root."""
        if os.geteuid() != 0:
            return cls()
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError:
            raise LocalUnavailable("running as root, and there is no account `nobody` to run as instead") from None
        return cls(entry.pw_uid, entry.pw_gid)

    def spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a child that outlasts this call, out of reach of Ctrl-C: that is for us to handle, servers go last."""
        # Every command of this package is a fixed list, run without a shell's expansion of what it is given.
        return subprocess.Popen(command, start_new_session=True, **self._options(), **options)  # noqa: S603

    def run(self, command: list[str], env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a child to its end and keep what it prints; its exit code is for the caller to look at."""
        told: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        return subprocess.run(command, check=False, env=env, **told, **self._options())  # noqa: S603

    def _options(self) -> dict[str, Any]:
        # `/` because every account can reach it.
        options: dict[str, Any] = {"cwd": "/", "umask": 0o077}
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def may(self, *, enter: Iterable[Path] = (), read: Iterable[Path] = ()) -> bool:
        """Ask the kernel, as this account, so that ACLs and every folder on the way count too."""
        tests = [("-x", path) for path in enter] + [("-r", path) for path in read]
        script = " && ".join(f'test {flag} "${number}"' for number, (flag, _) in enumerate(tests, 1))
        command = ["/bin/sh", "-c", script, "sh", *(str(path) for _, path in tests)]
        try:
            return self.run(command).returncode == 0
        except PermissionError as error:
            raise LocalUnavailable("running as root without the right to become another account") from error

    def own(self, path: Path) -> None:
        """Give a folder or file that we just made to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


class Watcher:
    """A shell of about one megabyte that stops a server which is not written in Python once we are gone."""

    def __init__(self, pid: int, pid_file: Path, account: Account) -> None:
        self._shell = account.spawn(
            ["/bin/sh", "-c", _WATCH, "leh-guardian-watcher", str(pid), str(pid_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        """Call it off: killed before its pipe is closed, so that it never sees the end of it."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()


def exit_with_parent() -> None:
    """For a child in Python whose stdin is the pipe: leave at once when the pipe ends."""

    def watch() -> None:
        # os.read, not sys.stdin: a daemon thread that holds a buffered reader's lock breaks interpreter shutdown.
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
