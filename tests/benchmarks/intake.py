"""Messages a second through the whole daemon, beside the bare loop, in paired rounds on the same canned server."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.process import PROGRAM, clean_environment, wait_for

POLLERS = 3
RULES = """
version: 1
rules:
  - id: storm
    mode: observe
    pattern:
      source: [aws.cloudwatch]
      detail-type: [CloudWatch Alarm State Change]
      detail: {alarmName: [{prefix: storm-}], state: {value: [ALARM]}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    actions:
      - uses: notify
        with: {text: "${event.detail.alarmName}"}
"""


@dataclass(frozen=True)
class Sample:
    """One run."""

    rate: float
    """Messages a second, from the first receive to the last confirmed delete."""
    cpu: float
    """CPU microseconds of the client's process for each message."""


class Canned:
    """The canned server as a child."""

    def __init__(self, kind: str, count: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.canned_sqs", "--kind", kind, "--count", str(count)],
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def ask(self, path: str, method: str = "GET") -> dict[str, float | None]:
        """Ask what was seen."""
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method=method), timeout=10) as answer:
            seen: dict[str, float | None] = json.loads(answer.read())
            return seen

    def stop(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.wait()


def environment(url: str) -> dict[str, str]:
    """What makes a client talk to a canned server."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "ap-northeast-2",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def daemon_environment(url: str, dsn: str, rules: Path) -> dict[str, str]:
    """The settings of a daemon on a canned server."""
    return {
        **environment(url),
        "LEH_DATABASE_URL": dsn,
        "LEH_QUEUE__ALERTS": "alerts",
        "LEH_QUEUE__POLLERS": str(POLLERS),
        "LEH_RULES__DIR": str(rules),
        "LEH_HTTP__PORT": "0",
        "LEH_LOG__LEVEL": "warning",
        "LEH_LOG__FORMAT": "json",
    }


@contextmanager
def child(command: list[str], settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client until the block ends."""
    process = subprocess.Popen(command, env=clean_environment(**settings), stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(kind: str, count: int, command: list[str], settings: dict[str, str], canned: Canned) -> Sample:
    """Run a client over `count` messages."""
    with child(command, settings) as process:
        wait_for(lambda: canned.ask("/stats")["polled"], 60)
        time.sleep(1.0)  # start-up work besides polling ends
        before = cpu_seconds(process.pid)
        canned.ask("/go", "POST")
        wait_for(lambda: canned.ask("/stats")["deleted"] == count or process.poll() is not None, 120)
        spent = cpu_seconds(process.pid) - before
        seen = canned.ask("/stats")
        assert seen["deleted"] == count, f"{kind}: {seen}"
        seconds = float(seen["last"] or 0) - float(seen["first"] or 0)
        return Sample(count / seconds, spent / count * 1e6)


def compare(postgres: EmbeddedPostgres, folder: Path, *, count: int, rounds: int) -> None:
    """Print the table."""
    rules = folder / "rules"
    rules.mkdir()
    (rules / "storm.yaml").write_text(RULES, encoding="utf-8")
    print(f"\nIntake, {count} messages a run, {rounds} paired rounds, {POLLERS} long polls; median (min-max)")
    print(f"{'what':<34}{'msg/s':>22}{'CPU µs/msg':>22}{'share of bare':>16}")
    for kind, title in (
        ("unmatched", "match nothing"),
        ("storm", "one open incident"),
        ("distinct", "an incident each"),
    ):
        size = min(count, 10_000) if kind == "distinct" else count
        bare: list[Sample] = []
        full: list[Sample] = []
        for _ in range(rounds):
            bare.append(_once(kind, size, None, rules))
            database = f"bench_{uuid.uuid4().hex[:8]}"
            postgres.create_database(database)
            full.append(_once(kind, size, postgres.dsn(database), rules))
        share = [f.rate / b.rate for f, b in zip(full, bare, strict=True)]
        print(f"{'bare loop: ' + title:<34}{_spread([s.rate for s in bare]):>22}{_spread([s.cpu for s in bare]):>22}")
        print(
            f"{'daemon:    ' + title:<34}{_spread([s.rate for s in full]):>22}{_spread([s.cpu for s in full]):>22}"
            f"{_spread(share, 2):>16}"
        )


def _once(kind: str, count: int, dsn: str | None, rules: Path) -> Sample:
    canned = Canned(kind, count)
    try:
        if dsn is None:
            command = [
                sys.executable,
                "-m",
                "tests.benchmarks.bare_loop",
                "--queue",
                "alerts",
                "--pollers",
                str(POLLERS),
            ]
            return measure(kind, count, command, environment(canned.url), canned)
        return measure(kind, count, [*PROGRAM, "run"], daemon_environment(canned.url, dsn, rules), canned)
    finally:
        canned.stop()


def _spread(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"
