"""Owns virtual time: a seeded event loop that jumps from timer to timer, and the processes that live on it.

The one rule: a run is a function of its seed. There is no real I/O, no thread and no clock here; whatever would reach
for one raises. Callbacks run in the order that asyncio promises; what differs between seeds is how long things take.

A process is a group of tasks, known by a context variable that every task it starts inherits. Killed, none of its callbacks
runs again: no `finally` acts, as under SIGKILL. Frozen, they are kept until it goes on, as under SIGSTOP.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import heapq
import sys
import traceback
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, NoReturn

from leh_guardian.errors import GuardianError

_MOST_STEPS = 3_000_000
"""Callbacks in one run: more is a busy loop."""


class Deadlock(AssertionError):
    """Nothing can ever run again, and the run is not over."""


class BusyLoop(AssertionError):
    """The run took more steps than any run should."""


class Process:
    """A program on the loop: what can be killed, frozen and sent a signal as a whole."""

    def __init__(self, name: str, number: int = 1) -> None:
        self.name = name
        self.id = f"{name}/{number}"
        """Its name, and the how manieth of that name it is."""
        self.alive = True
        self.frozen = False
        self.ended = False
        """Whether its main task came to its end by itself."""
        self.held: list[_Handle] = []
        """What became ready while it was frozen."""
        self.signals: dict[int, tuple[Callable[..., Any], tuple[Any, ...]]] = {}
        self.skew = 0.0
        """Seconds by which its wall clock is wrong."""


_process: ContextVar[Process | None] = ContextVar("process", default=None)


def current_process() -> Process | None:
    """Return the process that runs now, None for the world around them."""
    return _process.get()


class _Task(asyncio.Task[Any]):
    """A task whose place in a set does not depend on its address: anyio keeps tasks in sets and cancels them in that order."""

    def __init__(self, *args: Any, loop: SimLoop, **kwargs: Any) -> None:
        # Counted anew in each run: what was played before must not show.
        loop.made += 1
        self._number = loop.made
        super().__init__(*args, loop=loop, **kwargs)

    # Equality stays that of objects, which is compared in C: tasks are keys of weak dictionaries that are asked all the time.
    def __hash__(self) -> int:
        return self._number


class _Handle:
    """What is to be called: asyncio's own handles, which also look after debugging, are a tenth of what a run costs."""

    __slots__ = ("args", "callback", "context", "dropped")

    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...], context: Context) -> None:
        self.callback: Callable[..., Any] | None = callback
        self.args = args
        self.context = context
        self.dropped = False

    def cancel(self) -> None:
        """Call it no more; what it holds is let go now, though the heap may keep the handle for long."""
        self.dropped, self.callback, self.args = True, None, ()

    def cancelled(self) -> bool:
        """Tell whether it was cancelled."""
        return self.dropped


