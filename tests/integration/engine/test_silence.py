"""What must be heard of: silence opens one incident that calls people, the next beat ends it; what guardian missed is not counted."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from leh_guardian.engine.silence import Silence
from leh_guardian.store.pool import Pool
from leh_guardian.web.heartbeats import HeartbeatRoutes
from leh_guardian.web.server import serve
from tests.support.on_call import Called

INBOUND = """
heartbeats:
  inbound:
    - {name: canary, every: 10m, grace: 5m, severity: sev2, start_level: 2}
"""
TOKEN = "a-token-of-some-length"


class Heard:
    """An installation that waits for a heartbeat, looked at again and again."""

    def __init__(self, pool: Pool, folder: Path, level: int = 2) -> None:
        self.called = Called(pool, folder, INBOUND.replace("start_level: 2", f"start_level: {level}"))
        self.house, self.clock = self.called.house, self.called.clock
        self.silence = self.replica("one")

    def replica(self, name: str) -> Silence:
        """One more replica that looks."""
        return Silence(self.house.pool, self.house.progression, self.clock, replica=name, planned=lambda: None)

    async def until(self, minutes: float) -> None:
        """Let the time go on, looking every 30 seconds."""
        end = self.called.start + timedelta(minutes=minutes)
        await self.silence.run_once()
        while self.clock.now() < end:
            self.clock.advance(seconds=min(30.0, (end - self.clock.now()).total_seconds()))
            await self.silence.run_once()
            await self.house.work()

    async def beat(self, name: str = "canary", at: datetime | None = None, **detail: Any) -> None:
        """Let a heartbeat come through the alert queue."""
        await self.house.take(
            {
                "id": str(uuid.uuid4()),
                "source": "leh.heartbeat",
                "detail-type": "Heartbeat",
                "time": (at or self.clock.now()).isoformat(),
                "detail": {"name": name, **detail},
            }
        )

    async def open(self) -> list[tuple[str, str]]:
        """What is open: (dedup key, status)."""
        found = await self.house.incidents("triggered", "acknowledged", "snoozed")
        return sorted((one["dedup_key"], one["status"]) for one in found)


@pytest.fixture
def heard(pool: Pool, tmp_path: Path) -> Heard:
    """One that has just begun."""
    return Heard(pool, tmp_path / "rules")


async def test_silence_calls_people_and_the_next_beat_ends_it(heard: Heard) -> None:
    """From the file's first reading on, not from 1970; one incident, at the entry's level; a second silence is another one."""
    await heard.until(14.5)
    assert await heard.open() == []
    await heard.until(15)
    assert await heard.open() == [("canary", "triggered")]
    await heard.until(16)
    assert heard.called.calls() == [(15, 2, "slack")]
    assert (
        "canary: 10분마다 와야 하는 신호가 15분째 없음 (마지막 신호: 아직 한 번도 받지 못함)"
        in heard.called.world.told[0]
    )
    await heard.beat()
    await heard.until(17)
    assert await heard.open() == []
    assert "[해결] guardian.heartbeat (canary)" in {notice.title for notice in heard.called.world.notices}
    await heard.until(30.5)
    assert await heard.open() == []
    await heard.until(31)
    assert await heard.open() == [("canary", "triggered")]
    assert len(await heard.house.incidents()) == 2


async def test_who_is_heard_of_is_left_alone(heard: Heard) -> None:
    """Late, repeated and older beats, unknown names and events that only look like one change nothing; a clock ahead gains nothing."""
    for minute in range(0, 60, 10):
        await heard.until(minute)
        await heard.beat(at=heard.clock.now() + timedelta(days=9))
        await heard.beat(at=heard.clock.now() - timedelta(hours=9))
        await heard.beat("nobody")
        await heard.beat("x\x00")
        await heard.house.take({"source": "leh.heartbeat", "detail-type": "Heartbeat", "detail": {"name": ["canary"]}})
    assert await heard.open() == []
    await heard.until(65)
    assert await heard.open() == [("canary", "triggered")]
    assert heard.house.metrics.beats.labels("no")._value.get() == 12


async def test_who_closes_it_by_hand_is_left_alone_for_a_while(heard: Heard) -> None:
    """As long as after a beat: then it is silent still, and is another incident; a beat that comes meanwhile counts as always."""
    await heard.until(15)
    await heard.house.resolve()
    await heard.until(29.5)
    assert await heard.open() == []
    await heard.until(30)
    assert await heard.open() == [("canary", "triggered")]
    await heard.house.resolve()
    await heard.beat()
    await heard.until(44.5)
    assert await heard.open() == []
    await heard.until(45)
    assert await heard.open() == [("canary", "triggered")]


async def test_two_replicas_open_one(heard: Heard) -> None:
    """Each looks under the lock of the rule."""
    await heard.until(14.5)
    heard.clock.advance(minutes=1)
    for silence in (heard.silence, heard.replica("two"), heard.replica("three")):
        await silence.run_once()
    assert len(await heard.house.incidents()) == 1


async def test_what_guardian_missed_is_nobodys_silence(heard: Heard) -> None:
    """After three hours without guardian each has as long as it needs for its next beat, an hour at most, and its grace."""
    await heard.until(1)
    heard.clock.advance(hours=3)
    await heard.until(181 + 14.5)
    assert await heard.open() == []
    await heard.until(181 + 15)
    assert await heard.open() == [("canary", "triggered")]


async def test_at_a_level_for_people_the_beat_says_so_once(pool: Pool, tmp_path: Path) -> None:
    """At Lv3 a person closes it: that its beats are back is told once, and once more after another silence."""
    heard = Heard(pool, tmp_path / "rules", level=3)
    for minute, said in ((16, 1), (33, 2)):
        await heard.until(minute)
        await heard.beat()
        await heard.until(minute + 1)
        assert await heard.open() == [("canary", "triggered")]
        assert (await heard.house.journal()).count("incident.needs_person") == said


async def test_what_is_taken_out_of_the_file_is_not_waited_for(heard: Heard, pool: Pool, tmp_path: Path) -> None:
    """Its incident ends, once no replica has looked at it for five minutes: they read a new file one after the other."""
    await heard.until(16)
    assert await heard.open() == [("canary", "triggered")]
    without = Called(pool, tmp_path / "without")
    heard.house.rules = without.house.rules
    await heard.until(20.5)
    assert await heard.open() == [("canary", "triggered")]
    await heard.until(22)
    assert await heard.open() == []


@pytest.mark.parametrize(
    ("token", "given", "name", "status"),
    [
        (TOKEN, f"Bearer {TOKEN}", "canary", 200),
        (TOKEN, f"Bearer {TOKEN}", "nobody", 404),
        (TOKEN, f"Bearer {TOKEN}", "x%00%ff", 404),
        (TOKEN, "Bearer wrong", "canary", 401),
        (TOKEN, None, "canary", 401),
        (None, f"Bearer {TOKEN}", "canary", 403),
    ],
)
async def test_over_http(heard: Heard, token: str | None, given: str | None, name: str, status: int) -> None:
    """With the token, and for what is expected; nothing else is written down."""
    await heard.until(9)
    headers = {} if given is None else {"Authorization": given}
    routes = HeartbeatRoutes(heard.house.pool, heard.clock, token).routes()
    async with (
        serve(routes, "127.0.0.1", 0) as url,
        aiohttp.ClientSession() as session,
        session.post(f"{url}/api/heartbeats/{name}", headers=headers) as answer,
    ):
        assert answer.status == status
    await heard.until(16)
    assert await heard.open() == ([] if status == 200 else [("canary", "triggered")])
