"""Owns one run: a seed's weather, workload and replicas, from trouble to calm; the one rule: the same seed, the same run.

A run has two parts. While trouble lasts, alerts arrive and everything of the weather happens. Then all is calm, dead replicas
are started again, and everything must come to its end within some virtual minutes.
"""

from __future__ import annotations

import json
import random
import signal
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import structlog

from leh_guardian.engine import absence, broken_channels, circuits, daemon, spending, verbs
from leh_guardian.errors import StoreUnavailable
from leh_guardian.model.mode import Mode
from leh_guardian.model.provider.outage import Outage, Phase
from leh_guardian.redrive import keeping, mover
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import actions as action_store
from leh_guardian.store import provider_outages, schedule_ticks
from leh_guardian.store.schedule_ticks import Decided
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry import failpoints
from tests.sim import replica
from tests.sim.amounts import BUDGET
from tests.sim.breaker import SimDynamo, SimTables
from tests.sim.check_amounts import check_circuits, check_opening, check_write
from tests.sim.checker import Checker, letters_lost
from tests.sim.loop import BusyLoop, Deadlock, Process, SimLoop
from tests.sim.queues import SimClient, SimSqs
from tests.sim.store.database import SimDatabase
from tests.sim.store.install import install
from tests.sim.store.pool import Reply, SimPool
from tests.sim.targets import Targets, registry, repeated, told
from tests.sim.workload import ON_CALL, RULES, TORN, drawn
from tests.sim.world import LEASE, Fate, Weather, World
from tests.support.sqs_server.account import ACCOUNT, REGION

TROUBLE = 30.0
"""Virtual seconds in which alerts come and things go wrong."""
PATIENCE = 600.0
"""Virtual seconds in which everything must come to its end afterwards."""
IDLE = 2.0
"""Virtual seconds between two looks of a lane at what is due: looks that find nothing are half of what a run would do otherwise."""
_SHORT = (
    (daemon, "_IDLE", IDLE),
    (action_store, "LEASE_SECONDS", LEASE),
    (mover, "VISIBILITY", 5.0),
    (keeping, "VISIBILITY", 5.0),
    (absence, "HIDDEN", timedelta(seconds=5)),
    (broken_channels, "PATIENCE", timedelta(seconds=8)),
    (circuits, "_COMPARED", timedelta(seconds=5)),
    (spending, "QUIET", timedelta(seconds=5)),
)
"""(where, what, how long): the pauses of the engine that are minutes elsewhere."""
_EFFECTS = ("actions.settle", "commit")
"""Calls to the database before which a freeze is most telling."""


@dataclass
class Result:
    """What came of a run."""

    seed: int
    digest: str = ""
    violations: list[str] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    tail: list[str] = field(default_factory=list)
    steps: int = 0
    seconds: float = 0.0
    """Virtual."""
    effects: int = 0
    """Exactly-once effects."""
    asked: int = 0
    """How often they were asked for."""
    told: int = 0
    told_again: int = 0
    letters: int = 0
    letters_again: int = 0


