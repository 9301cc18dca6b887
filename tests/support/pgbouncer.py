"""Owns a real PgBouncer; the one rule: where it cannot be had, it says so, in one line.

It is the one on the path, or Debian's package, fetched and unpacked beside the test and never installed. Its servers are few, and
given to another client with every transaction: what a client leaves behind in one, the next one meets.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from leh_guardian.local.free_port import free_port
from tests.support.elasticmq import Unavailable
from tests.support.process import wait_for

_PACKAGES = ("pgbouncer", "libevent-2.1-7", "libc-ares2")
_FETCH_SECONDS = 15
_START_SECONDS = 20.0
_SETTINGS = """
[databases]
leh = host={host} port={port} dbname={database} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {servers}
"""


@contextmanager
def pgbouncer(home: Path, dsn: str, servers: int = 1) -> Iterator[str]:
    """Put it before the database of `dsn`, in transaction mode, with so many connections to it; gives the URL that leads through it.

    Raises:
        Unavailable: there is none to be had.
    """
    program, environment = _program(home)
    parts, listen = urlsplit(dsn), free_port()
    text = _SETTINGS.format(
        host=parts.hostname,
        port=parts.port,
        database=parts.path.strip("/"),
        user=parts.username,
        password=parts.password or "",
        listen=listen,
        servers=servers,
    )
    (home / "pgbouncer.ini").write_text(text, encoding="utf-8")
    # It will not run as root.
    command = [program, *(["-u", "nobody"] if os.geteuid() == 0 else []), str(home / "pgbouncer.ini")]
    with (home / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for(lambda: process.poll() is not None or _is_up(home), _START_SECONDS)
        if process.poll() is not None:
            raise Unavailable(f"it did not start: {(home / 'pgbouncer.log').read_text(errors='replace')[-300:]}")
        yield f"postgresql://{parts.username}@127.0.0.1:{listen}/leh?sslmode=disable"
    finally:
        process.kill()
        process.wait()


def _is_up(home: Path) -> bool:
    return "process up" in (home / "pgbouncer.log").read_text(errors="replace")


def _program(home: Path) -> tuple[str, dict[str, str]]:
    """Return the program, and the environment in which it finds its libraries."""
    if found := shutil.which("pgbouncer"):
        return found, dict(os.environ)
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Unavailable("there is no pgbouncer on the path, and no apt-get")
    for command in (["apt-get", "download", *_PACKAGES], ["sh", "-c", "for p in *.deb; do dpkg -x $p root; done"]):
        try:
            subprocess.run(command, cwd=home, capture_output=True, timeout=_FETCH_SECONDS, check=True)
        except (subprocess.SubprocessError, OSError):
            raise Unavailable("apt-get cannot fetch it here") from None
    libraries = home / "root" / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
    return str(home / "root" / "usr" / "sbin" / "pgbouncer"), {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
