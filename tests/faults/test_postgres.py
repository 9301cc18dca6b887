"""PostgreSQL restarted, frozen, slow, cut off in mid-commit and full: nothing lost, nothing twice, and it is said meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio
import asyncpg

from tests.faults.checker import check
from tests.faults.replicas import Replica
from tests.faults.sizes import LONG, RESTARTS
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.world import World
from tests.support.figures import record
from tests.support.process import wait_for
from tests.support.standby import promote, synchronous_standby
from tests.support.tcp_proxy import Cut, TcpProxy


def _holds(world: World, figure: str, **more: object) -> None:
    """Wait until all is settled, and hold the world against its promises."""
    left = world.settle()
    world.look()
    found = check(world)
    assert found.violations == [], left
    record("faults", figure, found.figures() | more)


def _degraded(replica: Replica) -> bool:
    """Tell whether it says that it cannot act, and yet lives."""
    ready, why = replica.get("/readyz")
    assert replica.get("/livez")[0] == 200
    return ready == 503 and "postgresql" in why


@contextmanager
def _frozen(world: World) -> Iterator[None]:
    """Stop every process of the server: it accepts, and never answers."""
    assert world.postgres.pid is not None
    group = [world.postgres.pid, *_children(world.postgres.pid)]
    for pid in group:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in group:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def restarts_under_load(stage: Stage) -> None:
    """Stopped politely or as by a crash, again and again under load, it is taken up again and nothing is missed."""
    with stage.own_world(seed=3) as world:
        replicas = [world.replica(), world.replica()]
        wait_for(lambda: all(replica.ready() for replica in replicas))
        slowest = 0.0
        with world.busy(0.3, charge=2, once=1, tell=1):
            for turn in range(RESTARTS):
                time.sleep(world.random.uniform(5, 40) if LONG else 2.0)
                world.postgres.restart("immediate" if turn % 2 else "fast")
                up = time.monotonic()
                seen = {
                    replica: world.truth.value("select count(*) from journal where author like $1", f"%:{replica.pid}")
                    for replica in replicas
                }
                # Each has written something new: it is at work again.
                for replica, before in seen.items():
                    wait_for(lambda r=replica, b=before: _wrote(world, r) > b)  # type: ignore[misc]
                slowest = max(slowest, time.monotonic() - up)
        assert [replica.starts for replica in replicas] == [1, 1]
        _holds(world, "postgresql_restarts", restarts=RESTARTS, slowest_recovery_s=round(slowest, 2))


def _wrote(world: World, replica: Replica) -> int:
    return int(world.truth.value("select count(*) from journal where author like $1", f"%:{replica.pid}"))


def frozen_it_is_said_and_survived(stage: Stage) -> None:
    """A server that accepts and never answers: not ready and alive all the while, and everything is done when it thaws."""
    with stage.own_world(seed=4) as world:
        replica = world.replica()
        wait_for(replica.ready)
        with _frozen(world):
            world.portion(charge=3, once=1, tell=1, people=1)
            wait_for(lambda: _degraded(replica), 60)
            # Every await has a deadline, so what waited for the server has given up, and says so.
            wait_for(
                lambda: [r for r in replica.records("degraded: will try again") if "PostgreSQL" in r["reason"]], 60
            )
            if LONG:
                wait_for(lambda: "blocked" in replica.get("/status")[1] and _degraded(replica), 60)
                time.sleep(45)
                assert _degraded(replica)
        wait_for(replica.ready, 60)
        assert replica.starts == 1
        _holds(world, "postgresql_frozen")


def a_stop_ends_though_it_is_frozen(stage: Stage) -> None:
    """SIGTERM while the server never answers: the process ends within its bound, and nothing is lost."""
    with stage.own_world(seed=5) as world:
        replica = world.replica()
        wait_for(replica.ready)
        with _frozen(world):
            world.portion(charge=3, once=1)
            wait_for(lambda: _degraded(replica), 60)
            began = time.monotonic()
            code = replica.stop(seconds=90)
            record("faults", "stop_with_postgresql_frozen_s", round(time.monotonic() - began, 1))
        assert code == 0
        replica.start()
        _holds(world, "postgresql_frozen_stop")


def slow_steals_no_lease(stage: Stage) -> None:
    """Every round trip takes a thirtieth of a lease: it is slower, and no live attempt loses its lease, so nothing is repeated."""
    with stage.own_world(seed=6) as world:
        # The long form is far from what a busy machine adds by itself; only there can it be held to the letter.
        latency, lease = (0.25, 15) if LONG else (0.05, 3)
        with TcpProxy("127.0.0.1", world.postgres.port) as proxy:
            world.go_through(proxy.port)
            replicas = [world.replica(GUARDIAN_TEST_LEASE=str(lease)) for _ in range(2)]
            wait_for(lambda: all(replica.ready() for replica in replicas))
            proxy.latency = latency
            for _ in range(3):
                world.portion(charge=3, once=1, tell=1, people=1)
            world.redrive(25)
            assert world.settle() == {}
            proxy.off()
            found = check(world)
            assert found.violations == []
            if LONG:
                assert (found.lost_attempts, found.duplicates) == (0, 0)
            record("faults", "postgresql_slow", found.figures())


def a_commit_whose_reply_is_lost_is_found_done(stage: Stage) -> None:
    """COMMIT is carried out and its answer lost, again and again: what was unknown is done again under the same keys, once."""
    with stage.own_world(seed=8) as world, TcpProxy("127.0.0.1", world.postgres.port) as proxy:
        world.go_through(proxy.port)
        replicas = [world.replica(), world.replica()]
        wait_for(lambda: all(replica.ready() for replica in replicas))
        with world.busy(0.3, charge=2, once=1, tell=1, people=1):
            for _ in range(12 if LONG else 6):
                before = proxy.counts[Cut.AFTER.value]
                proxy.script(Cut.AFTER, b"commit", hit=world.random.randint(1, 3))
                wait_for(lambda b=before: proxy.counts[Cut.AFTER.value] > b)  # type: ignore[misc]
        _holds(world, "postgresql_commit_unknown", commits_cut=proxy.counts[Cut.AFTER.value])


def it_fails_over(stage: Stage) -> None:
    """The writer dies under load and its synchronous standby takes over: read-only meanwhile, nothing is lost, nothing twice."""
    with (
        stage.own_world(seed=10) as world,
        synchronous_standby(world.postgres, stage.folder / "standby") as standby,
        TcpProxy("127.0.0.1", world.postgres.port) as proxy,
    ):
        world.go_through(proxy.port)
        replicas = [world.replica(), world.replica()]
        wait_for(lambda: all(replica.ready() for replica in replicas))
        with world.busy(0.3, charge=2, once=1, tell=1):
            time.sleep(3)
            world.postgres.kill()
            proxy.turn_to(standby.port)
            # The name leads to the standby before that is the writer.
            wait_for(lambda: all(_degraded(replica) for replica in replicas), 60)
            wait_for(lambda: "takes no writes" in replicas[0].get("/readyz")[1], 60)
            world.truth.turn_to(standby.dsn(world.database))
            promote(standby)
            up = time.monotonic()
            wait_for(lambda: all(replica.ready() for replica in replicas), 60)
            recovered = round(time.monotonic() - up, 2)
            time.sleep(3)
        assert [replica.starts for replica in replicas] == [1, 1]
        _holds(world, "postgresql_failover", recovery_s=recovered)


_TERMINATE = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'leh-guardian%'"


def no_connection_left(stage: Stage) -> None:
    """Others hold every connection of the server: not ready, alive, no traceback; with connections to be had, all is done."""
    with stage.own_world(seed=9) as world:
        replica = world.replica()
        wait_for(replica.ready)

        async def hold() -> None:
            held = [await asyncpg.connect(world.postgres.dsn("postgres"))]
            try:
                with anyio.fail_after(60):
                    # The replica's own connections go, and what is free is taken, until it has none and gets none.
                    while not await anyio.to_thread.run_sync(_degraded, replica):
                        await held[0].execute(_TERMINATE)
                        with suppress(asyncpg.TooManyConnectionsError):
                            while True:
                                held.append(await asyncpg.connect(world.postgres.dsn("postgres")))
            finally:
                for connection in held:
                    await connection.close()

        world.portion(charge=3, once=1)
        anyio.run(hold)
        world.portion(charge=3, once=1)
        wait_for(replica.ready, 60)
        assert replica.starts == 1
        assert "Traceback" not in replica.log.read_text()
        _holds(world, "postgresql_full")


LONG_ONES = [a_stop_ends_though_it_is_frozen, it_fails_over] if LONG else []


@scenarios(
    restarts_under_load,
    frozen_it_is_said_and_survived,
    slow_steals_no_lease,
    a_commit_whose_reply_is_lost_is_found_done,
    no_connection_left,
    *LONG_ONES,
)
def test_postgresql(scenario: Scenario, played: Played) -> None:
    """Whatever PostgreSQL does, nothing is lost and nothing is done twice; each scenario's docstring says what else."""
    played(scenario)
