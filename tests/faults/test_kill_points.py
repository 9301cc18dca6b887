"""kill -9 at every named point of the path, at its first, second and third hit: nothing lost, and repeated only what is declared."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import leh_guardian
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.faults.checker import Verdict, check
from tests.faults.forks import ForkServer
from tests.faults.world import VISIBILITY, World, world
from tests.support.process import wait_for

POINTS = sorted(
    name
    for file in Path(leh_guardian.__file__).parent.rglob("*.py")
    for name in re.findall(r'failpoint\("([a-z_.]+)"\)', file.read_text(encoding="utf-8"))
)
HITS = (1, 2, 3)
_REACH_SECONDS = 60.0
_WORLDS_AT_ONCE = 6


@dataclass
class Result:
    """What one point's world came to."""

    reached: list[int]
    verdict: Verdict


@pytest.fixture(scope="module")
def results(
    tmp_path_factory: pytest.TempPathFactory, durable: EmbeddedPostgres, forks: ForkServer
) -> dict[str, Result]:
    """Play one world for each point, a few side by side: killed at the first hit, started again, killed at the second, ..."""
    folder = tmp_path_factory.mktemp("kill")

    def play(point: str) -> Result:
        with world(folder / point, durable, forks, seed=len(point)) as made:
            reached = [hit for hit in HITS if _kill_at(made, point, hit)]
            made.replicas[0].start()
            made.settle()
            made.look()
            return Result(reached, check(made))

    with ThreadPoolExecutor(_WORLDS_AT_ONCE) as pool:
        return dict(zip(POINTS, pool.map(play, POINTS), strict=True))


def _kill_at(made: World, point: str, hit: int) -> bool:
    """Run a replica until its n-th hit of a point kills it; whether it did."""
    made.portion(charge=4, once=2, tell=2, people=2, capped=2)
    made.redrive(35)
    order = {"GUARDIAN_TEST_KILL": f"{point}:{hit}"}
    if made.replicas:
        made.replicas[0].start(**order)
    else:
        made.replica(**order)
    replica = made.replicas[0]

    def dead() -> bool:
        # One more alarm each time, so that what is done once a batch is done often enough.
        made.put(made.load.portion(charge=1))
        return replica.pid is None

    try:
        wait_for(dead, _REACH_SECONDS, pause=0.3)
    except AssertionError:
        replica.kill()
        return False
    # Nobody is there to mind: what was received and not deleted is back at once.
    made.sqs.advance(VISIBILITY)
    return replica.died_by_itself()


@pytest.mark.parametrize("point", POINTS)
def test_kill_and_restart(results: dict[str, Result], point: str) -> None:
    """Killed at this point three times and started again, it finishes everything, and only what is declared is repeated."""
    found = results[point]
    assert found.reached == list(HITS)
    assert found.verdict.violations == []
    assert found.verdict.events > 40


def test_every_point_of_the_path_is_named() -> None:
    """The path's arrows all have a point; a new one is taken up by these tests by itself."""
    assert {point.split(".")[0] for point in POINTS} == {"intake", "executor", "redrive", "timers"}
    assert len(POINTS) == len(set(POINTS)) >= 14
