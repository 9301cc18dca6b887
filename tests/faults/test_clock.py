"""The wall clock of a replica jumps by an hour, back, and by a day: no lease ends early, nothing is done twice, no window moves."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.load import BUDGET
from tests.faults.sizes import LONG
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.support.figures import record
from tests.support.forks import Spawner
from tests.support.process import wait_for

JUMPS = ("+3600", "-3600", "+86400", "+0")


def _library() -> Path | None:
    found = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), *Path("/usr/lib/faketime").glob("libfaketime.so.1")]
    if not found and (command := shutil.which("faketime")) is not None:
        found = list(Path(command).resolve().parents[1].glob("lib/**/libfaketime.so.1"))
    return found[0] if found else None


LIBRARY = _library()


def follows(wall: Path) -> dict[str, str]:
    """Return the variables that make a process's wall clock as far off as `wall` says, which says nought at first."""
    wall.write_text("+0\n")
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(wall),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def wall_clock_jumps(stage: Stage) -> None:
    """One replica's clock jumps again and again under load, the other's is right: leases, budgets and effects do not care."""
    with stage.world(seed=21) as world:
        wall = stage.folder / "wall"
        jumping = follows(wall)
        # Long enough for a busy machine not to lose one, and far shorter than any of the jumps.
        lease = {"GUARDIAN_TEST_LEASE": "15"}
        replicas = [world.replica(Spawner(), **jumping, **lease), world.replica(**lease)]
        wait_for(lambda: all(replica.ready() for replica in replicas))
        jumps = 0
        with world.busy(0.3, charge=2, once=1, tell=1, capped=1):
            for _ in range(10 if LONG else 1):
                for jump in JUMPS:
                    wall.write_text(f"{jump}\n")
                    jumps += 1
                    before = len(replicas[0].records("attempt ended"))
                    # Each jump lasts until the replica itself has lived through some of it.
                    wait_for(lambda b=before: len(replicas[0].records("attempt ended")) > b + 3, 60)  # type: ignore[misc]
        seen = [entry["timestamp"] for entry in replicas[0].records("attempt ended")]
        left = world.settle()
        found = check(world)
        assert found.violations == [], left
        # The log is dated by the replica's own clock, so it shows that this was really wrong.
        assert (datetime.fromisoformat(max(seen)) - datetime.fromisoformat(min(seen))).total_seconds() > 86_000
        assert (found.lost_attempts, found.duplicates) == (0, 0)
        assert sum(found.charged[name] for name in world.load.sent.names("capped")) == BUDGET
        stamps = world.truth.rows("select min(at) as first, max(at) as last from journal")[0]
        # Whoever's clock is wrong, the journal is dated by one: nothing in it is an hour off.
        assert (stamps["last"] - stamps["first"]).total_seconds() < 1800
        record("faults", "clock_jumps", found.figures() | {"jumps": jumps})


@pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed (Debian: apt-get install faketime)")
@scenarios(wall_clock_jumps)
def test_clock(scenario: Scenario, played: Played) -> None:
    """A clock that is wrong, or jumps, does no harm."""
    played(scenario)
