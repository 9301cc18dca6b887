"""CloudWatch Logs through the adapter: pages, bounds and troubles, on moto's and on the tests' own, which pages as AWS does."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leh_guardian.adapters import logs as adapter
from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.logs import CloudWatchLogs, LogGroup
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Throttled, Unavailable
from leh_guardian.local.aws import EmbeddedAws
from tests.support.clock import FakeClock
from tests.support.faults import cut_before, garbage, refuse
from tests.support.installation import client
from tests.support.worker_outside import LOGS, REGION, WorkerOutside

Write = Callable[..., str]


@pytest.fixture
def server() -> Iterator[WorkerOutside]:
    """The small one: three messages are looked through for a page."""
    with WorkerOutside(page=3) as opened:
        yield opened


@pytest.fixture
def now() -> datetime:
    """The present, in whole seconds: moto takes no messages that are too old."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - moto's own clock


@pytest.fixture(params=["moto", "small"])
def write(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write messages (time, text) by stream into a new group of one of the two, which the SDK then talks to."""
    monkeypatch.setattr(adapter, "_PAGE", 3)
    small = request.getfixturevalue("server") if request.param == "small" else None
    moto: EmbeddedAws | None = None if small is not None else request.getfixturevalue("aws_server")
    environment = small.environment() if small is not None else moto.environment()  # type: ignore[union-attr]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def made(**streams: list[tuple[datetime, str]]) -> str:
        group = f"/aws/lambda/{uuid.uuid4().hex[:8]}"
        for stream, messages in streams.items():
            if small is not None:
                small.log(group, *((at.timestamp(), text) for at, text in messages), stream=stream)
                continue
            with client("logs", environment) as cloudwatch:
                if stream == next(iter(streams)):
                    cloudwatch.create_log_group(logGroupName=group)
                cloudwatch.create_log_stream(logGroupName=group, logStreamName=stream)
                events = [{"timestamp": round(at.timestamp() * 1000), "message": text} for at, text in messages]
                cloudwatch.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        return group

    return made


@pytest.fixture
async def logs(write: Write) -> AsyncIterator[CloudWatchLogs]:
    """The adapter, once the environment is that of one of the two."""
    async with open_aws(REGION) as aws:
        yield CloudWatchLogs(aws, await aws.client("logs"))


def at(now: datetime, *seconds: float) -> list[tuple[datetime, str]]:
    """Messages so many seconds ago, oldest first."""
    return [(now - timedelta(seconds=one), f"ERROR {one:g} s ago") for one in sorted(seconds, reverse=True)]


async def test_pages_and_streams_become_one_time(write: Write, logs: CloudWatchLogs, now: datetime) -> None:
    """All of the window, and nothing beside it: its beginning belongs to it, its end does not; across pages, by time."""
    group = write(one=at(now, 600, 60, 40, 20), two=at(now, 50, 30, 10, 0))
    sample = await logs.read(group, now - timedelta(seconds=60), now)
    assert [message.text for message in sample.messages] == [f"ERROR {one} s ago" for one in (60, 50, 40, 30, 20, 10)]
    assert [message.stream for message in sample.messages] == ["one", "two"] * 3
    assert sample.messages[0].at == (now - timedelta(seconds=60)).timestamp()
    assert sample.whole
    assert not (await logs.read(group, now, now)).messages


async def test_a_bound_is_told(
    write: Write, logs: CloudWatchLogs, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fits is returned, and that it is not all."""
    group = write(one=at(now, *range(1, 10)))
    sample = await logs.read(group, now - timedelta(minutes=1), now, most_bytes=100)
    assert [message.text for message in sample.messages] == ["ERROR 9 s ago", "ERROR 8 s ago"]
    assert not sample.whole
    monkeypatch.setattr(adapter, "_PAGES", 2)
    sample = await logs.read(group, now - timedelta(minutes=1), now)
    assert (len(sample.messages), sample.whole) == (6, False)
    monkeypatch.setattr(adapter, "_PAGES", 9)
    monkeypatch.setattr(adapter, "_SECONDS", -1.0)
    sample = await logs.read(group, now - timedelta(minutes=1), now)
    assert (len(sample.messages), sample.whole) == (3, False)


async def test_a_pattern_selects(write: Write, logs: CloudWatchLogs, now: datetime) -> None:
    """CloudWatch's own filter: of a page nothing may be left, and the next one still comes."""
    quiet = [(now - timedelta(seconds=one), "INFO fine") for one in range(30, 20, -1)]
    group = write(one=[*quiet, *at(now, 5)])
    sample = await logs.read(group, now - timedelta(minutes=1), now, pattern='"ERROR"')
    assert [message.text for message in sample.messages] == ["ERROR 5 s ago"]
    assert sample.whole


async def test_a_group_that_is_not_there(logs: CloudWatchLogs, now: datetime) -> None:
    """It is said what to look at, by the ping as well."""
    with pytest.raises(NotFound, match="check its name and AWS_REGION"):
        await logs.read("/aws/lambda/nowhere", now - timedelta(minutes=1), now)
    with pytest.raises(NotFound, match="nowhere"):
        await LogGroup(logs, "/aws/lambda/nowhere", FakeClock()).ping()


@pytest.mark.parametrize("write", ["small"], indirect=True)
async def test_the_same_token_twice_is_the_end(
    write: Write, logs: CloudWatchLogs, server: WorkerOutside, now: datetime
) -> None:
    """A token that leads to itself is not followed for ever."""
    body = b'{"events": [{"message": "a", "timestamp": 1, "logStreamName": "s"}], "nextToken": "again"}'
    server.faults.always(LOGS, garbage(body, applied=False))
    sample = await logs.read(write(one=[]), now - timedelta(minutes=1), now)
    assert (len(sample.messages), sample.whole) == (2, True)
    assert server.faults.hits[LOGS] == 2


@pytest.mark.parametrize("write", ["small"], indirect=True)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refuse(400, "AccessDeniedException"), AccessDenied),
        (refuse(400, "ThrottlingException"), Throttled),
        (refuse(503, "ServiceUnavailableException"), Unavailable),
        (cut_before(), Unavailable),
        (garbage(b"<html>"), Unavailable),
        (garbage(b"{}"), Unavailable),
    ],
)
async def test_in_trouble(
    write: Write, logs: CloudWatchLogs, server: WorkerOutside, now: datetime, fault: Any, error: type[HandlerError]
) -> None:
    """Each trouble is told by what can be done about it; an answer that is none is an outage."""
    group = write(one=at(now, 5))
    server.faults.always(LOGS, fault)
    with pytest.raises(error):
        await logs.read(group, now - timedelta(minutes=1), now)
    with pytest.raises(error):
        await LogGroup(logs, group, FakeClock()).ping()


@pytest.mark.parametrize("write", ["small"], indirect=True)
async def test_what_is_no_event_is_passed_over(
    write: Write, logs: CloudWatchLogs, server: WorkerOutside, now: datetime
) -> None:
    """Members that are missing or of another type, and half a sign, cost nothing else."""
    body = b'{"events": [{"message": 7, "timestamp": 1}, {"message": "a"}, {"message": "\\ud800", "timestamp": 1000}]}'
    server.faults.always(LOGS, garbage(body))
    sample = await logs.read(write(one=[]), now - timedelta(minutes=1), now)
    assert [(one.text, one.stream, one.at) for one in sample.messages] == [("\ud800", "", 1.0)]


@pytest.mark.parametrize("write", ["small"], indirect=True)
async def test_a_ping_asks_once_a_minute(
    write: Write, logs: CloudWatchLogs, server: WorkerOutside, now: datetime
) -> None:
    """An account may read a few times a second, and those who look at readiness ask every few seconds."""
    clock = FakeClock()
    group = LogGroup(logs, write(one=at(now, 5)), clock)
    for _ in range(5):
        await group.ping()
    assert server.faults.hits[LOGS] == 1
    assert server.asked[0]["limit"] == 1
