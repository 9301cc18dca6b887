"""A log that cannot be written: the work goes on, and what was dropped is counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from leh_guardian.local.free_port import free_port
from tests.faults.checker import check
from tests.faults.replicas import Replica
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.support.figures import record
from tests.support.forks import Spawner
from tests.support.process import wait_for

BOUND = "50"
"""Records that may wait; as many as ten thousand in production."""


@contextmanager
def _full_disk() -> Iterator[int]:
    """A file to which every write fails with ENOSPC."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        yield full.fileno()


@contextmanager
def _blocked_pipe() -> Iterator[int]:
    """A pipe that nobody reads, full to the brim."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    try:
        yield writer
    finally:
        os.close(writer)
        os.close(reader)


_BROKEN = {"full disk": _full_disk, "blocked pipe": _blocked_pipe}


def log_on_a_full_disk(stage: Stage) -> None:
    """Every write of the log fails: nothing else does, and the records that are gone are counted."""
    _play(stage, "full disk")


def log_in_a_blocked_pipe(stage: Stage) -> None:
    """Nobody reads the log: nothing waits for it, the records that are gone are counted, and a stop ends."""
    _play(stage, "blocked pipe")


def _play(stage: Stage, name: str) -> None:
    # Its log cannot tell which one it was given.
    port = free_port()
    with stage.world(seed=15) as world, _BROKEN[name]() as stderr:
        replica = world.replica(
            Spawner(stderr=stderr),
            url=f"http://127.0.0.1:{port}",
            LEH_HTTP__PORT=str(port),
            GUARDIAN_TEST_LOG_BOUND=BOUND,
        )
        wait_for(replica.ready)
        for _ in range(12):
            world.portion(charge=4, once=1, tell=2, people=1)
        world.redrive(25)
        left = world.settle()
        wait_for(lambda: _dropped(replica) > 0)
        found = check(world)
        assert found.violations == [], left
        assert replica.get("/livez")[0] == 200
        record("faults", f"log_{name.replace(' ', '_')}", found.figures() | {"records_dropped": _dropped(replica)})
        assert replica.stop() == 0


def _dropped(replica: Replica) -> float:
    """Return what the metric of dropped records says."""
    lines = replica.get("/metrics")[1].splitlines()
    return max(float(line.rpartition(" ")[2]) for line in lines if line.startswith("guardian_log_records_dropped "))


@scenarios(log_on_a_full_disk, log_in_a_blocked_pipe)
def test_logs(scenario: Scenario, played: Played) -> None:
    """A log that takes nothing holds up nothing."""
    played(scenario)
