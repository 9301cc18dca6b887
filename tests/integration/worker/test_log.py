"""The worker's log on its way to a diagnosis: the newest first, within bounds, and others get their turns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.errors import AccessDenied
from leh_guardian.ports import LogMessage
from leh_guardian.rules.signatures import table_of
from leh_guardian.worker.log import diagnosed, read_log
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.worker_outside import LOGS, REGION, WorkerOutside

GROUP = "/aws/lambda/leh-ai-worker"
NOW = FakeClock().now()
HOUR = timedelta(hours=1)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerOutside]:
    """A log of one line a minute, looked through ten lines a page."""
    with WorkerOutside(page=10) as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        opened.log(
            GROUP,
            *(((NOW - timedelta(minutes=ago)).timestamp(), f"녹취록 {ago:03d} " * 10) for ago in range(60, 0, -1)),
        )
        yield opened


@pytest.fixture
async def logs(outside: WorkerOutside) -> AsyncIterator[CloudWatchLogs]:
    """The adapter."""
    async with open_aws(REGION) as aws:
        yield CloudWatchLogs(aws, await aws.client("logs"))


async def test_all_of_it(logs: CloudWatchLogs) -> None:
    """Both parts of the time, in its order, each line once."""
    reading = await read_log(logs, GROUP, NOW - HOUR, NOW, most_bytes=100_000)
    assert [message.text[4:7] for message in reading.messages] == [f"{ago:03d}" for ago in range(60, 0, -1)]
    assert (reading.since, reading.until, reading.trouble) == (NOW - HOUR, NOW, "")


async def test_what_is_too_much(logs: CloudWatchLogs) -> None:
    """The newest quarter of the time is there; the rest is cut, by the bytes of its texts, and that is told."""
    reading = await read_log(logs, GROUP, NOW - HOUR, NOW, most_bytes=8_000)
    seen = [int(message.text[4:7]) for message in reading.messages]
    assert set(range(1, 16)) <= set(seen)
    assert 20 < len(seen) < 60
    assert sum(len(message.text.encode()) for message in reading.messages) <= 8_000
    assert "more than 8000 bytes" in reading.trouble


async def test_an_older_part_that_cannot_be_read(logs: CloudWatchLogs, outside: WorkerOutside) -> None:
    """What is newest is kept, and what is missing is told; without the newest there is nothing."""
    outside.faults.script(LOGS, refuse(400, "AccessDeniedException"), hit=7)
    reading = await read_log(logs, GROUP, NOW - HOUR, NOW, most_bytes=100_000)
    assert [int(message.text[4:7]) for message in reading.messages] == list(range(15, 0, -1))
    assert reading.since == NOW - HOUR / 4
    assert "what is older: cannot read log group" in reading.trouble
    outside.faults.always(LOGS, refuse(400, "AccessDeniedException"))
    with pytest.raises(AccessDenied, match="logs:FilterLogEvents"):
        await read_log(logs, GROUP, NOW - HOUR, NOW, most_bytes=100_000)


async def test_a_log_without_an_end(logs: CloudWatchLogs, outside: WorkerOutside) -> None:
    """However much there is, pages are asked for until the bytes are full, and no further."""
    outside.log(GROUP, *(((NOW - timedelta(seconds=1)).timestamp(), "x" * 1000) for _ in range(2_000)))
    before = outside.faults.hits[LOGS]
    sample = await logs.read(GROUP, NOW - HOUR, NOW, most_bytes=50_000)
    assert not sample.whole
    assert len(sample.messages) < 120
    assert outside.faults.hits[LOGS] - before < 20


async def test_others_get_their_turns() -> None:
    """While megabytes are diagnosed, the event loop goes round: leases are renewed, and stops are heard."""
    messages = [LogMessage(f"[INFO]\tx\ty\t{'word ' * 200}", "s[1]", float(n)) for n in range(2_000)]
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        diagnosis = await diagnosed(messages, table_of())
        tasks.cancel_scope.cancel()
    assert diagnosis.records == 2_000
    assert turns > 20
