"""Owns ElasticMQ, a real SQS server; the one rule: where Maven, Java or the library cannot be had, it says which, in one line."""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from leh_guardian.local.free_port import free_port

_POM = """<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies>%s</dependencies></project>"""
_DEPENDENCY = "<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>"
_SERVER = "org.elasticmq:elasticmq-server_2.13:1.6.9"
_FETCH_SECONDS = 60


class Unavailable(Exception):
    """The server cannot run here."""


def server_command(home: Path) -> tuple[list[str], str]:
    """Fetch the server into `home`; returns how to run it, and where it will listen.

    Raises:
        Unavailable: it cannot be had.
    """
    java = shutil.which("java")
    if java is None:
        raise Unavailable("it needs Java")
    fetched(home, _SERVER)
    port = free_port()
    # The addresses in its answers must name the free port, too.
    options = [f"-Drest-sqs.bind-port={port}", f"-Dnode-address.port={port}", "-Dnode-address.host=127.0.0.1"]
    options += ["-Drest-sqs.bind-hostname=127.0.0.1", "-Drest-stats.enabled=false"]
    command = [java, "-Xmx512m", *options, "-cp", f"{home}/lib/*", "org.elasticmq.server.Main"]
    return command, f"http://127.0.0.1:{port}"


def fetched(home: Path, *libraries: str) -> None:
    """Fetch libraries (group:artifact:version), and what they need, into `home`/lib.

    Raises:
        Unavailable: there is no Maven, or it cannot fetch them.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("it needs Maven")
    wanted = "".join(_DEPENDENCY % tuple(library.split(":")) for library in libraries)
    (home / "pom.xml").write_text(_POM % wanted, encoding="utf-8")
    fetch = ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    # What an earlier run fetched is there without the network.
    if not (_runs([maven, "-o", *fetch], home) or _runs([maven, *fetch], home)):
        raise Unavailable("Maven cannot fetch it here")


def _runs(command: list[str], home: Path) -> bool:
    quiet = subprocess.DEVNULL
    try:
        run = subprocess.run(
            command, cwd=home, stdin=quiet, stdout=quiet, stderr=quiet, timeout=_FETCH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Maven needs more than {_FETCH_SECONDS} s to fetch it") from None
    return run.returncode == 0


def listens(url: str) -> bool:
    """Tell whether a server answers there."""
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
