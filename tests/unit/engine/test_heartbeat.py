"""When a heartbeat may go out, and what becomes of one that cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from leh_guardian.engine.auditor import Snapshot
from leh_guardian.engine.heartbeat import Heartbeat
from leh_guardian.errors import Unavailable
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress
from tests.support.clock import FakeClock


class Path:
    """What a canary says of the path."""

    reason: str | None = None

    def why_not(self) -> str | None:
        """Why it is not proved to work."""
        return self.reason

    def age(self) -> float:
        """How old the proof is."""
        return 1.0


class Place:
    """A place that counts heartbeats, or is away."""

    def __init__(self) -> None:
        self.beats = 0
        self.away = ""

    async def beat(self) -> None:
        """Take one."""
        if self.away:
            raise Unavailable(self.away)
        self.beats += 1


class World:
    """A heartbeat with all that it asks."""

    def __init__(self) -> None:
        self.now = 0.0
        self.path: Any = Path()
        self.places = {"url": Place(), "cloudwatch": Place()}
        self.progress = Progress(lambda: self.now)
        self.clock = FakeClock()
        self.snapshot = Snapshot(self.clock.now(), counts={"timers": {"overdue": 0}})
        self.metrics = Metrics()
        self.calls: str | None = None
        self.ways: str | None = None
        self.heartbeat = Heartbeat(
            self.places,
            self.path,
            self.progress,
            lambda: self.snapshot,
            (lambda: self.calls, lambda: self.ways),
            self.clock,
            self.metrics,
            lambda: self.now,
            every=60.0,
        )

    async def pass_time(self, seconds: float) -> list[int]:
        """Let time pass, then look once; returns how many heartbeats each place has."""
        self.now += seconds
        await self.heartbeat.run_once()
        return [place.beats for place in self.places.values()]


@pytest.fixture
def world() -> World:
    """A world in which all is well."""
    return World()


async def test_one_a_period(world: World) -> None:
    """However often it looks, each place gets one heartbeat a period."""
    assert await world.pass_time(0) == [1, 1]
    assert await world.pass_time(59) == [1, 1]
    assert await world.pass_time(1) == [2, 2]


async def test_nothing_goes_out_while_something_is_not_proved(world: World) -> None:
    """No canary, a stuck loop, an old audit, an overdue timer, a lost call, no way to people: each holds it back, and says so."""
    await world.pass_time(0)
    world.path.reason = "no canary has come through yet"
    assert await world.pass_time(60) == [1, 1]
    assert world.heartbeat.report()["held_back"] == "no canary has come through yet"
    world.path.reason = None
    world.progress.watch("executor", 10)
    assert await world.pass_time(60) == [1, 1]
    assert world.heartbeat.why_not() == "stuck: executor"
    world.progress.forget("executor")
    good = world.snapshot
    world.snapshot = replace(good, counts={"timers": {"overdue": 2}})
    assert await world.pass_time(60) == [1, 1]
    world.snapshot = good
    world.clock.advance(seconds=46)
    assert await world.pass_time(60) == [1, 1]
    assert world.heartbeat.why_not() == "the audit is overdue"
    world.snapshot = replace(good, taken_at=world.clock.now())
    world.calls = "no audit of calls yet"
    assert await world.pass_time(60) == [1, 1]
    assert world.heartbeat.why_not() == "no audit of calls yet"
    world.calls, world.ways = None, "every way to people is broken: slack, sms"
    assert await world.pass_time(60) == [1, 1]
    assert world.heartbeat.why_not() == "every way to people is broken: slack, sms"
    world.ways = None
    assert await world.pass_time(0) == [2, 2]


async def test_one_place_that_is_away_hinders_not_the_other(world: World) -> None:
    """A failure is counted and shown, tried again before the period is over, and no concern of the other place."""
    world.places["url"].away = "heartbeat.url answered 500"
    assert await world.pass_time(0) == [0, 1]
    assert world.heartbeat.report()["failing"] == {"url": "heartbeat.url answered 500"}
    assert b'guardian_heartbeats_total{outcome="failed",place="url"} 1.0' in world.metrics.render()
    assert await world.pass_time(14) == [0, 1]
    world.places["url"].away = ""
    assert await world.pass_time(1) == [1, 1]
    assert world.heartbeat.report()["failing"] == {}


async def test_its_age_is_that_of_the_place_that_waits_longest(world: World) -> None:
    """What `/metrics` says is the worst: one place that takes heartbeats does not hide another that does not."""
    world.places["url"].away = "away"
    await world.pass_time(100)
    await world.pass_time(100)
    assert world.heartbeat.age() == 200
    world.places["url"].away = ""
    await world.pass_time(50)
    assert world.heartbeat.age() == 50
