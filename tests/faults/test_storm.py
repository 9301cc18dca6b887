"""A storm of one alarm: bounded memory, a handful of messages to people, and another alarm is not kept waiting for its end."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checker import check
from tests.faults.sizes import STORM
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.world import ALERTS, World
from tests.support.figures import record
from tests.support.forks import Spawner
from tests.support.process import wait_for

MEGABYTES = 300
DESCRIPTORS = 200
NOTICES = 10
URGENT = "alerts-urgent"


@dataclass
class Sampler(threading.Thread):
    """Looks at a process ten times a second."""

    pid: int
    memory: float = 0.0
    descriptors: int = 0
    samples: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(name="sampler", daemon=True)

    # A dataclass with eq has no hash, and threads are kept in sets.
    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Sample until told to end."""
        folder = Path(f"/proc/{self.pid}")
        while not self._over.wait(0.1):
            status = (folder / "status").read_text()
            resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
            self.memory = max(self.memory, int(resident.split()[1]) / 1024)
            self.descriptors = max(self.descriptors, len(list((folder / "fd").iterdir())))
            self.samples += 1

    def end(self) -> None:
        """Stop sampling."""
        self._over.set()
        self.join()


def storm(stage: Stage) -> None:
    """So many alerts of one alarm are one incident and hardly a message, within bounded memory; others are acted on meanwhile."""
    with stage.world(seed=20, LEH_QUEUE__URGENT=URGENT) as world:
        world.sqs.make_queue(URGENT)
        # Looking at each of so many deletes would be the slowest part by far: they are all looked at in the end.
        world.sqs.on_delete = None
        replica = world.replica(Spawner())
        wait_for(replica.ready)
        assert replica.pid is not None
        sampler = Sampler(replica.pid)
        sampler.start()
        bodies = list(world.load.storm("people-storm", STORM))
        began = time.monotonic()
        world.put(bodies[: STORM // 2])
        # In the same queue it is behind half of the storm; in the urgent one it is behind nothing.
        world.put([same := world.load.one("charge")])
        world.load.sent.puts += 1
        world.sqs.put(URGENT, [urgent := world.load.one("charge")])
        world.put(bodies[STORM // 2 :])
        seen = {name: _acted(world, name, began) for name in ("charge-2", "charge-1")}
        left_then = world.sqs.counts(ALERTS)["ready"]
        left = world.settle(600)
        took = time.monotonic() - began
        sampler.end()
        world.look()
        found = check(world)
        assert found.violations == [], left
        assert same in world.load.sent.events
        assert urgent in world.load.sent.events
        notices = world.outside.effects("notice")
        coalesced = world.truth.value("select event_count from incidents where dedup_key = 'people-storm'")
        assert coalesced == STORM
        assert sum(notices.values()) <= NOTICES
        assert left_then > 0
        assert sampler.memory <= MEGABYTES
        assert sampler.descriptors <= DESCRIPTORS
        assert sampler.samples > 0
        record(
            "faults",
            "storm",
            {
                "alerts": STORM,
                "seconds": round(took, 1),
                "alerts_per_second": round(STORM / took),
                "memory_mb": round(sampler.memory),
                "descriptors": sampler.descriptors,
                "notices": sum(notices.values()),
                "urgent_alarm_s": round(seen["charge-2"], 2),
                "other_alarm_in_the_same_queue_s": round(seen["charge-1"], 2),
                "left_when_both_were_acted_on": left_then,
            },
        )


def _acted(world: World, name: str, began: float) -> float:
    """Wait for an alarm's effect; returns the seconds since `began`."""
    wait_for(lambda: world.outside.effects("charge")[name], 600)
    return time.monotonic() - began


@scenarios(storm)
def test_storm(scenario: Scenario, played: Played) -> None:
    """A storm costs no memory, no messages and no other alarm."""
    played(scenario)
