"""No descriptor left, no memory left: it sheds, it says so or starts again, and what was taken in is done once."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leh_guardian.engine.reloader import RULES_RULE
from tests.faults.checker import check
from tests.faults.replicas import Replica
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.world import World
from tests.support.figures import record
from tests.support.process import wait_for

_SECONDS = 8.0
_REFUSED = f"select count(*) from incidents where rule_id = '{RULES_RULE}' and status <> 'resolved'"


@contextmanager
def _at_most(replica: Replica, kind: int, limit: int) -> Iterator[None]:
    """Give the replica's process no more than `limit` of something meanwhile."""
    assert replica.pid is not None
    pid, (_, most) = replica.pid, resource.prlimit(replica.pid, kind)
    resource.prlimit(pid, kind, (limit, most))
    try:
        yield
    finally:
        if replica.pid == pid:
            resource.prlimit(pid, kind, (most, most))


def _holds(world: World, figure: str) -> None:
    left = world.settle()
    found = check(world)
    assert found.violations == [], left
    record("faults", figure, found.figures() | {"starts": sum(replica.starts for replica in world.replicas)})


def descriptors_run_out(stage: Stage) -> None:
    """Not one descriptor more than it has, under load: no connection is made and none accepted; it lives and goes on."""
    with stage.world(seed=31) as world:
        replica = world.replica()
        wait_for(replica.ready)
        used = len(list(Path(f"/proc/{replica.pid}/fd").iterdir()))
        with _at_most(replica, resource.RLIMIT_NOFILE, used), world.busy(0.3, charge=3, once=1, tell=1):
            time.sleep(_SECONDS)
            assert replica.pid is not None
        wait_for(replica.ready, 60)
        assert replica.get("/livez")[0] == 200
        assert replica.starts == 1
        # A rules folder that cannot be opened is refused, and people are told; it is good again as soon as it can be.
        wait_for(lambda: world.truth.value(_REFUSED) == 0)
        _holds(world, "descriptors_out")


def memory_runs_out(stage: Stage) -> None:
    """Hardly more memory than it has, under load with large bodies: whether it dies of it or not, nothing is lost or doubled."""
    with stage.world(seed=32) as world:
        replica = world.replica()
        wait_for(replica.ready)
        pages = int(Path(f"/proc/{replica.pid}/statm").read_text().split()[0])
        room = pages * resource.getpagesize() + (1 << 20)
        with _at_most(replica, resource.RLIMIT_AS, room), world.busy(0.3, charge=3, once=1, tell=1):
            until = time.monotonic() + _SECONDS
            while time.monotonic() < until:
                world.put([world.load.one("people", filler=200_000) for _ in range(5)])
                time.sleep(0.2)
        _holds(world, "memory_out")


@scenarios(descriptors_run_out, memory_runs_out)
def test_pressure(scenario: Scenario, played: Played) -> None:
    """Whatever runs out, nothing is lost and nothing is done twice; each scenario's docstring says what else."""
    played(scenario)
