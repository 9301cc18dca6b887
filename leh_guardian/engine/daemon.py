"""Owns the daemon's life: its loops and the order in which they end; the one rule: taking in ends first, running actions last.

At SIGTERM polls are drained (never cancelled), what was received is committed, running actions get their grace and are
then given back. A second signal ends the process at once, which is as safe as a crash: leases run out, messages come back.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import anyio
import anyio.abc
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from leh_guardian import __version__
from leh_guardian.engine.executor import Executor
from leh_guardian.engine.intake import Intake
from leh_guardian.engine.loops import Loop, Wake
from leh_guardian.engine.reloader import Reloader
from leh_guardian.ports import ReceivedMessage
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress
from leh_guardian.telemetry.systemd import Notifier

_COMMIT_LIMIT = 180.0
"""Seconds that one round of a committer may take with PostgreSQL and SQS both at the end of their deadlines."""
_POLL_MARGIN = 20.0
"""Seconds that draining may take beyond the wait of a long poll."""
_MIN_POLL_LIMIT = 60.0


@dataclass
class Daemon:
    """The running program: its loops, and the order in which they end."""

    pollers: int
    wait: float
    """Seconds of a long poll."""
    grace: timedelta
    """How long running actions may take to end."""
    progress: Progress
    metrics: Metrics
    intakes: Sequence[Intake]
    executor: Executor
    planned: Wake
    reloader: Reloader
    loops: Sequence[Loop]

    def __post_init__(self) -> None:
        self._log = structlog.get_logger("daemon")
        self._stopping = anyio.Event()
        self._draining = False
        self._notifier = Notifier.from_environment(os.environ)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, then drain."""
        async with anyio.create_task_group() as everything:
            await everything.start(self._listen)
            for loop in self.loops:
                everything.start_soon(loop.run, name=loop.name)
            everything.start_soon(self._watchdog, name="watchdog")
            self._notifier.ready()
            self._notifier.status(f"{len(self.reloader.current().rules)} rules")
            self._log.info("started", version=__version__, rules=self.reloader.in_use.rules.revision)
            # The executor outlives the intake: what was taken in last may still start while polls are drained.
            async with anyio.create_task_group() as actions:
                actions.start_soon(self._execute, actions, name="executor")
                await self._take_in()
                await self._drain_executor()
                actions.cancel_scope.cancel()
            self._log.info("stopped")
            everything.cancel_scope.cancel()

    async def _listen(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP:
                    await self._reload()
                elif self._stopping.is_set():
                    # Safe at any instant, like a crash: leases run out and messages come back.
                    self._log.warning("second signal: stopping at once")
                    await anyio.sleep(0.2)
                    os._exit(1)
                else:
                    self._log.info("stopping: draining polls and running actions", signal=number)
                    self._notifier.stopping()
                    self._stopping.set()

    async def _reload(self) -> None:
        self._notifier.reloading()
        try:
            await self.reloader.reload()
        except Exception as error:
            # Whatever it is, the last good rules are in use, and the reloader's loop tries again.
            self._log.error("reload failed", error=str(error))
        # Ready again in any case: the last good rules are in use.
        self._notifier.ready()

    async def _watchdog(self) -> None:
        interval = self._notifier.watchdog_interval
        while interval is not None:
            stuck = self.progress.stuck()
            if stuck:
                self._log.critical("loops are stuck", stuck=stuck)
            else:
                self._notifier.watchdog()
            await anyio.sleep(interval)

    async def _take_in(self) -> None:
        """Poll until told to stop, then drain: every poll ends by itself and everything received is committed."""
        async with anyio.create_task_group() as guard:
            guard.start_soon(self._bound_drain, guard.cancel_scope, name="drain deadline")
            async with anyio.create_task_group() as tasks:
                for number, intake in enumerate(self.intakes):
                    suffix = f"-{number}" if number else ""
                    # The intake bounds what waits in it, by weight: a poller with messages in hand never blocks.
                    send, receive = anyio.create_memory_object_stream[Sequence[ReceivedMessage]](math.inf)
                    tasks.start_soon(self._poll_all, intake, send, suffix, name=f"pollers{suffix}")
                    tasks.start_soon(self._commit_all, intake, receive, suffix, name=f"committer{suffix}")
            guard.cancel_scope.cancel()

    async def _bound_drain(self, scope: anyio.CancelScope) -> None:
        """End a drain that a dead store or queue keeps from ending: what was not committed comes back from SQS."""
        await self._stopping.wait()
        await anyio.sleep(self.wait + _POLL_MARGIN)
        self._log.warning("the drain takes too long: giving up on it")
        scope.cancel()

    async def _poll_all(
        self, intake: Intake, into: MemoryObjectSendStream[Sequence[ReceivedMessage]], suffix: str
    ) -> None:
        async with into, anyio.create_task_group() as tasks:
            for number in range(self.pollers):
                loop = Loop(
                    f"poller{suffix}-{number}",
                    partial(intake.poll, into),
                    self.progress,
                    self.metrics,
                    # A queue that answers "nothing" at once, against the wait asked for, must not make a busy loop.
                    pause=0.1,
                    limit=self.wait + _MIN_POLL_LIMIT,
                    until=self._stopping.is_set,
                )
                tasks.start_soon(loop.run, name=loop.name)

    async def _commit_all(
        self, intake: Intake, source: MemoryObjectReceiveStream[Sequence[ReceivedMessage]], suffix: str
    ) -> None:
        async with source, anyio.create_task_group() as deletes:
            once = partial(intake.drain, source, deletes)
            loop = Loop(f"committer{suffix}", once, self.progress, self.metrics, pause=0.0, limit=_COMMIT_LIMIT)
            with contextlib.suppress(anyio.EndOfStream):
                await loop.run()

    async def _execute(self, tasks: anyio.abc.TaskGroup) -> None:
        loop = Loop(
            "executor",
            partial(self.executor.run_once, tasks),
            self.progress,
            self.metrics,
            pause=0.5,
            wake=self.planned,
            until=lambda: self._draining,
        )
        await loop.run()

    async def _drain_executor(self) -> None:
        """Start nothing new and give running actions their grace; what is left is cancelled and given back."""
        self._draining = True
        self.planned()
        with anyio.move_on_after(self.grace.total_seconds()):
            await self.executor.idle()
