"""Six ways in which a loop of the daemon may hang, for the test launcher to put into the real one.

`GUARDIAN_TEST_HANG=kind:loop[:loop]` names the way and the loops, `GUARDIAN_TEST_TRIGGER` a file whose being there sets it off. The
limits are shortened, so that a test need not wait for the real ones.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from leh_guardian.engine import intake
from leh_guardian.engine.loops import Loop

LIMIT = 4.0
"""Seconds a round may take here."""
Once = Callable[[], Awaitable[int]]


class Swallowed(Exception):
    """What ends a task whose starter looks away."""


class Hang:
    """Makes the named loops hang once the trigger is there."""

    def __init__(self, order: str, trigger: Path) -> None:
        self.kind, *self.loops = order.split(":")
        self.trigger = trigger
        self.met = 0
        self.both = anyio.Event()
        self.locks = (anyio.Lock(), anyio.Lock())

    def install(self) -> None:
        """Shorten the limits, and stand before every loop's round."""
        intake._IDLE = intake._NAP = LIMIT / 5
        begin, run = Loop.__init__, Loop.run

        def made(loop: Loop, name: str, once: Once, *args: Any, **kwargs: Any) -> None:
            kwargs["limit"] = LIMIT
            begin(loop, name, partial(self.round, once) if name in self.loops else once, *args, **kwargs)

        async def running(loop: Loop) -> None:
            with contextlib.suppress(Swallowed):
                await run(loop)

        Loop.__init__, Loop.run = made, running  # type: ignore[method-assign,assignment]

    async def round(self, once: Once) -> int:
        """Hang, or do what the loop does."""
        if self.trigger.exists():
            await getattr(self, self.kind)()
        return await once()

    async def died(self) -> None:
        """The task ends in an exception that nobody hears of."""
        raise Swallowed

    async def awaits(self) -> None:
        """It waits for what will never be."""
        await anyio.Event().wait()

    async def deadlock(self) -> None:
        """Two loops each hold the lock that the other one wants."""
        mine, other = self.locks if self.met == 0 else reversed(self.locks)
        self.met += 1
        async with mine:
            if self.met == 2:
                self.both.set()
            await self.both.wait()
            async with other:
                pass

    async def sleeps(self) -> None:
        """A blocking call stops the whole event loop."""
        time.sleep(600)  # noqa: ASYNC251 - that is the point

    async def redos(self) -> None:
        """A regular expression that holds the interpreter's lock."""
        re.match(r"(a+)+$", "a" * 60 + "!")
