"""kill -9 at random over two replicas, while SQS, PostgreSQL and the receivers fail, too: nothing lost, nothing twice."""

from __future__ import annotations

import time

from tests.faults.checker import check
from tests.faults.sizes import KILLS
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.world import World
from tests.support.faults import hang, lose_reply, refuse
from tests.support.figures import record
from tests.support.tcp_proxy import TcpProxy

MEAN_GAP = 0.8
"""Seconds between two kills, on average."""


def _trouble(world: World, proxy: TcpProxy) -> None:
    """Let everything around the replicas fail at the rates of the study."""
    world.sqs.tune(duplicates=0.1, shuffle=True)
    world.sqs.faults.draw(world.seed, (refuse(503), 0.05), (lose_reply(), 0.05), (hang(15.0), 0.01))
    world.outside.faults.draw(world.seed, (refuse(503), 0.05), (lose_reply(), 0.05), (hang(8.0), 0.01))
    proxy.draw(world.seed, before=0.001, after=0.001)


def random_kills(stage: Stage) -> None:
    """Whenever either replica dies, and whatever fails meanwhile, every alert is dealt with, and what is exactly once is."""
    with stage.world(seed=7) as world, TcpProxy("127.0.0.1", world.postgres.port) as proxy:
        world.go_through(proxy.port)
        for _ in range(2):
            world.replica()
        assert all(replica.url() for replica in world.replicas)
        _trouble(world, proxy)
        kills = 0
        with world.busy(0.5, charge=2, once=1, tell=1, people=1, capped=1):
            while kills < KILLS:
                # The gap is the fault's own: a kill must be able to come at any instant.
                time.sleep(world.random.expovariate(1 / MEAN_GAP))
                kills += world.random.choice(world.replicas).kill()
                world.keep_alive()
        world.heal()
        proxy.off()
        left = world.settle()
        world.look()
        found = check(world)
        assert found.violations == [], left
        assert left == {}
        ends = [code for replica in world.replicas for code in replica.codes]
        # 75: PostgreSQL was cut off while it started, which is a service manager's to repeat.
        assert set(ends) <= {75}
        done = {f"{op} {kind.value}": n for (op, kind), n in sorted(world.sqs.faults.done.items())}
        cuts = {name: proxy.counts[name] for name in ("cut_before", "cut_after", "connections")}
        figures = found.figures() | {
            "kills": kills,
            "sqs_faults": sum(done.values()),
            "postgresql": cuts,
            "ends_75": len(ends),
        }
        record("faults", "random_kills", figures)
        assert found.events > KILLS
        assert sum(done.values()) > 0


@scenarios(random_kills)
def test_random_kills(scenario: Scenario, played: Played) -> None:
    """Random SIGKILLs while everything around the replicas fails at the rates of the study: nothing lost, nothing twice."""
    played(scenario)
