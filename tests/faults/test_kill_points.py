"""kill -9 at every named point of the path, at its first, second and third hit: nothing lost, and repeated only what is declared."""

from __future__ import annotations

import re
from functools import partial
from itertools import count, groupby, product
from pathlib import Path
from typing import Any

import leh_guardian
from tests.faults.checker import check
from tests.faults.sizes import LONG
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.world import VISIBILITY, World
from tests.support.figures import record
from tests.support.process import wait_for

ELSEWHERE = {
    "account.before_commit": "tests/contracts/handlers",
    "account.committed": "tests/contracts/handlers",
    "answer.before_commit": "tests/faults/test_calling.py",
    "answer.committed": "tests/faults/test_calling.py",
    "circuits.moved": "tests/faults/test_spending.py",
    "circuits.published": "tests/faults/test_spending.py",
    "circuits.told": "tests/faults/test_spending.py",
    "calling.elsewhere": "tests/faults/test_calling.py",
    "calling.planned": "tests/faults/test_calling.py",
    "page.accepted": "tests/faults/test_calling.py",
    "page.sending": "tests/faults/test_calling.py",
    "page.sent": "tests/faults/test_calling.py",
    "page.taken": "tests/faults/test_calling.py",
    "pause.disabled": "tests/contracts/handlers",
    "pause.reserved": "tests/contracts/handlers",
    "provider.announced": "tests/contracts/handlers",
    "provider.recorded": "tests/contracts/handlers",
    "findings.before_commit": "tests/integration/engine/test_weekly.py",
    "keeping.kept": "tests/integration/handlers/test_redrive_hold.py",
    "scheduler.before_commit": "tests/integration/engine/test_schedules.py",
    "scheduler.committed": "tests/integration/engine/test_schedules.py",
    "redrive.task_started": "tests/integration/handlers/test_redrive_task.py",
    "redrive.buried": "tests/integration/handlers/test_redrive_proof.py",
    "redrive.kept": "tests/integration/handlers/test_redrive_stages.py",
    "release.deleted": "tests/faults/test_spending.py",
    "release.sent": "tests/faults/test_spending.py",
    "reconcile.reindexed": "tests/faults/test_killed_restore.py",
    "reconcile.reindexing": "tests/faults/test_killed_restore.py",
    "restore.before_commit": "tests/faults/test_killed_restore.py",
    "restore.committed": "tests/faults/test_killed_restore.py",
    "inventory.objects": "tests/faults/test_killed_restore.py",
    "inventory.records": "tests/faults/test_killed_restore.py",
    "reprocess.asked": "tests/faults/test_killed_reprocess.py",
    "reprocess.asking": "tests/faults/test_killed_reprocess.py",
    "reprocess.deleted": "tests/faults/test_killed_reprocess.py",
    "reprocess.kept": "tests/faults/test_killed_reprocess.py",
    "reprocess.planned": "tests/faults/test_killed_reprocess.py",
    "reprocess.received": "tests/faults/test_killed_reprocess.py",
    "resume.enabled": "tests/contracts/handlers",
    "resume.reserved": "tests/contracts/handlers",
    "weekly_report.sending": "tests/contracts/handlers",
    "weekly_report.sent": "tests/contracts/handlers",
}
"""Points that the worlds here do not come to, and where somebody is ended at them."""
POINTS = sorted(
    name
    for file in Path(leh_guardian.__file__).parent.rglob("*.py")
    for name in re.findall(r'failpoint\("([a-z_.]+)"\)', file.read_text(encoding="utf-8"))
    if name not in ELSEWHERE
)
ROOMS = {room: tuple(points) for room, points in groupby(POINTS, lambda point: point.partition(".")[0])}
"""{service: its points}: they are met in one world, one after the other."""
HITS = (1, 2, 3)
"""At which hit of a point its process is killed; each is a process of its own, which goes on from what the one before it has left."""
_REACH_SECONDS = 240.0
_TIMES = 2 if LONG else 1
"""How much of each kind of alert there is for each kill."""
_LOOKS = 3 if LONG else 6
"""Looks at a replica until one more alarm is sent, ten of them a second."""
_KILLED: dict[str, dict[str, Any]] = {}
"""What was found, by service."""


def kill_and_restart(room: str, stage: Stage) -> None:
    """Killed at each point again and again and started each time, it finishes everything, and only what is declared is repeated."""
    kills = list(product(ROOMS[room], HITS))
    with stage.world(seed=len(room)) as made:
        assert [kill for kill in kills if _kill_at(made, *kill)] == kills
        made.replicas[0].start()
        left = made.settle()
        made.look()
        found = check(made)
        assert found.violations == [], left
        assert found.events > 8 * _TIMES * len(kills)
        _KILLED[room] = found.figures()


def _kill_at(made: World, point: str, hit: int) -> bool:
    """Run a replica until its n-th hit of a point kills it; whether it did."""
    made.portion(charge=2 * _TIMES, once=_TIMES, tell=_TIMES, people=_TIMES, capped=_TIMES)
    made.uploads(missed=_TIMES, followed=_TIMES)
    # Batches of ten, a hit each.
    made.redrive(10 * hit + 5)
    order = {"GUARDIAN_TEST_KILL": f"{point}:{hit}"}
    if made.replicas:
        made.replicas[0].start(**order)
    else:
        made.replica(**order)
    replica = made.replicas[0]

    looks = count()

    def dead() -> bool:
        # One more alarm now and then, so that what is done once a batch is done often enough.
        if next(looks) % _LOOKS == 0:
            made.put(made.load.portion(charge=1))
            made.uploads(missed=1, followed=1)
        return replica.pid is None

    try:
        wait_for(dead, _REACH_SECONDS, pause=0.1)
    except AssertionError:
        replica.kill()
        return False
    # Nobody is there to mind: what was received and not deleted is back at once.
    made.sqs.advance(VISIBILITY)
    return replica.died_by_itself()


@scenarios(*(partial(kill_and_restart, room) for room in ROOMS))
def test_kill_points(scenario: Scenario, played: Played) -> None:
    """At each point of the path: killed at one hit of it after another, it loses nothing and doubles nothing."""
    played(scenario)
    sums = {
        name: sum(f[name] for f in _KILLED.values()) for name in ("events", "lost", "double", "duplicates", "unsettled")
    }
    record("faults", "kill_points", {"points": sum(len(ROOMS[room]) for room in _KILLED), "hits": list(HITS), **sums})


def test_every_point_of_the_path_is_named() -> None:
    """The path's arrows all have a point; a new one is taken up by these tests by itself."""
    assert set(ROOMS) == {"intake", "executor", "redrive", "timers", "absence"}
    assert len(POINTS) == len(set(POINTS)) >= 18
