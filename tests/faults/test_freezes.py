"""SIGSTOP at named points, past the lease, and SIGCONT: whoever was overtaken writes nothing and starts no further effect."""

from __future__ import annotations

import signal
import time
from functools import partial
from typing import Any

from tests.faults.checker import Verdict, check
from tests.faults.sizes import FREEZES
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.world import World
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
    "absence.looked",
    "absence.taken",
    "absence.before_commit",
)
FROZEN = 1.5 * LEASE_SECONDS
CHOSEN = POINTS[: min(FREEZES, len(POINTS))]
EACH = max(1, FREEZES // len(CHOSEN))
_FOUND: dict[str, dict[str, Any]] = {}
"""What was found, by point."""
_REACH_SECONDS = 240.0


def freeze(point: str, stage: Stage) -> None:
    """Frozen for one and a half leases at an instant where it hurts, a replica is overtaken, and fenced off when it thaws."""
    with stage.world(seed=len(point)) as made:
        frozen, found = _freeze(made, point, EACH)
        assert found.violations == []
        _FOUND[point] = {"frozen": frozen, "overtaken": found.overtaken, **found.figures()}


def _freeze(made: World, point: str, times: int) -> tuple[int, Verdict]:
    """Freeze a replica at a point so many times while another works on; returns how many times, and the verdict."""
    made.replica().url()
    zombie = made.replica(GUARDIAN_TEST_FREEZE=f"{point}:3")
    frozen = 0
    with made.busy(0.4, uploads=1, charge=2, once=1, tell=1):
        while frozen < times:
            wait_for(lambda: zombie.frozen, _REACH_SECONDS)
            # How long it is frozen is the fault itself: past its lease, so that the other one takes over.
            time.sleep(FROZEN)
            frozen += 1
            seen = zombie.hits()[point]
            zombie.send(signal.SIGCONT)
            # Under load it is at its next freeze before anybody has seen it thaw.
            wait_for(lambda seen=seen: not zombie.frozen or zombie.hits()[point] > seen)  # type: ignore[misc]
    # Its freezing cannot be called off: it may freeze once more, and goes.
    assert zombie.kill()
    zombie.start()
    made.settle()
    made.look()
    return frozen, check(made)


def a_thawed_redrive_sends_nothing_more(stage: Stage) -> None:
    """A replica that slept through its lease with messages in its hands does not send them: another one has done so."""
    with stage.world() as made:
        zombie = made.replica(GUARDIAN_TEST_FREEZE="redrive.received:1")
        name = made.redrive(25)
        wait_for(lambda: zombie.frozen)
        made.replica()
        assert made.settle() == {}
        thawed_at = made.sqs.call(made.sqs._account.now)
        zombie.send(signal.SIGCONT)
        # It has had its say once it has found out, one way or another, that the action is not its own any more.
        wait_for(lambda: zombie.records("lease lost: another attempt goes on with this action"))
        redrive = made.load.sent.redrives[name]
        late = [e["body"] for e in made.sqs.ledger(redrive.queue) if e["sent_at"] > thawed_at]
        assert late == []
        assert made.sqs.bodies(redrive.queue) == dict.fromkeys(redrive.bodies, 1)


@scenarios(*(partial(freeze, point) for point in CHOSEN), a_thawed_redrive_sends_nothing_more)
def test_freezes(scenario: Scenario, played: Played) -> None:
    """Frozen past its lease at each point and thawed, a replica doubles nothing that is not declared."""
    played(scenario)
    sums = {
        name: sum(f[name] for f in _FOUND.values())
        for name in ("frozen", "overtaken", "events", "lost", "double", "duplicates")
    }
    record("faults", "freezes", {"points": len(_FOUND), **sums})
