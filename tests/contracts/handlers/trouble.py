"""Owns the trouble that every handler has to get through; the one rule: it strikes at every place that a quiet run passes.

Each function runs an action once for each place, on a stage that is set anew, and yields what the runs ended in. `make faults` plays
all places. `make test` plays all writes, at which effects are lost or doubled; of the questions, which are alike, the first; and lets
a zombie stand at the first and last point, where one is killed at each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anyio

from leh_guardian.store import actions
from leh_guardian.telemetry import failpoints
from tests.contracts.handlers.frozen import Frozen
from tests.contracts.handlers.promises import Run
from tests.contracts.handlers.stage import MakeStage, Stage
from tests.contracts.handlers.world import World
from tests.faults.sizes import LONG
from tests.support.faults import Fault, fail_after, garbage, hang, lose_reply, refuse
from tests.support.process import wait_for

Runs = AsyncIterator[Run]
_SHORT = 0.25
"""Seconds of a first attempt that is to run out of them: doubled where a busy machine needs more to come so far."""
_LEASE = actions.LEASE_SECONDS + 1
_PERSISTENT = 4
"""Hits of a fault that outlast the adapters' own repetitions."""


@dataclass(frozen=True)
class Quiet:
    """What a run without trouble passes."""

    operations: dict[str, int]
    """Operations, with how often each was asked for."""
    points: list[str]
    """Failpoints between the start of the handler and its settlement."""
    run: Run


async def quiet(make: MakeStage) -> Quiet:
    """Run without trouble."""
    seen: list[str] = []
    with make() as stage:
        async with stage.set():
            failpoints.arm(seen.append)
            try:
                row = await stage.settle()
            finally:
                failpoints.arm(None)
            inside = seen[seen.index("executor.before_effect") : seen.index("executor.before_settle") + 1]
            return Quiet(dict(stage.world.faults.hits), list(dict.fromkeys(inside)), Run.of(stage.world, row, "quiet"))


async def _once(make: MakeStage, where: str, operation: str, fault: Fault, hit: int, times: int = 1) -> Run:
    with make() as stage:
        stage.world.faults.script(operation, *[fault] * times, hit=hit)
        async with stage.set():
            row = await stage.settle()
        assert sum(stage.world.faults.done.values()) >= 1, f"{where} never struck"
        return Run.of(stage.world, row, where, operation if fault.applied else "")


async def _everywhere(make: MakeStage, calm: Quiet, what: str, fault: Fault, times: int = 1) -> Runs:
    writes = make.world.writes
    for operation in _asked(calm, writes):
        # Of the writes the last one, too.
        for hit in sorted({1, calm.operations[operation]}) if operation in writes else (1,):
            yield await _once(make, f"{what} at {operation} {hit}", operation, fault, hit, times)


def _asked(calm: Quiet, writes: Collection[str]) -> list[str]:
    """Return the operations to strike at."""
    questions = [operation for operation in calm.operations if operation not in writes]
    passed_over = set() if LONG else set(questions[1:])
    return [operation for operation in calm.operations if operation not in passed_over]


async def reply_lost(make: MakeStage, calm: Quiet) -> Runs:
    """Each operation is applied once without an answer."""
    async for run in _everywhere(make, calm, "reply lost", lose_reply()):
        yield run


async def failed_before(make: MakeStage, calm: Quiet) -> Runs:
    """Each operation answers 503 and does nothing, longer than an adapter tries."""
    async for run in _everywhere(make, calm, "503 before", refuse(503), _PERSISTENT):
        yield run


async def failed_after(make: MakeStage, calm: Quiet) -> Runs:
    """Each operation is applied once and answers 500."""
    async for run in _everywhere(make, calm, "500 after", fail_after()):
        yield run


async def garbled(make: MakeStage, calm: Quiet) -> Runs:
    """Each operation answers once with 200 and half a body: applied, or held back by something in between."""
    async for run in _everywhere(make, calm, "garbage", garbage()):
        yield run
    unapplied = [] if make.world.believed else sorted(make.world.writes)
    for operation in unapplied:
        yield await _once(make, f"garbage instead of {operation}", operation, garbage(applied=False), 1)


async def throttled(make: MakeStage, calm: Quiet) -> Runs:
    """Each operation asks to slow down, longer than an adapter tries."""
    async for run in _everywhere(make, calm, "throttled", make.world.throttle, _PERSISTENT):
        yield run


