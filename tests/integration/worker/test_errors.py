"""The worker's error shares through the real adapters: attempts and not errors, and the log is not read for each who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import anyio
import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.errors import Throttled
from leh_guardian.model.provider.fusion import Share, State, fuse
from leh_guardian.model.provider.snapshot import ComponentStatus, Page, PageState, unknown
from leh_guardian.rules.signatures import table_of
from leh_guardian.worker.errors import LogWorkerErrors
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.worker_outside import FUNCTION, LOGS, REGION, WorkerOutside

GROUP = "/aws/lambda/leh-ai-worker"
SHORT, LONG = timedelta(minutes=5), timedelta(minutes=30)
BAD = Page(PageState.BAD, ComponentStatus.MAJOR, ("Responses",))


class Clock(FakeClock):
    """Seconds move with the instants."""

    def monotonic(self) -> float:
        """Return the instant in seconds."""
        return self.now().timestamp()


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerOutside]:
    """Log and function."""
    with WorkerOutside() as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        opened.log(GROUP)
        yield opened


@pytest.fixture
async def errors(outside: WorkerOutside, clock: Clock) -> AsyncIterator[LogWorkerErrors]:
    """What is tested."""
    async with open_aws(REGION) as aws:
        logs, functions = (
            CloudWatchLogs(aws, await aws.client("logs")),
            LambdaFunctions(aws, await aws.client("lambda")),
        )
        yield LogWorkerErrors(logs, GROUP, table_of, clock, functions=functions, function="leh-ai-worker")


def jobs(outside: WorkerOutside, clock: Clock, failed: int, done: int, *, ago: float, error: str = "") -> None:
    """Invocations, each of a case of its own, some of which fail."""
    for n in range(failed + done):
        at, request = clock.now().timestamp() - ago + n / 100, f"00000000-0000-4000-8000-{int(ago):06d}{n:06d}"
        failure = error or "openai.APITimeoutError: Request timed out."
        said = [
            f"START RequestId: {request} Version: 12",
            f"[INFO]\t2026-11-22T17:59:00.000Z\t{request}\tcase_id=case_{n}",
        ]
        said += [f"[ERROR]\t2026-11-22T17:59:00.000Z\t{request}\tfailed: {failure}"] if n < failed else []
        said.append(f"REPORT RequestId: {request}\tDuration: 9 ms")
        outside.log(GROUP, *((at, line) for line in said))


async def test_attempts_count(errors: LogWorkerErrors, outside: WorkerOutside, clock: Clock) -> None:
    """Jobs that were done are in the share, each window has its own, and a log that is quiet says nothing."""
    assert await errors.share(SHORT) == Share(0)
    clock.advance(hours=1)
    jobs(outside, clock, 12, 8, ago=100)
    jobs(outside, clock, 0, 60, ago=1000)
    assert await errors.share(SHORT) == Share(20, external=12, cases=12, signatures=1)
    assert await errors.share(LONG) == Share(80, external=12, cases=12, signatures=1)
    windows = [await errors.share(window) for window in (SHORT, LONG)]
    assert fuse(BAD, windows).state is State.OUTAGE_CONFIRMED


async def test_a_spent_quota_is_seen(errors: LogWorkerErrors, outside: WorkerOutside, clock: Clock) -> None:
    """One is enough to hold everything, whatever the page says."""
    quota = "RateLimitError: Error code: 429 - {'error': {'code': 'insufficient_quota'}}"
    jobs(outside, clock, 1, 30, ago=100, error=quota)
    assert fuse(unknown("no"), [await errors.share(SHORT)]).state is State.QUOTA


async def test_the_log_is_read_once_for_all(errors: LogWorkerErrors, outside: WorkerOutside, clock: Clock) -> None:
    """Several who wait for the provider look at the same time; a minute later it is read anew."""
    jobs(outside, clock, 3, 3, ago=100)
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(errors.share, SHORT)
    once = outside.faults.hits[LOGS]
    assert once == 2  # the newest quarter, and the rest
    clock.advance(seconds=15)
    await errors.share(SHORT)
    assert outside.faults.hits[LOGS] == once
    clock.advance(seconds=1)
    await errors.share(SHORT)
    assert outside.faults.hits[LOGS] == 2 * once


async def test_a_log_that_cannot_be_read_is_told(errors: LogWorkerErrors, outside: WorkerOutside, clock: Clock) -> None:
    """No share is made up, and the next who asks reads again."""
    jobs(outside, clock, 3, 3, ago=100)
    outside.faults.always(LOGS, refuse(400, "ThrottlingException"))
    with pytest.raises(Throttled):
        await errors.share(SHORT)
    outside.faults.off()
    assert (await errors.share(SHORT)).attempts == 6


async def test_a_deployment(errors: LogWorkerErrors, outside: WorkerOutside, clock: Clock) -> None:
    """Errors that began with it are its own; where it cannot be described the shares are there all the same."""
    jobs(outside, clock, 0, 5, ago=250)
    jobs(outside, clock, 5, 0, ago=100, error="KeyError: 'case_id'")
    at = clock.now() - timedelta(seconds=150)
    outside.deploy("leh-ai-worker", at=f"{at:%Y-%m-%dT%H:%M:%S}.000+0000")
    share = await errors.share(SHORT)
    assert (share.since_deployment, fuse(BAD, [share]).state) == (True, State.CODE_BUG)
    clock.advance(seconds=20)
    outside.faults.always(FUNCTION, refuse(403, "AccessDeniedException"))
    share = await errors.share(SHORT)
    assert (share.since_deployment, share.attempts) == (False, 10)
