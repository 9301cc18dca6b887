"""Owns the start benchmark: the time to the first poll and the idle memory; the one rule: the daemon runs the shipped rules."""

from __future__ import annotations

import time
import uuid
from functools import partial
from pathlib import Path

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.benchmarks.clients import DAEMON, Canned, canned, daemon_environment
from tests.benchmarks.processes import child
from tests.benchmarks.report import spread

_RULES = Path(__file__).parents[2] / "rules"
_IDLE = 5.0


def measure_start(postgres: EmbeddedPostgres, folder: Path, rounds: int) -> None:
    """Print seconds to the first poll (the first round makes the schema) and resident memory after five idle seconds."""
    database = f"start_{uuid.uuid4().hex[:8]}"
    postgres.create_database(database)
    seconds, memory = [], []
    for number in range(rounds):
        with canned("unmatched", 0) as server:
            settings = daemon_environment(server.url, postgres.dsn(database), _RULES)
            began = time.monotonic()
            with child(DAEMON, settings, folder) as process:
                process.wait_until(partial(_polled, server), 60)
                seconds.append((server.seen().polled or 0.0) - began)
                if number == 0 or number == rounds - 1:
                    time.sleep(_IDLE)
                    memory.append(process.resident())
    print(f"\nStart to first poll, shipped rules: {spread(seconds, 2)} s, {rounds} rounds")
    print(f"Resident after {_IDLE:.0f} idle seconds:    {spread(memory)} MB")


def _polled(server: Canned) -> bool:
    return server.seen().polled is not None
