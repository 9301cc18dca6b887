"""SIGSTOP at named points, past the lease, and SIGCONT: whoever was overtaken writes nothing and starts no further effect."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.faults.checker import Verdict, check
from tests.faults.forks import ForkServer
from tests.faults.sizes import FREEZES
from tests.faults.world import World, world
from tests.support.daemon import LEASE_SECONDS
from tests.support.figures import record
from tests.support.process import wait_for

POINTS = (
    "executor.before_effect",
    "redrive.received",
    "executor.before_settle",
    "executor.checkpointed",
    "intake.before_commit",
    "executor.claimed",
    "redrive.sent",
    "intake.committed",
    "executor.before_settle_commit",
    "timers.before_commit",
    "redrive.deleted",
    "executor.before_claim_commit",
    "intake.received",
)
FROZEN = 1.5 * LEASE_SECONDS
_WORLDS_AT_ONCE = 3
_REACH_SECONDS = 60.0


def test_freezes_past_the_lease_double_nothing(tmp_path: Path, durable: EmbeddedPostgres, forks: ForkServer) -> None:
    """Frozen for one and a half leases at the instants where it hurts, a replica is overtaken, and fenced off when it thaws."""
    points = POINTS[: min(FREEZES, len(POINTS))]
    each = max(1, FREEZES // len(points))

    def play(point: str) -> tuple[int, int, Verdict]:
        with world(tmp_path / point, durable, forks, seed=len(point)) as made:
            return _freeze(made, point, each)

    with ThreadPoolExecutor(_WORLDS_AT_ONCE) as pool:
        results = list(pool.map(play, points))
    frozen, overtaken = sum(r[0] for r in results), sum(r[1] for r in results)
    figures = {"frozen": frozen, "points": len(points), "overtaken": overtaken}
    sums = {
        name: sum(r[2].figures()[name] for r in results)
        for name in ("lost", "double", "duplicates", "unsettled", "events")
    }
    record("faults", "freezes", figures | sums)
    assert {p: r[2].violations for p, r in zip(points, results, strict=True) if r[2].violations} == {}
    assert frozen == each * len(points)
    assert overtaken > 0


def _freeze(made: World, point: str, times: int) -> tuple[int, int, Verdict]:
    """Freeze a replica at a point so many times while another works on; returns freezes, lost attempts and the verdict."""
    made.replica().url()
    zombie = made.replica(GUARDIAN_TEST_FREEZE=f"{point}:3")
    frozen = 0
    with made.busy(0.4, charge=2, once=1, tell=1):
        while frozen < times:
            wait_for(lambda: zombie.frozen, _REACH_SECONDS)
            # How long it is frozen is the fault itself: past its lease, so that the other one takes over.
            time.sleep(FROZEN)
            frozen += 1
            zombie.send(signal.SIGCONT)
            wait_for(lambda: not zombie.frozen)
    # Its freezing cannot be called off: it may freeze once more, and goes.
    assert zombie.kill()
    zombie.start()
    made.settle()
    made.look()
    found = check(made)
    lost = made.truth.value("select count(*) from journal where kind = 'attempt.lost'")
    return frozen, int(lost), found


def test_a_thawed_redrive_sends_nothing_more(make_world: Callable[..., World]) -> None:
    """A replica that slept through its lease with messages in its hands does not send them: another one has done so."""
    made = make_world()
    zombie = made.replica(GUARDIAN_TEST_FREEZE="redrive.received:1")
    name = made.redrive(25)
    wait_for(lambda: zombie.frozen)
    made.replica()
    assert made.settle() == {}
    thawed_at = made.sqs.call(lambda: made.sqs._account.now())
    zombie.send(signal.SIGCONT)
    # It has had its say once it has found out, one way or another, that the action is not its own any more.
    wait_for(lambda: zombie.records("lease lost: another attempt goes on with this action"))
    redrive = made.load.sent.redrives[name]
    late = [e["body"] for e in made.sqs.ledger(redrive.queue) if e["sent_at"] > thawed_at]
    assert late == []
    assert made.sqs.bodies(redrive.queue) == dict.fromkeys(redrive.bodies, 1)
