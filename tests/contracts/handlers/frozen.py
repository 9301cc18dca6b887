"""Owns a replica that stands still in the middle of its work, as under SIGSTOP; the one rule: nothing of it moves.

It runs in the stage's other event loop, which is held up as a whole: no renewal of its lease, no timer, no answer that it
would notice. Let go, it goes on as if no time had passed.
"""

from __future__ import annotations

import threading

import anyio.to_thread

from leh_guardian.telemetry import failpoints
from tests.contracts.handlers.stage import Stage
from tests.support.process import wait_for

_LONGEST = 60.0


class Frozen:
    """Makes one attempt and stands still at a failpoint, or (None) while a request of it hangs in the world."""

    def __init__(self, stage: Stage, point: str | None) -> None:
        self._stage = stage
        self._point = point
        self._still = threading.Event()
        self._go = threading.Event()
        self._stood = False
        self._thread = 0
        if point is not None:
            failpoints.arm(self._hit)
        self._attempt = stage.bench.start_task_soon(self._main)
        self._attempt.add_done_callback(lambda _: self._still.set())

    async def _main(self) -> None:
        self._thread = threading.get_ident()
        async with self._stage.replica("frozen") as house:
            await self._stage.attempt(house)

    def _hit(self, name: str) -> None:
        if name == self._point and threading.get_ident() == self._thread and not self._stood:
            self._stand()

    def _stand(self) -> None:
        """Hold the whole event loop up."""
        self._stood = True
        self._still.set()
        assert self._go.wait(_LONGEST)

    async def wait_until_still(self) -> None:
        """Return once it stands."""
        await anyio.to_thread.run_sync(self._wait)

    def _wait(self) -> None:
        if self._point is None:
            wait_for(lambda: self._stage.world.hung or self._attempt.done())
            assert not self._attempt.done(), f"it ended before it stood still: {self._attempt.exception()}"
            self._stage.bench.start_task_soon(self._stand)
        assert self._still.wait(_LONGEST)
        assert self._stood, f"it ended before it stood still: {self._attempt.exception()}"

    async def go_on(self) -> None:
        """Let it go on, and what it had asked for, until its attempt has ended."""
        await anyio.to_thread.run_sync(self.end)

    def end(self) -> None:
        """Let it go on, and wait for its end."""
        failpoints.arm(None)
        self._go.set()
        self._stage.world.let_go()
        self._attempt.result(_LONGEST)
