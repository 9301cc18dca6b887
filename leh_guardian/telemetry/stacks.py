"""Owns what a process that hangs still says of itself: its threads' and tasks' stacks; the one rule: looking changes nothing.

SIGABRT (systemd's watchdog) and other fatal signals print the stack of every thread to standard error, also while the event
loop is blocked. SIGUSR1 is answered by the loop, as long as it turns: it logs every task's stack, and prints the threads'.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import signal
from collections.abc import Iterator
from typing import Any

import anyio

ASKS = signal.SIGUSR1
"""The signal that asks for the stacks."""
_DEEPEST = 12
"""Innermost frames that are told of each task."""


def print_on_fatal_signals() -> None:
    """Print every thread's stack at a fatal signal; until the loop listens, also at SIGUSR1, which would end the process."""
    # Standard error may be no file, in a test say.
    with contextlib.suppress(io.UnsupportedOperation, AttributeError, RuntimeError):
        faulthandler.enable()
        faulthandler.register(ASKS)


def print_threads() -> None:
    """Print the stack of every thread to standard error."""
    with contextlib.suppress(io.UnsupportedOperation, AttributeError, RuntimeError):
        faulthandler.dump_traceback()


def task_stacks() -> dict[str, list[str]]:
    """Return {task's name: its frames as `file:line function`, outermost first} of every task of the running loop."""
    tasks = sorted(anyio.get_running_tasks(), key=lambda task: (str(task.name), task.id))
    return {f"{task.name} ({task.id})": list(_frames(task.coro))[-_DEEPEST:] for task in tasks}


def _frames(waiting: Any) -> Iterator[str]:
    """Yield where a coroutine stands, then where what it waits for stands, down to what is no coroutine."""
    while waiting is not None:
        frame = _first(waiting, "cr_frame", "ag_frame", "gi_frame")
        if frame is not None:
            where = frame.f_code.co_filename.rpartition("/site-packages/")[2].rpartition("/leh_guardian/")[2]
            yield f"{where}:{frame.f_lineno} {frame.f_code.co_name}"
        waiting = _first(waiting, "cr_await", "ag_await", "gi_yieldfrom")


def _first(thing: Any, *names: str) -> Any:
    return next((found for name in names if (found := getattr(thing, name, None)) is not None), None)