class SimLoop(asyncio.BaseEventLoop):
    """An event loop in virtual time."""

    _scheduled: list[tuple[float, int, _Handle]]  # type: ignore[assignment]  # asyncio's own heap, of timers alone there
    _ready: deque[_Handle]

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0
        self._clock_resolution = 1e-9
        self.steps = 0
        self.made = 0
        """Tasks made so far."""
        self._timers = 0
        self.set_task_factory(_make_task)
        self.set_exception_handler(_complain)
        self.complaints: Counter[str] = Counter()
        """What asyncio would have logged as an error: a task's exception that nobody took, say."""

    def time(self) -> float:
        """Return virtual seconds since the beginning."""
        return self._virtual

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> Any:
        """Call `callback` in the next round."""
        self._check_closed()  # type: ignore[attr-defined]
        # An empty context is as good as any: asked for its truth, it would be taken for none.
        handle = _Handle(callback, args, copy_context() if context is None else context)
        self._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> Any:
        """Call `callback` after some seconds."""
        return self.call_at(self._virtual + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> Any:
        """Call `callback` at an instant; of several at the same one, in the order in which they were asked for."""
        self._check_closed()  # type: ignore[attr-defined]
        handle = _Handle(callback, args, copy_context() if context is None else context)
        self._timers += 1
        # Compared in C: a heap of the handles themselves spends a good part of a run on comparing them.
        heapq.heappush(self._scheduled, (when, self._timers, handle))
        return handle

    async def sleep(self, seconds: float) -> None:
        """Sleep as `anyio.sleep` does, without its search for the loop that this is."""
        woken = self.create_future()
        timer = self.call_at(self._virtual + seconds, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()

    def play(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run to the end of `main`; then throw away, in silence, what killed processes have left unfinished.

        What there was before is not looked through, and nothing is while it runs: what a run leaves is little, and goes at once.
        """
        looks = gc.isenabled()
        gc.disable()
        gc.freeze()
        try:
            self.run_until_complete(main())
        finally:
            self.close()
            _let_go()
            if looks:
                gc.enable()

    def spawn(self, process: Process, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a process. An error of ours ends it, as the program's exit codes say; any other is a defect."""

        async def run() -> None:
            with contextlib.suppress(GuardianError):
                await main()

        context = copy_context()
        context.run(_process.set, process)
        task = self.create_task(run(), name=process.name, context=context)
        task.add_done_callback(lambda done: self._note_end(process, done))

    def outside(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a task of the world, whoever asks for it."""
        self.create_task(work(), context=_OUTSIDE.copy())

    def _note_end(self, process: Process, task: asyncio.Task[None]) -> None:
        process.ended = True
        error = None if task.cancelled() else task.exception()
        if error is not None and process.alive:
            self.call_exception_handler({"message": f"{process.name} ended", "exception": error})

    def kill(self, process: Process) -> None:
        """End a process as SIGKILL does."""
        process.alive = False
        process.held.clear()

    def freeze(self, process: Process, seconds: float) -> None:
        """Stop a process as SIGSTOP does, and let it go on after `seconds`."""
        if process.alive and not process.frozen:
            process.frozen = True
            # Called by the world, not by the process: that one does nothing now.
            self.call_later(seconds, self._thaw, process, context=_OUTSIDE.copy())

    def _thaw(self, process: Process) -> None:
        process.frozen = False
        self._ready.extend(process.held)
        process.held.clear()

    def signal(self, process: Process, number: int) -> None:
        """Send a process a signal; one that it does not listen for kills it, and so does a second one."""
        if number in process.signals:
            callback, args = process.signals.pop(number)
            context = copy_context()
            context.run(_process.set, process)
            self.call_soon(callback, *args, context=context)
        else:
            self.kill(process)

    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:
        """Listen for a signal, for the running process alone."""
        process = current_process()
        assert process is not None
        process.signals[int(sig)] = (callback, args)

    def remove_signal_handler(self, sig: int) -> bool:
        """Listen for a signal no longer."""
        process = current_process()
        return process is not None and process.signals.pop(int(sig), None) is not None

    def _run_once(self) -> None:
        """Run what is ready; when nothing is, jump to the next timer (asyncio's loop calls this for ever)."""
        timers, ready = self._scheduled, self._ready
        while timers and timers[0][2].dropped:
            heapq.heappop(timers)
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            if not timers:
                raise Deadlock(f"nothing can run any more at {self._virtual:.3f} s")
            self._virtual = max(self._virtual, timers[0][0])
        while timers and timers[0][0] <= self._virtual:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            process = None if handle.dropped else handle.context.get(_process)
            if process is None or (process.alive and not process.frozen):
                self._step(handle)
            elif process.alive:
                process.held.append(handle)

    def _step(self, handle: _Handle) -> None:
        callback = handle.callback
        if callback is None:
            return
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise BusyLoop(f"{self.steps} steps by {self._virtual:.3f} s")
        try:
            handle.context.run(callback, *handle.args)
        except Exception as error:
            self.call_exception_handler({"message": f"exception in {callback}", "exception": error})

    def _asyncgen_firstiter_hook(self, agen: Any) -> None:
        """Keep no account of generators: asyncio does to end them with the loop, and nothing ends what a killed process ran."""

    def _write_to_self(self) -> None:
        """Nothing waits in a selector that would have to be woken."""

    def _process_events(self, _: Any) -> NoReturn:
        raise AssertionError("there is no selector")

    def _forbidden(self, *_: Any, **__: Any) -> NoReturn:
        raise AssertionError("real I/O in a simulation")

    # Threads and sockets have their own time.
    run_in_executor = getaddrinfo = create_connection = create_server = create_datagram_endpoint = _forbidden  # type: ignore[assignment]
    add_reader = add_writer = sock_connect = subprocess_exec = call_soon_threadsafe = _forbidden  # type: ignore[assignment]


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _let_go() -> None:
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        gc.collect()
    finally:
        sys.unraisablehook = hook


def _make_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **kwargs: Any) -> asyncio.Task[Any]:
    return _Task(coroutine, loop=loop, **kwargs)


def _complain(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    assert isinstance(loop, SimLoop)
    error = context.get("exception")
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    where = traceback.extract_tb(error.__traceback__)[-3:] if error else ()
    way = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(where))
    loop.complaints[f"{context['message']}: {type(error).__name__}: {error} ({way})"] += 1


_OUTSIDE = copy_context()
"""The context of the world around the processes."""
