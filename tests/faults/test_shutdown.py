"""Stops under load: at any instant from the first millisecond on, and twice in a row; nothing lost, and always an end."""

from __future__ import annotations

import signal
import time

from tests.faults.checker import check
from tests.faults.sizes import STOPS
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.support.faults import hang
from tests.support.figures import record
from tests.support.process import wait_for

END_SECONDS = 60.0
"""A stop ends within a poll, the grace of running actions (25 s) and the closing of connections; far less when all is well."""
# -15: before the program has taken the signal over it dies of it, and has nothing in its hands.
POLITE = {0, -signal.SIGTERM}


def stops_at_random(stage: Stage) -> None:
    """SIGTERM at random times, half of them within its first half second: exit 0, or by the signal while it was starting."""
    with stage.world(seed=16, LEH_QUEUE__WAIT="1") as world:
        world.replica().url()
        stopped = world.replica()
        slowest = 0.0
        with world.busy(0.3, charge=2, once=1, tell=1):
            for turn in range(STOPS):
                # The instant is the fault's own.
                time.sleep(world.random.uniform(0, 0.5) if turn % 2 else world.random.uniform(0.5, 3))
                began = time.monotonic()
                assert stopped.stop(seconds=END_SECONDS) in POLITE
                slowest = max(slowest, time.monotonic() - began)
                stopped.start()
        left = world.settle()
        world.look()
        found = check(world)
        assert found.violations == [], left
        # Given back at the stop or never begun: a polite end loses no attempt.
        assert found.unknown == 0
        record("faults", "stops", found.figures() | {"stops": STOPS, "slowest_s": round(slowest, 2)})


def a_second_signal_ends_it_at_once(stage: Stage) -> None:
    """While a stop waits for a call that hangs, a second SIGTERM ends the process with 1; that is as safe as a crash."""
    with stage.world(seed=17) as world:
        replica = world.replica()
        wait_for(replica.ready)
        world.outside.faults.always("POST /charge", hang())
        world.portion(charge=3, once=1, tell=1)
        wait_for(lambda: world.outside.hung)
        replica.send(signal.SIGTERM)
        wait_for(lambda: replica.records("stopping: draining polls and running actions"))
        replica.send(signal.SIGTERM)
        assert replica.ended(10) == 1
        world.heal()
        left = world.settle()
        found = check(world)
        assert found.violations == [], left
        record("faults", "second_signal", found.figures())


@scenarios(stops_at_random, a_second_signal_ends_it_at_once)
def test_shutdown(scenario: Scenario, played: Played) -> None:
    """However it is stopped, it ends within its bound and loses nothing."""
    played(scenario)
