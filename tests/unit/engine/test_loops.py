"""The loop around a service: what it stamps, and what is seen when it ends or hangs."""

from __future__ import annotations

import contextlib

import anyio
import anyio.lowlevel
import pytest

from leh_guardian.engine.loops import Loop
from leh_guardian.errors import StoreUnavailable
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress


class Time:
    """A monotonic clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return the present."""
        return self.now


async def test_a_long_pause_is_no_hang() -> None:
    """A pause is a setting here and there (`rules.poll: 10m`): for as long as it lasts the loop is not stuck."""
    time = Time()
    progress, rounds = Progress(time), 0

    async def once() -> int:
        nonlocal rounds
        rounds += 1
        return 0

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Loop("reloader", once, progress, Metrics(), pause=600.0, limit=60.0).run)
        while not rounds:
            await anyio.lowlevel.checkpoint()
        time.now = 600.0
        assert progress.stuck() == {}
        time.now = 1300.0
        assert set(progress.stuck()) == {"reloader"}
        tasks.cancel_scope.cancel()


async def test_a_swallowed_exception_is_seen() -> None:
    """A loop that ends in an exception which somebody swallows is stuck after its limit, not forgotten."""
    time = Time()
    progress = Progress(time)

    async def once() -> int:
        raise RuntimeError("a defect")

    with contextlib.suppress(RuntimeError):
        await Loop("executor", once, progress, Metrics(), pause=0.5, limit=60.0).run()
    time.now = 61.0
    assert set(progress.stuck()) == {"executor"}


async def test_a_loop_that_ends_on_purpose_is_forgotten() -> None:
    """At a stop the loops end one after the other, and none of them is called stuck."""
    time = Time()
    progress, rounds = Progress(time), 0

    async def once() -> int:
        nonlocal rounds
        rounds += 1
        return 1

    await Loop("poller", once, progress, Metrics(), pause=0.5, limit=60.0, until=lambda: rounds > 3).run()
    time.now = 100.0
    assert progress.stuck() == {}


async def test_an_outage_is_no_hang_and_its_note_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """While rounds fail the loop stamps what it is blocked by, also while the next round is under way."""
    time = Time()
    progress, tries = Progress(time), anyio.Semaphore(0)

    async def once() -> int:
        await tries.acquire()
        raise StoreUnavailable("PostgreSQL is away")

    loop = Loop("timers", once, progress, Metrics(), pause=0.5, limit=60.0)
    monkeypatch.setattr(loop._wake, "wait", lambda _: anyio.lowlevel.checkpoint())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(loop.run)
        for _ in range(3):
            time.now += 50
            tries.release()
            await anyio.wait_all_tasks_blocked()
            assert progress.stuck() == {}
            assert progress.notes() == {"timers": "blocked: PostgreSQL is away"}
        tasks.cancel_scope.cancel()
