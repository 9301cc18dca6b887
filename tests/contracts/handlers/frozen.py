"""Owns a replica that stands still in the middle of its work, as under SIGSTOP; the one rule: nothing of it moves.

It runs in a thread with an event loop of its own, which is held up as a whole: no renewal of its lease, no timer, no
answer that it would notice. Let go, it goes on as if no time had passed.
"""

from __future__ import annotations

import threading

import anyio
import anyio.from_thread
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
        self._token: object | None = None
        self._failure: BaseException | None = None
        if point is not None:
            failpoints.arm(self._hit)
        self._thread = threading.Thread(target=self._run, name="frozen replica", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            anyio.run(self._main, backend_options={"use_uvloop": True})
        except BaseException as error:
            self._failure = error
        finally:
            self._still.set()

    async def _main(self) -> None:
        self._token = anyio.lowlevel.current_token()
        async with self._stage.replica("frozen") as house:
            await self._stage.attempt(house)

    def _hit(self, name: str) -> None:
        if name == self._point and threading.current_thread() is self._thread and not self._stood:
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
            wait_for(lambda: self._stage.world.hung or not self._thread.is_alive())
            assert self._thread.is_alive(), f"it ended before it stood still: {self._failure}"
            holding = threading.Thread(
                target=anyio.from_thread.run_sync, args=(self._stand,), kwargs={"token": self._token}, daemon=True
            )
            holding.start()
        assert self._still.wait(_LONGEST)
        assert self._stood, f"it ended before it stood still: {self._failure}"

    async def go_on(self) -> None:
        """Let it go on, and what it had asked for, until its attempt has ended."""
        await anyio.to_thread.run_sync(self.end)

    def end(self) -> None:
        """Let it go on, and wait for its end."""
        failpoints.arm(None)
        self._go.set()
        self._stage.world.let_go()
        self._thread.join(_LONGEST)
        assert not self._thread.is_alive(), "it does not end"
        if self._failure is not None:
            raise self._failure
