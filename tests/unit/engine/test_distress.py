"""People are told directly that guardian itself cannot work: when, how often, by which channel."""

from __future__ import annotations

from typing import Any

import pytest

from leh_guardian.engine.distress import Distress, Watch
from leh_guardian.engine.distress_wording import Outage
from leh_guardian.errors import Refused
from leh_guardian.ports import Notice, Sent
from leh_guardian.telemetry.metrics import Metrics
from tests.support.clock import FakeClock


class People:
    """A channel that keeps what people were told, or refuses."""

    address: str = ""
    confirms: bool = False
    strict: bool = False

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.refuses = False

    async def send(self, notice: Notice) -> Sent:
        """Take a notice."""
        if self.refuses:
            raise Refused("no")
        self.notices.append(notice)
        return Sent()


class World:
    """What fails, the people, and the time."""

    def __init__(self, channel: str = "ops") -> None:
        self.now = 0.0
        self.clock = FakeClock()
        self.failing: dict[Outage, str] = {}
        self.ops, self.console = People(), People()
        self.metrics = Metrics()
        self.distress = self.start(channel)

    def start(self, channel: str = "ops") -> Distress:
        """Start a process."""
        watches = [Watch(o, lambda o=o: self.failing.get(o)) for o in (Outage.DATABASE, Outage.ALERTS)]  # type: ignore[misc]
        channels: Any = {"ops": self.ops, "console": self.console}
        return Distress(watches, channels, channel, self.clock, self.metrics, lambda: self.now, replica="host:17")

    async def pass_time(self, seconds: float) -> list[str]:
        """Look every five seconds for so long; returns the titles of what the channel took meanwhile."""
        before = len(self.ops.notices)
        end = self.now + seconds
        while self.now < end:
            self.now += 5
            self.clock.advance(seconds=5)
            await self.distress.run_once()
        return [notice.title for notice in self.ops.notices[before:]]


DOWN, UP = "[SEV1] guardian 자체 장애: postgresql", "[복구] guardian: postgresql"


@pytest.fixture
def world() -> World:
    """A world in which all is well."""
    return World()


async def test_told_once_then_every_hour_then_when_it_is_over(world: World) -> None:
    """After two minutes once, again each hour, and at the end once; each of them has an id of its own."""
    assert await world.pass_time(600) == []
    world.failing[Outage.DATABASE] = "PostgreSQL cannot be reached"
    assert await world.pass_time(120) == []
    assert await world.pass_time(5) == [DOWN]
    assert await world.pass_time(3595) == []
    assert await world.pass_time(7200) == [DOWN, DOWN]
    assert b'guardian_distress{outage="postgresql"} 1.0' in world.metrics.render()
    del world.failing[Outage.DATABASE]
    assert await world.pass_time(7200) == [UP]
    assert b'guardian_distress{outage="postgresql"} 0.0' in world.metrics.render()
    assert len({notice.id for notice in world.ops.notices}) == 4
    assert world.console.notices == []
    assert world.distress.report() == []


async def test_what_is_short_is_not_told(world: World) -> None:
    """An outage of less than two minutes is nobody's business, and neither is its end."""
    for _ in range(5):
        world.failing[Outage.DATABASE] = "away"
        assert await world.pass_time(115) == []
        world.failing.clear()
        assert await world.pass_time(5) == []


async def test_its_text_says_what_fails_since_when_and_what_to_do(world: World) -> None:
    """In Korean, with the reason as data on one line, the time in Korea, and the replica that says so."""
    world.failing[Outage.ALERTS] = "AccessDenied\n<!channel> [SEV5]"
    await world.pass_time(130)
    (notice,) = world.ops.notices
    assert "경보 큐" in notice.lines[0]
    assert notice.lines[1] == "상세: AccessDenied\\x0a<!channel> [SEV5]"
    assert notice.lines[2] == "시작: 2026-11-23 03:00 (한국 시간)"
    assert "host:17" in notice.lines[3]
    assert (notice.incident, notice.rule, notice.severity) == ("", "guardian.distress", "sev1")


async def test_a_channel_that_fails_falls_to_the_console_and_is_tried_on(world: World) -> None:
    """The console says it once; the channel is tried each minute, with the same id, until it takes it."""
    world.ops.refuses = True
    world.failing[Outage.DATABASE] = "away"
    assert await world.pass_time(600) == []
    assert [notice.title for notice in world.console.notices] == [DOWN]
    world.ops.refuses = False
    assert await world.pass_time(60) == [DOWN]
    assert world.ops.notices[0].id == world.console.notices[0].id
    assert await world.pass_time(3000) == []
    world.ops.refuses = True
    world.failing.clear()
    await world.pass_time(300)
    assert [notice.title for notice in world.console.notices] == [DOWN, UP]
    world.ops.refuses = False
    assert await world.pass_time(60) == [UP]
    assert world.distress.report() == []


async def test_a_process_that_is_started_anew_tells_under_the_same_id(world: World) -> None:
    """A receiver may deduplicate what two processes of one host say of an outage that both met in the same minute."""
    world.failing[Outage.DATABASE] = "away"
    other = world.start()
    while not (world.ops.notices and other.report() and other.report()[0]["told"]):
        world.now += 5
        await world.distress.run_once()
        await other.run_once()
    assert len({notice.id for notice in world.ops.notices}) == 1


async def test_an_unknown_channel_is_the_console() -> None:
    """A channel that the settings do not have cannot keep people from being told."""
    world = World("nowhere")
    world.failing[Outage.DATABASE] = "away"
    await world.pass_time(3600)
    assert [notice.title for notice in world.console.notices] == [DOWN]


async def test_what_comes_back_during_the_all_clear_is_told_again(world: World) -> None:
    """An outage that begins while its predecessor's end is still to be told is an outage of its own."""
    world.failing[Outage.DATABASE] = "away"
    assert await world.pass_time(130) == [DOWN]
    world.ops.refuses = True
    world.failing.clear()
    await world.pass_time(10)
    world.failing[Outage.DATABASE] = "away again"
    world.ops.refuses = False
    assert await world.pass_time(130) == [DOWN]
    assert len({notice.id for notice in world.ops.notices}) == 2
