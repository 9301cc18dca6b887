"""Owns an event loop in a thread of its own; the one rule: what goes wrong in it fails the test that uses it.

Servers and proxies of tests live in one, so that sync and async tests and other processes use them alike.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self, TypeVar

import uvloop

Result = TypeVar("Result")


class LoopThread:
    """A base; used as a context manager."""

    def __init__(self) -> None:
        self.defects: list[BaseException] = []
        """What went wrong in the thread without anybody's wish; the first is raised at the end."""
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    async def _open(self) -> None:
        """Start what the subclass serves."""
        raise NotImplementedError

    async def _close(self) -> None:
        """End what the subclass serves; tasks that are left are cancelled afterwards."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.wait_for(self._open())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.wait_for(self._wind_down())
        self._end()
        if self.defects and error is None:
            raise self.defects[0]

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _wind_down(self) -> None:
        await self._close()
        while self._tasks:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.sleep(0)
        for _ in range(3):
            # Cut connections are closed in the loop's next turns.
            await asyncio.sleep(0)
        await self._loop.shutdown_default_executor()

    def wait_for(self, work: Any) -> Any:
        """Run a coroutine in the loop; returns its result to this thread."""
        return self.begin(work).result(30)

    def begin(self, work: Any) -> Future[Any]:
        """Run a coroutine in the loop; returns at once."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Run `function` in the thread, between two events; returns its result."""

        async def called() -> Result:
            return function(*arguments)

        result: Result = self.wait_for(called())
        return result

    def start(self, work: Any) -> asyncio.Task[None]:
        """Run a coroutine in the loop, from within it; it ends with the loop at the latest."""
        task: asyncio.Task[None] = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.defects.append(error)
