"""How long the daemon takes to its first poll, and how much memory it holds when idle."""

from __future__ import annotations

import statistics
import time
import uuid
from pathlib import Path

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.benchmarks.intake import Canned, child, daemon_environment
from tests.support.process import PROGRAM, wait_for


def measure_start(postgres: EmbeddedPostgres, rounds: int) -> None:
    """Print seconds to the first poll (a fresh database, then used ones) and resident memory after five idle seconds."""
    database = f"start_{uuid.uuid4().hex[:8]}"
    postgres.create_database(database)
    seconds, memory = [], []
    for _ in range(rounds):
        canned = Canned("unmatched", 10)
        settings = daemon_environment(canned.url, postgres.dsn(database), Path("rules"))
        began = time.monotonic()
        try:
            with child([*PROGRAM, "run"], settings) as process:
                wait_for(lambda canned=canned: canned.ask("/stats")["polled"], 60)
                seconds.append(float(canned.ask("/stats")["polled"] or 0) - began)
                time.sleep(5)
                memory.append(_resident(process.pid))
        finally:
            canned.stop()
    print(
        f"\nStart to first poll: {statistics.median(seconds):.2f} s ({min(seconds):.2f}-{max(seconds):.2f}), {rounds} rounds"
    )
    print(f"Resident when idle:  {statistics.median(memory):.0f} MB ({min(memory):.0f}-{max(memory):.0f})")


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")
