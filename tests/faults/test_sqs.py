"""SQS that fails, throttles, hangs, refuses or cannot be found: asked seldom, said to be away, and taken up again by itself."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.replicas import Replica
from tests.faults.sizes import LONG
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.support.faults import ANY, Fault, hang, refuse, slow, throttle
from tests.support.figures import record
from tests.support.forks import Spawner
from tests.support.process import wait_for

POLLERS = 3
OUTAGES: dict[str, Fault] = {
    "5xx": refuse(503),
    "throttling": throttle(),
    "denied": refuse(403, "AccessDeniedException"),
    "credentials": refuse(403, "InvalidClientTokenId"),
    "hang": hang(),
}
OUTAGE_SECONDS = 60.0 if LONG else 12.0


def outage(name: str, stage: Stage) -> None:
    """Not ready, alive, hardly a call a second from each poller; when it is over, everything is done without a restart."""
    with stage.world(seed=11) as world:
        replica = world.replica()
        wait_for(replica.ready)
        world.sqs.faults.always(ANY, OUTAGES[name])
        world.portion(charge=3, once=1, tell=1)
        wait_for(lambda: _says(replica, "alert_queue"), 40)
        # How long it lasts is the fault itself; what is counted begins when the first haste is over.
        before, began = world.sqs.faults.hits.copy(), time.monotonic()
        time.sleep(OUTAGE_SECONDS)
        took, after = time.monotonic() - began, world.sqs.faults.hits.copy()
        polls = after["ReceiveMessage"] - before["ReceiveMessage"]
        asked = sum(after.values()) - sum(before.values()) - polls
        assert _says(replica, "alert_queue")
        world.heal()
        wait_for(replica.ready, 60)
        left = world.settle()
        found = check(world)
        assert found.violations == [], left
        assert replica.starts == 1
        assert polls <= took * POLLERS
        # The look around asks every five seconds, and repeats what may help three times.
        assert asked <= took * 2
        each = {
            "polls_per_second_and_poller": round(polls / took / POLLERS, 2),
            "other_calls_per_second": round(asked / took, 2),
        }
        record("faults", f"sqs_{name}", found.figures() | each)


def slow_answers(stage: Stage) -> None:
    """Every answer of SQS takes a second: nothing is lost and nothing is said to be away."""
    with stage.world(seed=12) as world:
        replica = world.replica()
        wait_for(replica.ready)
        world.sqs.faults.always(ANY, slow(1.0))
        world.portion(charge=3, once=1, tell=1)
        left = world.settle()
        assert replica.ready()
        world.heal()
        found = check(world)
        assert found.violations == [], left
        record("faults", "sqs_slow", found.figures())


def no_such_host(stage: Stage) -> None:
    """An endpoint whose name does not resolve: it is said, it is alive, and what PostgreSQL holds goes on."""
    with stage.world(seed=13) as world:
        first = world.replica()
        wait_for(first.ready)
        assert first.stop() == 0
        lost = world.replica(AWS_ENDPOINT_URL="http://sqs.invalid:80")
        wait_for(lambda: _says(lost, "alert_queue"), 40)
        began = time.monotonic()
        time.sleep(OUTAGE_SECONDS)
        errors = float(_metric(lost, 'guardian_loop_errors_total{loop="poller-0"}'))
        assert errors <= (time.monotonic() - began) + 10
        assert _says(lost, "alert_queue")
        assert lost.starts == 1


def a_resolver_that_never_answers(stage: Stage) -> None:
    """Name service falls silent and comes back: alive meanwhile, at work again afterwards, without a restart."""
    with stage.world(seed=14) as world, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        # Asked, and never heard from: in its own mount namespace the daemon knows this resolver and this file only.
        silent.bind(("127.0.0.2", 53))
        hosts, resolver = stage.folder / "hosts", stage.folder / "resolv.conf"
        known = "127.0.0.1 localhost\n127.0.0.1 sqs.test\n"
        hosts.write_text(known)
        resolver.write_text("nameserver 127.0.0.2\noptions timeout:5 attempts:2\n")
        script = f'mount --bind {hosts} /etc/hosts && mount --bind {resolver} /etc/resolv.conf && exec "$@"'
        spawner = Spawner("unshare", "-m", "sh", "-c", script, "sh")
        replica = world.replica(spawner, AWS_ENDPOINT_URL=world.sqs.url.replace("127.0.0.1", "sqs.test"))
        wait_for(replica.ready)
        hosts.write_text("127.0.0.1 localhost\n")
        world.portion(charge=3, once=1, tell=1)

        def lost() -> bool:
            # Names are looked up for new connections only, and kept for some seconds.
            world.sqs.call(lambda: [connection.abort() for connection in list(world.sqs._connections)])
            return _says(replica, "alert_queue")

        wait_for(lost, 60, pause=1.0)
        hosts.write_text(known)
        wait_for(replica.ready, 60)
        left = world.settle()
        found = check(world)
        assert found.violations == [], left
        assert replica.starts == 1
        record("faults", "dns_silent", found.figures())


def _says(replica: Replica, what: str) -> bool:
    """Tell whether it says that something is away, and yet lives."""
    ready, why = replica.get("/readyz")
    assert replica.get("/livez")[0] == 200
    return ready == 503 and what in why


def _metric(replica: Replica, name: str) -> str:
    lines = [line for line in replica.get("/metrics")[1].splitlines() if line.startswith(name)]
    return lines[0].rpartition(" ")[2] if lines else "0"


def _may_unshare() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None or not Path("/etc/resolv.conf").exists():
        return False
    tried = subprocess.run(
        ["unshare", "-m", "mount", "--bind", "/etc/hosts", "/etc/hosts"], capture_output=True, check=False
    )
    return tried.returncode == 0


@scenarios(*(partial(outage, name) for name in OUTAGES), slow_answers, no_such_host)
def test_sqs(scenario: Scenario, played: Played) -> None:
    """Whatever SQS does, it is asked seldom, health tells it, and the work is done when it is back."""
    played(scenario)


@pytest.mark.skipif(not _may_unshare(), reason="needs root and mount namespaces, to have a resolver of its own")
@scenarios(a_resolver_that_never_answers)
def test_name_service(scenario: Scenario, played: Played) -> None:
    """A silent resolver stops no loop and is got over."""
    played(scenario)
