"""kill -9 over two replicas that call people, at random and at each point of calling: nobody forgotten, none called for nothing."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from leh_guardian.clock import SystemClock
from tests.faults import duty
from tests.faults.called import Verdict
from tests.faults.duty import Providers
from tests.faults.replicas import Replica
from tests.faults.sizes import CALL_KILLS
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.test_kill_points import ELSEWHERE
from tests.faults.truth import Away
from tests.faults.world import World
from tests.support.builders import alarm_event
from tests.support.figures import record
from tests.support.process import run_cli, wait_for

POINTS: Final = sorted(point for point, where in ELSEWHERE.items() if where.endswith("/test_calling.py"))
MEAN_GAP = 1.5
"""Seconds between two kills at random, on average."""
_FEED = 3.0
"""Seconds between two pairs of alarms: one that is answered, and one that never is."""
_ANSWERS: Final = (("api", 1), ("link", 1), ("api", 2), ("cli", 1), ("link", 2))
"""How those that are answered are, and at which level: each in turn."""
_REACH_SECONDS = 120.0
SETTLE_SECONDS = 180.0
"""How long it may take until all is as it should be, once nothing goes wrong any more."""


@dataclass
class Night:
    """What happens to the people of a world."""

    world: World
    providers: Providers
    waiting: dict[str, tuple[str, int]] = field(default_factory=dict)
    """{alarm: by which way it is answered, and at which level}, until it is."""
    answered: dict[str, datetime] = field(default_factory=dict)
    never: list[str] = field(default_factory=list)
    armed: dict[str, str] = field(default_factory=dict)
    """{replica: the point at which it dies}."""
    met: list[str] = field(default_factory=list)
    points: deque[str] = field(default_factory=lambda: deque(POINTS))
    kills: int = 0

    def begin(self) -> None:
        """Start both replicas, each of them to die at a point."""
        for _ in range(2):
            point = self.points.popleft()
            self.armed[self.world.replica(GUARDIAN_TEST_KILL=f"{point}:1").name] = point

    def feed(self) -> None:
        """Send two alarms."""
        number = len(self.never)
        names = [f"down-{number}-answered", f"down-{number}-never"]
        self.waiting[names[0]] = _ANSWERS[number % len(_ANSWERS)]
        self.never.append(names[1])
        self.world.put([json.dumps(alarm_event(name)) for name in names])

    def raise_the_dead(self) -> None:
        """Start again what has died: at its point, to die at the next one; at random, to die where it should have."""
        for replica in self.world.replicas:
            if replica.pid is None:
                if replica.died_by_itself():
                    self.met.append(self.armed.pop(replica.name))
                assert replica.codes == [], replica.log.read_text(encoding="utf-8")[-2000:]
                if replica.name not in self.armed and self.points:
                    self.armed[replica.name] = self.points.popleft()
                point = self.armed.get(replica.name)
                replica.start(**({"GUARDIAN_TEST_KILL": f"{point}:1"} if point else {}))

    def answer(self) -> None:
        """Answer what has been called far enough."""
        for name, (way, level) in list(self.waiting.items()):
            with contextlib.suppress(Away):
                found = self.world.truth.rows(_LEVEL, name)
                if found and found[0]["level"] >= level and self._said(way, found[0]):
                    # Whatever begins from now on knows it.
                    self.answered[name] = SystemClock().now()
                    del self.waiting[name]

    def _said(self, way: str, incident: Any) -> bool:
        """Say that somebody is at it; False when nobody was there to hear it."""
        if way == "cli":
            command = ("incidents", "ack", f"INC-{incident['number']}", "--by", "minsu")
            return run_cli(*command, **self.world.environment("people")).returncode == 0
        # Whoever is to die of an answer is asked first.
        asked = sorted(
            self.world.replicas, key=lambda replica: not self.armed.get(replica.name, "").startswith("answer.")
        )
        return any(self._pressed(replica, way, incident) for replica in asked)

    def _pressed(self, replica: Replica, way: str, incident: Any) -> bool:
        address = replica.address() if replica.pid is not None else ""
        if not address:
            return False
        if way == "api":
            body, headers = json.dumps({"by": "minsu"}).encode(), {"Authorization": f"Bearer {duty.TOKEN}"}
            return _asked(f"{address}/api/incidents/INC-{incident['number']}/ack", body, headers)[0] == 200
        link, code = self.providers.link_to(incident["number"])
        nonce = re.search(r'name="nonce" value="([^"]+)"', _asked(address + link)[1]) if link else None
        if nonce is None:
            return False
        return _asked(address + link, urlencode({"nonce": nonce[1], "code": code}).encode())[0] == 200

    def unsettled(self) -> list[str]:
        """Return who has still to answer, or to be called once more."""
        self.raise_the_dead()
        self.answer()
        try:
            repeated = {row[0] for row in self.world.truth.rows(_REPEATED)}
            late = [f"late: {row[0]}" for row in self.world.truth.rows(_LATE)]
        except Away:
            return ["the store is away"]
        left = [entry["body"] for entry in self.world.sqs.ledger("alerts") if entry["state"] != "deleted"]
        return [*left, *late, *self.waiting, *(name for name in self.never if name not in repeated)]

    def settle(self) -> list[str]:
        """Wait until all who are to answer have, and everybody else has been called again; returns what is left in the end."""
        try:
            wait_for(lambda: not self.unsettled(), SETTLE_SECONDS, pause=0.2)
        except AssertionError:
            return self.unsettled()
        return []


def calling(stage: Stage) -> None:
    """Whichever replica dies, and wherever, whoever has to be called is, until somebody answers, and nobody is after that."""
    with Providers(seed=11) as providers, stage.world(seed=11, **providers.settings(stage.folder / "secrets")) as world:
        duty.install(world.folder / "rules")
        night = Night(world, providers)
        night.begin()
        _kill(night)
        providers.let_go()
        left = night.settle()
        for replica in world.replicas:
            replica.kill()
        found = Verdict(world.truth, providers, night.answered).reach()
        assert not found.violations, "\n".join([*found.violations, *left])
        assert left == []
        assert providers.ops.forged == 0
        assert world.watched.early_deletes == []
        assert sorted(night.met) == POINTS
        troubles = {f"providers_{kind}": times for kind, times in sorted(providers.troubles.items())}
        record("faults", "calling_kills", {"points": len(night.met), "kills": night.kills, **found.figures, **troubles})


def _kill(night: Night) -> None:
    """Kill at random until every point has been met and it is enough."""
    world = night.world
    fed = killed = time.monotonic()
    for _ in range(3):
        night.feed()
    until, gap = fed + _REACH_SECONDS + 2 * MEAN_GAP * CALL_KILLS, world.random.expovariate(1 / MEAN_GAP)
    while (night.points or night.armed or night.kills < CALL_KILLS) and (now := time.monotonic()) < until:
        if now - fed > _FEED:
            fed = now
            night.feed()
        if night.kills < CALL_KILLS and now - killed > gap:
            killed, gap = now, world.random.expovariate(1 / MEAN_GAP)
            night.kills += world.random.choice(world.replicas).kill()
        night.raise_the_dead()
        night.answer()
        # A kill must be able to come at any instant.
        time.sleep(0.1)


def _asked(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Ask a replica; (0, why) when it is gone before it has answered."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)


_LEVEL = "select number, level from incidents where dedup_key = $1"
_LATE = (
    "select id::text from actions where handler = 'page' and status in ('scheduled', 'running', 'waiting')"
    " and due_at < clock_timestamp() - interval '5 seconds' limit 5"
)
_REPEATED = (
    "select distinct i.dedup_key from incidents i join journal j on j.incident_id = i.id"
    " where j.kind = 'incident.called' and j.data->>'why' = 'repeated'"
)


@scenarios(calling)
def test_calling(scenario: Scenario, played: Played) -> None:
    """Two replicas, people, failing providers, SIGKILLs at every point of calling: everybody is called, until somebody answers."""
    played(scenario)
