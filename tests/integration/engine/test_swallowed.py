"""Errors of the worker's log become events: a minute is one, whoever tells of it, and none is lost while something is away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.engine import swallowed
from leh_guardian.engine.swallowed import Swallowed
from leh_guardian.errors import AccessDenied, Throttled
from leh_guardian.rules.signatures import table_of
from leh_guardian.store.pool import Pool
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.house import House, NoQueue, rule_set
from tests.support.worker_outside import LOGS, REGION, WorkerOutside

GROUP = "/aws/lambda/leh-ai-worker"
RULE = """
version: 1
rules:
  - id: logged
    mode: act
    pattern: {source: [leh.guardian], detail-type: [Worker Errors Logged], detail: {verdict: [code_bug]}}
    dedup: detail.verdict
    actions: []
"""


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerOutside]:
    """The log."""
    with WorkerOutside() as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        opened.log(GROUP)
        yield opened


@pytest.fixture
async def logs(outside: WorkerOutside) -> AsyncIterator[CloudWatchLogs]:
    """The adapter."""
    async with open_aws(REGION) as aws:
        yield CloudWatchLogs(aws, await aws.client("logs"))


@pytest.fixture
def clock() -> FakeClock:
    """18:00:00 sharp; a minute is due 75 seconds after its end."""
    return FakeClock()


def loop_of(logs: CloudWatchLogs, clock: FakeClock, queue: Any) -> Swallowed:
    """What a replica looks with."""
    return Swallowed(queue, logs, GROUP, table_of, clock, region=REGION, lag=timedelta(seconds=75))


def failing(outside: WorkerOutside, at: datetime, error: str = "KeyError: 'case_id'", n: int = 1) -> None:
    """An invocation that caught its error, beside one that was done."""
    for number, said in ((n, [f"failed: {error}"]), (n + 500, [])):
        request = f"00000000-0000-4000-8000-{number:012d}"
        head = f"[INFO]\t2026-11-22T17:59:00.000Z\t{request}\tcases/case_{n}/raw/ev_{n:x}_a.pdf"
        lines = [f"START RequestId: {request} Version: 1", head]
        lines += [f"[ERROR]\t2026-11-22T17:59:00.000Z\t{request}\t{one}" for one in said]
        outside.log(GROUP, *((at.timestamp(), line) for line in lines), stream=f"s[1]{number}")


async def rounds(loop: Swallowed, count: int = 20) -> None:
    """Look so often."""
    for _ in range(count):
        assert await loop.run_once() == 0


def sent(queue: NoQueue) -> list[dict[str, Any]]:
    """The events that went out."""
    return [json.loads(body) for body in queue.sent]


async def test_a_minute_with_errors_is_an_event(outside: WorkerOutside, logs: CloudWatchLogs, clock: FakeClock) -> None:
    """Read once its lines can be expected to be there, a minute without errors says nothing, and the event is about its minute."""
    queue = NoQueue()
    loop = loop_of(logs, clock, queue)
    failing(outside, clock.now() + timedelta(seconds=59))
    failing(outside, clock.now() + timedelta(seconds=60), n=2)
    await rounds(loop)
    clock.advance(seconds=134)
    await rounds(loop)
    assert queue.sent == []
    clock.advance(seconds=1)
    await rounds(loop)
    [event] = sent(queue)
    assert {name: event[name] for name in ("source", "detail-type", "region", "time")} == {
        "source": "leh.guardian",
        "detail-type": "Worker Errors Logged",
        "region": REGION,
        "time": "2026-11-22T18:01:00+00:00",
    }
    detail = event["detail"]
    assert detail["samples"][0]["text"] == "KeyError 'case_id'"
    assert {name: value for name, value in detail.items() if name not in {"samples", "confidence"}} == {
        "log_group": GROUP,
        "window": {"start": "2026-11-22T18:00:00+00:00", "end": "2026-11-22T18:01:00+00:00"},
        "verdict": "code_bug",
        "errors": 1,
        "attempts": 2,
        "failed": 1,
        "signatures": {"code-python": 1},
        "cases": ["case_1"],
        "evidence": ["ev_1"],
        "whole": True,
    }
    clock.advance(minutes=1)
    await rounds(loop)
    assert [one["detail"]["cases"] for one in sent(queue)] == [["case_1"], ["case_2"]]


async def test_replicas_and_restarts_tell_of_one_event(
    pool: Pool, tmp_path: Path, outside: WorkerOutside, logs: CloudWatchLogs, clock: FakeClock
) -> None:
    """At a start the last quarter of an hour is looked at; what was told before is taken in once, and opens one incident."""
    house = House(pool, rule_set(tmp_path / "rules", RULE), None, clock)
    for minutes in (20, 14, 3):
        failing(outside, clock.now() - timedelta(minutes=minutes), n=minutes)
    for _ in range(3):
        await rounds(loop_of(logs, clock, house.queue))
    assert len(house.queue.sent) == 6
    assert len({event["id"] for event in sent(house.queue)}) == 2
    await house.take(*(body.encode() for body in house.queue.sent))
    [incident] = await house.incidents()
    assert incident["dedup_key"] == "code_bug"
    assert (await house.journal()).count("incident.coalesced") == 1


async def test_what_is_away_loses_nothing(outside: WorkerOutside, logs: CloudWatchLogs, clock: FakeClock) -> None:
    """While the log or the queue is away the minute waits; afterwards it is told, and those after it."""

    class Refusing(NoQueue):
        refuses = True

        async def send(self, body: str) -> None:
            if self.refuses:
                raise AccessDenied("no")
            await super().send(body)

    queue = Refusing()
    loop = loop_of(logs, clock, queue)
    await rounds(loop)
    failing(outside, clock.now())
    outside.faults.always(LOGS, refuse(400, "ThrottlingException"))
    clock.advance(minutes=30)
    with pytest.raises(Throttled):
        await loop.run_once()
    outside.faults.off()
    with pytest.raises(AccessDenied, match=r"sqs:SendMessage.*worker\.events"):
        await rounds(loop, 40)
    queue.refuses = False
    await rounds(loop, 40)
    assert len(queue.sent) == 1


async def test_a_long_outage_is_caught_up_with_in_part(
    outside: WorkerOutside, logs: CloudWatchLogs, clock: FakeClock
) -> None:
    """An hour is looked at, a window a round; minutes before it are left out, which is said in the log."""
    queue = NoQueue()
    loop = loop_of(logs, clock, queue)
    await rounds(loop)
    for hours in (0.5, 2.5):
        failing(outside, clock.now() + timedelta(hours=hours), n=int(hours * 10))
    clock.advance(hours=3)
    before = outside.faults.hits[LOGS]
    await rounds(loop, 100)
    assert [event["detail"]["cases"] for event in sent(queue)] == [["case_25"]]
    assert outside.faults.hits[LOGS] - before == 61


async def test_of_a_minute_that_is_too_large_the_errors_are_read(
    outside: WorkerOutside, logs: CloudWatchLogs, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chatter hides no error, and attempts still count by their beginnings."""
    monkeypatch.setattr(swallowed, "_MOST_BYTES", 3_000)
    queue = NoQueue()
    loop = loop_of(logs, clock, queue)
    at = clock.now() - timedelta(minutes=3)
    outside.log(GROUP, *((at.timestamp(), f"[INFO]\tpage {n} of many") for n in range(200)))
    failing(outside, at + timedelta(seconds=5))
    await rounds(loop)
    [event] = sent(queue)
    assert {name: event["detail"][name] for name in ("errors", "attempts", "whole")} == {
        "errors": 1,
        "attempts": 2,
        "whole": True,
    }


async def test_hostile_lines(outside: WorkerOutside, logs: CloudWatchLogs, clock: FakeClock) -> None:
    """The event fits into a message and holds no secret, whatever the log holds."""
    queue = NoQueue()
    evil = "900101-1234567 sk-abcdefghijklmnopqrstuvwxyz \x00\ud800 " * 300
    for n in range(60):
        failing(outside, clock.now() - timedelta(minutes=3), f"worker.Odd{n}Error: {evil}", n=n)
    await rounds(loop_of(logs, clock, queue))
    [body] = queue.sent
    assert len(body.encode()) < 16_000
    assert "1234567" not in body
    assert "sk-abc" not in body