async def hangs(make: MakeStage, calm: Quiet) -> Runs:
    """Each operation is applied once and does not answer within the step's timeout."""
    for operation in _asked(calm, make.world.writes):
        yield await _hangs(make, f"hang at {operation}", operation, hang(applied=True))


async def arrives_late(make: MakeStage, calm: Quiet) -> Runs:
    """Each write is held up until long after the action has ended, and applied then."""
    for operation in sorted(make.world.writes):
        yield await _hangs(make, f"{operation} arrives late", operation, hang())


async def _hangs(make: MakeStage, where: str, operation: str, fault: Fault, timeout: float = _SHORT) -> Run:
    with make(timeout=f"{timeout * 1000:.0f}ms") as stage:
        stage.world.faults.script(operation, fault)
        async with stage.set():
            await stage.attempt()
            await stage.allow(300.0)
            early = not stage.world.hung
            if stage.world.serial:
                stage.world.let_go()
                await anyio.to_thread.run_sync(lambda: wait_for(lambda: not stage.world.hung))
            row = await stage.settle()
            stage.world.let_go()
            await anyio.to_thread.run_sync(lambda: wait_for(lambda: not stage.world.hung))
        if not early:
            return Run.of(stage.world, row, where, operation)
    assert timeout < 10, f"{where}: never reached"
    # On a busy machine the first attempt may have run out of time before it came so far.
    return await _hangs(make, where, operation, fault, timeout * 2)


async def twice_at_once(make: MakeStage, calm: Quiet) -> Runs:
    """Two replicas want the same action at the same time, several times over."""
    for n in range(3):
        with make() as stage:
            async with stage.set() as one, stage.replica("two") as two:
                row = await stage.settle(one, two)
            yield Run.of(stage.world, row, f"twice at once, round {n}")


def _places(world: type[World], calm: Quiet, *, all_points: bool) -> list[tuple[str, Fault | None]]:
    """Where an attempt may stand still: at each failpoint, and in each write, before and after it is applied."""
    chosen = calm.points if all_points else list(dict.fromkeys([calm.points[0], calm.points[-1]]))
    points: list[tuple[str, Fault | None]] = [(point, None) for point in chosen]
    writes = sorted(world.writes)
    return points + [(write, hang(applied=applied)) for write in writes for applied in (True, False)]


async def killed(make: MakeStage, calm: Quiet) -> Runs:
    """The attempt stops for good at each place; the next one goes on from its checkpoints."""
    async for run in _overtaken(make, calm, "killed", revives=None):
        yield run


async def zombie_early(make: MakeStage, calm: Quiet) -> Runs:
    """The attempt stands still beyond its lease, and goes on while the one that took over is at work."""
    async for run in _overtaken(make, calm, "zombie while the other works", revives="early"):
        yield run


async def zombie_late(make: MakeStage, calm: Quiet) -> Runs:
    """The attempt stands still beyond its lease, and goes on when the action has long ended."""
    async for run in _overtaken(make, calm, "zombie after the other's end", revives="late"):
        yield run


async def _overtaken(make: MakeStage, calm: Quiet, what: str, *, revives: str | None) -> Runs:
    for place, fault in _places(make.world, calm, all_points=LONG or revives is None):
        where = f"{what}, at {place}{' unapplied' if fault and not fault.applied else ''}"
        with make() as stage:
            async with stage.set() as one:
                with _standing(stage, place, fault) as zombie:
                    await zombie.wait_until_still()
                    await stage.travel(_LEASE)
                    await stage.attempt(one)
                    if revives == "early":
                        await zombie.go_on()
                    row = await stage.settle()
                    run = Run.of(stage.world, row, where, place)
                    if revives == "late":
                        await zombie.go_on()
                if revives:
                    run = Run.of(stage.world, await stage.action(), where, place)
            yield run


@contextmanager
def _standing(stage: Stage, place: str, fault: Fault | None) -> Any:
    """A replica of its own that stands still at a place; it is let go, at the latest, at the end."""
    if fault is not None:
        stage.world.faults.script(place, fault)
    zombie = Frozen(stage, None if fault is not None else place)
    try:
        yield zombie
    finally:
        zombie.end()


TROUBLE = (
    reply_lost,
    failed_before,
    failed_after,
    garbled,
    throttled,
    hangs,
    arrives_late,
    twice_at_once,
    killed,
    zombie_early,
    zombie_late,
)
