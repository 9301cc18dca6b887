"""Owns the world around the replicas: time, chance, the trace, and what may go wrong at any call that leaves a process.

The one rule: everything outside a process is reached through `World.call`, which decides by the seed how long it takes and
whether it fails before it takes place, or takes place and its answer is lost. The rates themselves are drawn per seed, so
that some runs are nearly calm and others are nothing but one kind of trouble.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TypeVar

import anyio
import anyio.lowlevel

from tests.sim.loop import Process, SimLoop, current_process

Answer = TypeVar("Answer")

EPOCH = datetime(2026, 11, 22, 17, 59, tzinfo=UTC)
"""When everything that alerts tell of has happened. A run begins so soon after it that a full hour falls into its trouble."""
LEASE = 6.0
"""Seconds of a lease in a simulation, so that runs are short."""


class Fate(Enum):
    """How a call ends."""

    GOES_WELL = "goes well"
    FAILS = "fails"
    LOSES_ANSWER = "loses its answer"


@dataclass(frozen=True)
class Weather:
    """How often things go wrong; rates are per call."""

    fail: float = 0.0
    """The call does not take place."""
    lose: float = 0.0
    """It takes place, and its answer is lost."""
    stall: float = 0.0
    """It takes seconds instead of milliseconds."""
    freeze: float = 0.0
    """Its process is stopped just before an effect, about as long as a lease lasts."""
    die: float = 0.0
    """Its process is killed at a named point."""
    kill_every: float = 0.0
    """Seconds between two kills at random, on average; 0 is never."""
    restart_every: float = 0.0
    """Seconds between two restarts of the database, on average."""
    jump: float = 0.0
    """Seconds by which a wall clock may jump, either way."""
    duplicate: float = 0.0
    """An alert is delivered again although it is not due."""
    throttle: float = 0.0
    """SQS asks to slow down."""
    switches: bool = False
    """An operator holds everything now and then."""
    pause: float = 0.0
    """Seconds for which no replica runs at all, after the trouble."""
    orderly: bool = False
    """Replicas are only asked to stop, never killed: then nothing may be left behind."""

    @classmethod
    def drawn(cls, rng: random.Random) -> Weather:
        """Draw one kind of weather: each kind of fault is present in about two of three runs."""

        def rate(most: float) -> float:
            return rng.uniform(0, most) if rng.random() < 2 / 3 else 0.0

        if rng.random() < 1 / 8:
            return cls(kill_every=8.0, duplicate=rate(0.3), orderly=True)
        return cls(
            fail=rate(0.06),
            lose=rate(0.06),
            stall=rate(0.02),
            freeze=rate(0.06),
            die=rate(0.02),
            kill_every=rng.choice([0.0, 15.0, 30.0]),
            restart_every=rng.choice([0.0, 0.0, 30.0]),
            jump=rng.choice([0.0, 0.0, 5.0, 3600.0, 86400.0]),
            duplicate=rate(0.3),
            throttle=rate(0.04),
            switches=rng.random() < 1 / 3,
            pause=rng.uniform(60, 600) if rng.random() < 1 / 5 else 0.0,
        )

    def without(self, **fields: float) -> Weather:
        """Return the same weather with other rates: for finding out which kind of fault a failure needs."""
        return replace(self, **fields)


class World:
    """What the processes of one run share."""

    def __init__(self, seed: int, weather: Weather, loop: SimLoop) -> None:
        self.seed = seed
        self.weather = weather
        self.loop = loop
        self.rng = random.Random(seed)
        self.begin = EPOCH + timedelta(seconds=self.rng.uniform(30, 60))
        """True time at the beginning."""
        self.calm = False
        """Whether nothing goes wrong any more: every run ends in calm, to see whether all comes to its end."""
        self.hits: Counter[str] = Counter()
        """How often each fault took place."""
        self.trace: list[str] = []
        """What happened, line by line."""
        self.violations: list[str] = []
        self._now = 0.0, self.begin
        """A virtual second, and the time it is then: it is asked for several times at each."""

    def now(self) -> datetime:
        """Return true time: what the database's clock shows."""
        at = self.loop.time()
        if at != self._now[0]:
            self._now = at, self.begin + timedelta(seconds=at)
        return self._now[1]

    def note(self, what: str) -> None:
        """Write a line of the trace."""
        process = current_process()
        self.trace.append(f"{self.loop.time():10.4f} {process.name if process else '-':8} {what}")

    def digest(self) -> str:
        """Return what this run did, in one word: equal runs have equal words."""
        return hashlib.sha256("".join(self.trace).encode()).hexdigest()[:16]

    def violated(self, invariant: str, what: str) -> None:
        """Note that a promise was broken."""
        self.note(f"VIOLATED {invariant}: {what}")
        self.violations.append(f"{invariant} at {self.loop.time():.3f} s: {what}")

    def roll(self, rate: float, fault: str) -> bool:
        """Decide whether a fault takes place now."""
        if self.calm or rate <= 0 or self.rng.random() >= rate:
            return False
        self.hits[fault] += 1
        self.note(fault)
        return True

    async def call(self, what: str, *, effect: bool = False) -> Fate:
        """Leave the process for `what`: take time, and say how it ends. The caller raises its own kind of error."""
        self.note(what)
        await self.loop.sleep(self.rng.uniform(0.001, 0.02))
        if self.calm:
            return Fate.GOES_WELL
        if self.roll(self.weather.stall, "stalled"):
            await self.loop.sleep(self.rng.uniform(1, 12))
        if effect and self.roll(self.weather.freeze, "frozen before an effect"):
            await self.freeze()
        if self.roll(self.weather.fail, "failed"):
            return Fate.FAILS
        return Fate.LOSES_ANSWER if self.roll(self.weather.lose, "lost its answer") else Fate.GOES_WELL

    async def reply(self, fate: Fate) -> None:
        """Come back to the process with an answer, or wait in vain for one that is lost."""
        lost = fate is Fate.LOSES_ANSWER
        await self.loop.sleep(self.rng.uniform(0.1, 3.0) if lost else self.rng.uniform(0.001, 0.02))

    async def remote(self, serve: Callable[[], Awaitable[Answer]]) -> Answer:
        """Have something done outside the process: it goes on whatever becomes of the process."""
        answers: list[Answer] = []
        errors: list[Exception] = []
        done = anyio.Event()

        async def run() -> None:
            try:
                answers.append(await serve())
            except Exception as error:
                # Carried over to the one who asked.
                errors.append(error)
            done.set()

        self.loop.outside(run)
        await done.wait()
        if errors:
            raise errors[0]
        return answers[0]

    async def freeze(self) -> None:
        """Stop the running process about as long as a lease lasts."""
        process = current_process()
        assert process is not None
        self.loop.freeze(process, self.rng.uniform(0.9, 2.0) * LEASE)
        await anyio.lowlevel.checkpoint()

    def at_point(self, name: str) -> None:
        """A named point of the path was reached: sometimes the process dies here, sometimes it is frozen."""
        self.hits[f"point {name}"] += 1
        process = current_process()
        if process is None:
            return
        self.note(f"point {name}")
        if self.roll(self.weather.die, "killed at a point"):
            self.loop.kill(process)
        elif self.roll(self.weather.freeze / 4, "frozen at a point"):
            self.loop.freeze(process, self.rng.uniform(0.9, 2.0) * LEASE)


class SimClock:
    """A replica's clocks: its wall clock may be wrong, and jump."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    def now(self) -> datetime:
        """Return what the wall clock shows."""
        return self._world.now() + timedelta(seconds=self._process.skew)

    def monotonic(self) -> float:
        """Return virtual seconds, frozen or not."""
        return self._world.loop.time()

    async def sleep(self, seconds: float) -> None:
        """Sleep in virtual time."""
        await anyio.sleep(max(0.0, seconds))
