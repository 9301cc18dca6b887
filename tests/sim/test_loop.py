"""The virtual loop: time jumps, processes die and freeze as a whole, and nothing real gets in."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextvars import Context

import anyio
import anyio.lowlevel
import pytest

from tests.sim.loop import BusyLoop, Deadlock, Process, SimLoop


def test_time_jumps_from_timer_to_timer() -> None:
    """A year is slept in no time, and sleepers wake in order."""
    loop, woken = SimLoop(), []

    async def sleeper(seconds: float) -> None:
        await anyio.sleep(seconds)
        woken.append((seconds, loop.time()))

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for seconds in (31_536_000.0, 2.5, 1.0):
                tasks.start_soon(sleeper, seconds)

    loop.play(main)
    assert woken == [(1.0, 1.0), (2.5, 2.5), (31_536_000.0, 31_536_000.0)]


async def _tick(ticks: list[float], loop: SimLoop) -> None:
    try:
        while True:
            await anyio.sleep(1)
            ticks.append(loop.time())
    finally:
        if loop.is_running():
            ticks.append(-1)


def test_a_killed_process_does_nothing_more() -> None:
    """Not even its `finally` blocks run: that is how a kill differs from a cancellation."""
    loop, process = SimLoop(), Process("p")
    ticks: list[float] = []

    async def main() -> None:
        loop.spawn(process, lambda: _tick(ticks, loop))
        await anyio.sleep(2.5)
        loop.kill(process)
        await anyio.sleep(100)

    loop.play(main)
    assert ticks == [1.0, 2.0]


def test_a_frozen_process_goes_on_where_it_was() -> None:
    """What became ready meanwhile runs at once when it thaws, and others are not held up."""
    loop, frozen, free = SimLoop(), Process("frozen"), Process("free")
    ticks: list[float] = []
    others: list[float] = []

    async def main() -> None:
        loop.spawn(frozen, lambda: _tick(ticks, loop))
        loop.spawn(free, lambda: _tick(others, loop))
        await anyio.sleep(1.5)
        loop.freeze(frozen, 10)
        await anyio.sleep(12)

    loop.play(main)
    assert ticks == [1.0, 11.5, 12.5, 13.5]
    assert others[:12] == [float(n) for n in range(1, 13)]


def test_a_process_that_froze_within_itself_thaws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world thaws it, in its own context, empty or not: in that of the process it would wait for itself."""
    monkeypatch.setattr("tests.sim.loop._OUTSIDE", Context())
    loop, process = SimLoop(), Process("p")
    ticks: list[float] = []

    async def freeze_and_tick() -> None:
        loop.freeze(process, 10)
        await _tick(ticks, loop)

    async def main() -> None:
        loop.spawn(process, freeze_and_tick)
        await anyio.sleep(12.5)

    loop.play(main)
    assert ticks == [10.0, 11.0, 12.0]


def test_a_signal_reaches_the_process_that_listens() -> None:
    """SIGTERM goes to its handler; a second one, or one that nobody listens for, kills."""
    loop, process, other = SimLoop(), Process("p"), Process("q")
    got: list[int] = []

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            got.append(await anext(signals))
            await anyio.sleep_forever()

    async def main() -> None:
        loop.spawn(process, listen)
        loop.spawn(other, listen)
        await anyio.sleep(1)
        loop.signal(process, signal.SIGTERM)
        await anyio.sleep(1)
        assert process.alive
        assert got == [signal.SIGTERM]
        loop.signal(process, signal.SIGTERM)
        assert not process.alive
        assert other.alive

    loop.play(main)
    assert other.signals


def test_nothing_left_to_run_is_a_deadlock() -> None:
    """A wait that nobody can end is told with the virtual time, instead of hanging the test."""

    async def main() -> None:
        await anyio.Event().wait()

    with pytest.raises(Deadlock):
        SimLoop().play(main)


def test_a_busy_loop_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that never lets time pass ends the run."""
    monkeypatch.setattr("tests.sim.loop._MOST_STEPS", 1000)

    async def main() -> None:
        while True:
            await anyio.lowlevel.checkpoint()

    with pytest.raises(BusyLoop):
        SimLoop().play(main)


def test_what_a_run_leaves_unfinished_is_told_of_before_it_ends() -> None:
    """A task whose error nobody took is a complaint, whichever circle it hangs in, and garbage is collected again afterwards."""
    loop = SimLoop()

    async def fail() -> None:
        raise ValueError("nobody takes this")

    async def main() -> None:
        circle: list[object] = [asyncio.get_running_loop().create_task(fail())]
        circle.append(circle)
        await anyio.sleep(1)

    loop.play(main)
    assert ["never retrieved: ValueError: nobody takes this" in complaint for complaint in loop.complaints] == [True]
    assert gc.isenabled()


def test_real_io_is_refused() -> None:
    """A socket or a thread has a time of its own: a run would no longer be a function of its seed."""

    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, int)

    with pytest.raises(AssertionError, match="real I/O"):
        SimLoop().play(main)