class Ports:
    """A replica's way to the database."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def call(self, what: str) -> Reply:
        """Carry a request there."""
        fate = await self._world.call(what, effect=what in _EFFECTS)
        if fate is Fate.FAILS:
            raise StoreUnavailable(f"PostgreSQL cannot be reached: {what} did not arrive")
        return Reply.LOST if fate is Fate.LOSES_ANSWER else Reply.GIVEN


class Quiet:
    """The way to the database of those around the replicas: nothing happens on it."""

    async def call(self, _: str) -> Reply:
        """Carry a request there."""
        return Reply.GIVEN


class Run:
    """One run."""

    def __init__(self, seed: int, weather: Weather | None = None, replicas: int = 2) -> None:
        rng = random.Random(seed)
        self._weather = weather or Weather.drawn(rng)
        self._load = drawn(rng, TROUBLE)
        self._loop = SimLoop()
        self._world = World(seed, self._weather, self._loop)
        self._replicas = replicas
        self._database = SimDatabase(self._world.now)
        self._sqs = SimSqs(self._world)
        self._tables = SimTables()
        self._tables.on_put = lambda before, after: check_write(self._world, before, after)
        self._targets = Targets(self._world)
        self._targets.mute = self._load.mute
        self._targets.verdicts = self._load.amounts.verdicts
        self._targets.finished |= {name for name, fate in self._load.uploads.items() if fate == "found"}
        self._registry = registry(self._targets)
        self._rules = _rules()
        self._checker = Checker(self._world, self._database.table, self._targets, self._load, self._rules)
        self._living: dict[str, tuple[Process, SimPool]] = {}
        self._started = 0

    def play(self) -> Result:
        """Play the run to its end."""
        result = Result(self._world.seed)
        with _installed(self._world):
            try:
                self._loop.play(self._story)
            except (Deadlock, BusyLoop) as error:
                self._world.violated("I12", str(error))
        self._sum_up(result)
        return result

    def done(self, rule: str) -> list[str]:
        """Return the exactly-once effects of a rule."""
        return sorted(happened.what for happened in self._targets.switched.values() if happened.rule == rule)

    async def _story(self) -> None:
        self._prepare()
        await self._know_schedules()
        if self._load.away:
            await self._begin_outage()
        for number in range(self._replicas):
            self._start(f"replica{number}")
        async with anyio.create_task_group() as trouble:
            trouble.start_soon(self._send_alerts)
            trouble.start_soon(self._kill_at_random)
            trouble.start_soon(self._restart_database)
            trouble.start_soon(self._jump_clocks)
            trouble.start_soon(self._raise_the_dead)
            trouble.start_soon(self._throw_the_switch)
            await anyio.sleep(TROUBLE)
            trouble.cancel_scope.cancel()
        if self._weather.pause:
            await self._stand_still()
        await self._set_mode(Mode.ACT)
        self._world.calm = True
        self._sqs.calm_down()
        self._world.note("calm")
        await self._come_to_an_end()

    def _prepare(self) -> None:
        self._tables.make(replica.BREAKER, "id")
        self._sqs.create("alerts")
        # So short that whatever is held back must be kept.
        self._sqs.create("worker-dlq", MessageRetentionPeriod=str(4 * 3600))
        policy = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:worker-dlq", "maxReceiveCount": 3}
        self._sqs.create("worker", RedrivePolicy=json.dumps(policy))
        for number in range(self._load.letters):
            self._sqs.put("worker-dlq", f"letter {number}".encode())
        self._database.on_commit = self._at_commit
        self._sqs.on_delete = lambda queue, body: self._checker.at_delete(body) if queue == "alerts" else None

    def _at_commit(self, changes: Mapping[str, Mapping[Any, Any]]) -> None:
        check_opening(self._world, self._database.rows["circuits"], changes["circuits"])

    async def _know_schedules(self) -> None:
        """Write down that the schedules are known, so that the first tick is nobody's to leave out."""
        begin = self._world.begin
        known = [Decided(rule.id, str(rule.schedule), begin) for rule in self._rules.rules if rule.schedule]
        async with transaction(SimPool(self._database, Quiet())) as tx:
            await schedule_ticks.save(tx, begin, known)

    async def _begin_outage(self) -> None:
        """Write down that the worker's provider is away, as a look of `await_provider` does that nobody follows."""
        now = self._world.now()
        held = now + timedelta(seconds=self._load.away)
        outage = Outage("openai", uuid.UUID(int=1), Phase.OPEN, None, now, now, held, version=1)
        async with transaction(SimPool(self._database, Quiet())) as tx:
            await provider_outages.follow(tx, outage)
        self._world.hits["provider away"] += 1
        self._world.note(f"the provider is away for {self._load.away:g} s")

    def _start(self, name: str) -> None:
        self._started += 1
        process = Process(name, self._started)
        pool = SimPool(self._database, Ports(self._world))
        parts = replica.Parts(
            world=self._world,
            rules=self._rules,
            rules_folder=_rules_folder(),
            registry=self._registry,
            pool=lambda _: pool,
            sqs=SimClient(self._world, self._sqs),
            dynamo=SimDynamo(self._world, self._tables),
            spends=bool(self._load.amounts.tokens),
            channels=self._targets.channels(),
            looks=self._targets.looks,
        )
        self._living[name] = (process, pool)
        self._loop.spawn(process, lambda: replica.run(parts, process))

    async def _send_alerts(self) -> None:
        for at, body in self._load.alerts:
            await anyio.sleep(at - self._loop.time())
            self._sqs.put("alerts", body)

    async def _kill_at_random(self) -> None:
        if not self._weather.kill_every:
            return
        while True:
            await anyio.sleep(self._world.rng.expovariate(1 / self._weather.kill_every))
            process, _ = self._world.rng.choice(list(self._living.values()))
            kinds = [signal.SIGTERM] if self._weather.orderly else [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]
            kind = self._world.rng.choice(kinds)
            if process.alive and not process.frozen and (kind is not signal.SIGTERM or kind in process.signals):
                self._world.hits[f"{kind.name} at random"] += 1
                self._world.note(f"{kind.name} to {process.name}")
                self._loop.signal(process, kind)

    async def _restart_database(self) -> None:
        if not self._weather.restart_every:
            return
        while True:
            await anyio.sleep(self._world.rng.expovariate(1 / self._weather.restart_every))
            self._world.hits["database restarted"] += 1
            self._world.note("database restarted")
            self._database.restart()

    async def _jump_clocks(self) -> None:
        while self._weather.jump:
            await anyio.sleep(self._world.rng.uniform(1, 15))
            process, _ = self._world.rng.choice(list(self._living.values()))
            process.skew = self._world.rng.choice([-1, 0, 1]) * self._weather.jump
            self._world.hits["clock jumped"] += 1
            self._world.note(f"clock of {process.name} is off by {process.skew}")

    async def _throw_the_switch(self) -> None:
        """Hold everything now and then, as an operator does who has seen enough."""
        while self._weather.switches:
            await anyio.sleep(self._world.rng.uniform(0.5, 10))
            await self._set_mode(Mode.OFF)
            await anyio.sleep(self._world.rng.uniform(0.5, 5))
            await self._set_mode(Mode.ACT)

    async def _set_mode(self, mode: Mode) -> None:
        async with transaction(SimPool(self._database, Quiet())) as tx:
            await verbs.set_mode(tx, "*", mode, self._world.now(), "operator", "a drill")
        self._world.hits[f"switch to {mode.value}"] += 1
        self._world.note(f"the switch is at {mode.value}")

    async def _stand_still(self) -> None:
        """Let nobody run for a while, as when a machine is gone."""
        self._world.hits["nobody ran"] += 1
        self._world.note(f"nobody runs for {self._weather.pause:g} s")
        for process, _ in self._living.values():
            self._loop.kill(process)
        self._bury()
        await anyio.sleep(self._weather.pause)

    async def _raise_the_dead(self) -> None:
        """Start again what died or ended, after a while, as a service manager does; the database notices the death first."""
        while True:
            await anyio.sleep(0.5)
            self._bury()
            for name, (process, _) in list(self._living.items()):
                if (not process.alive or process.ended) and (self._world.calm or self._world.rng.random() < 0.2):
                    self._start(name)

    def _bury(self) -> None:
        for process, pool in self._living.values():
            if not process.alive:
                self._database.kill(pool.connections)
            if process.ended and process.alive and self._weather.orderly:
                process.alive = False
                for message in self._sqs.held_by("alerts", process.id):
                    if not message.body.encode().startswith(TORN):
                        self._world.violated("F30", f"{process.name} has stopped and left {message.id} hidden")

    async def _come_to_an_end(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._raise_the_dead)
            end = self._loop.time() + PATIENCE
            while (waiting := self._waiting()) and self._loop.time() < end:  # noqa: ASYNC110 - two replicas are watched
                await anyio.sleep(2)
            for what in waiting:
                self._world.violated("I3", f"after {PATIENCE:g} s of calm: {what}")
            tasks.cancel_scope.cancel()

    def _waiting(self) -> list[str]:
        alerts = sum(not body.startswith(TORN) for body in self._sqs.bodies("alerts"))
        return ([f"{alerts} alerts in the queue"] if alerts else []) + self._checker.unsettled()

    def _sum_up(self, result: Result) -> None:
        world, targets = self._world, self._targets
        self._checker.at_end()
        check_circuits(world, self._database.table, self._load.amounts, self._tables.items(replica.BREAKER))
        dead = self._sqs.bodies("worker-dlq")
        lost, result.letters_again = letters_lost(self._load.letters, self._sqs.bodies("worker"), dead)
        for row in self._database.table("quarantine"):
            if row["status"] == "kept" and row["body"] not in dead:
                world.violated("I5", f"{row['body'].decode()} rests in quarantine, and nobody sends it")
        for letter in lost:
            world.violated("I5", f"{letter} is nowhere any more")
        for complaint in self._loop.complaints:
            world.violated("I12", complaint)
        counts = told(targets)
        result.tail = world.trace[-60:]
        for table in sorted(self._database.rows):
            for row in self._database.table(table):
                world.note(f"{table} {sorted(row.items(), key=lambda item: item[0])}")
        result.effects, result.asked = len(targets.switched), sum(targets.calls.values())
        result.told, result.told_again = len(counts), repeated(list(counts.values()))
        result.letters, result.steps, result.seconds = self._load.letters, self._loop.steps, self._loop.time()
        result.digest, result.violations, result.hits = world.digest(), world.violations, world.hits


@contextmanager
def _installed(world: World) -> Iterator[None]:
    """Put the small store in the place of PostgreSQL, and everything that is left to chance into the hands of the seed."""
    made = random.Random(world.seed + 1)
    random.seed(world.seed + 2)
    failpoints.arm(world.at_point)
    structlog.configure(processors=[_silent], cache_logger_on_first_use=False)
    try:
        with ExitStack() as stack:
            for owner, name, value in _SHORT:
                stack.enter_context(patch.object(owner, name, value))
            stack.enter_context(patch.object(uuid, "uuid4", lambda: uuid.UUID(int=made.getrandbits(128), version=4)))
            stack.enter_context(install())
            yield
    finally:
        failpoints.arm(None)
        structlog.reset_defaults()


def _silent(*_: Any) -> Any:
    raise structlog.DropEvent


@cache
def _rules_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="guardian-sim-"))
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    (folder / "oncall.yaml").write_text(ON_CALL, encoding="utf-8")
    (folder / "budget.yaml").write_text(BUDGET, encoding="utf-8")
    return folder


@cache
def _rules() -> RuleSet:
    loop = SimLoop()
    try:
        return load_rules(_rules_folder(), registry(Targets(World(0, Weather(), loop))))
    finally:
        loop.close()
