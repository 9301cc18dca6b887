"""Owns the daemon's life: its loops and the order in which they end; the one rule: taking in ends first, running actions last.

At SIGTERM polls are drained (never cancelled), what was received is committed, running actions get their grace and are
then given back. A second signal ends the process at once, which is as safe as a crash: leases run out, messages come back.
"""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable, Mapping, Sequence
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
from leh_guardian.telemetry import stacks
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress
from leh_guardian.telemetry.systemd import Notifier

_COMMIT_LIMIT = 180.0
"""Seconds that one round of a committer may take with PostgreSQL and SQS both at the end of their deadlines."""
_POLL_MARGIN = 20.0
"""Seconds that draining may take beyond the wait of a long poll."""
_MIN_POLL_LIMIT = 60.0
_RELOAD_LIMIT = 90.0
"""Seconds that a reload may take: reading a folder over a slow network, the cases of a thousand rules, one transaction."""
_IDLE = 0.5
"""Seconds until a lane that nothing has woken looks again at what is due."""
_LOOK = 10.0
"""Seconds between two looks at the loops where systemd does not say how often."""


@dataclass(frozen=True, slots=True)
class Lane:
    """An executor with its loop."""

    name: str
    executor: Executor
    wake: Wake


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
    lanes: Sequence[Lane]
    """What runs actions; messages to people have a lane of their own, so that no long remedy keeps one waiting."""
    planned: Wake
    """Wakes the lanes."""
    reloader: Reloader
    loops: Sequence[Loop]
    line: Callable[[], str]
    """What `systemctl status` shows."""

    def __post_init__(self) -> None:
        self._log = structlog.get_logger("daemon")
        self._stopping = anyio.Event()
        self._draining = False
        self._notifier = Notifier.from_environment(os.environ)
        self._reloading = anyio.Lock()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, then drain."""
        async with anyio.create_task_group() as everything:
            await everything.start(self._listen, everything)
            for loop in self.loops:
                everything.start_soon(loop.run, name=loop.name)
            everything.start_soon(self._watchdog, name="watchdog")
            self._notifier.ready()
            self._log.info("started", version=__version__, rules=self.reloader.in_use.rules.revision)
            # The executor outlives the intake: what was taken in last may still start while polls are drained.
            async with anyio.create_task_group() as actions:
                for lane in self.lanes:
                    actions.start_soon(self._execute, lane, actions, name=lane.name)
                await self._take_in()
                await self._drain_executor()
                actions.cancel_scope.cancel()
            self._log.info("stopped")
            everything.cancel_scope.cancel()

    async def _listen(
        self, tasks: anyio.abc.TaskGroup, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, stacks.ASKS) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP:
                    # A task of its own: a folder that cannot be read must not keep SIGTERM from being heard.
                    tasks.start_soon(self._reload, name="reload")
                elif number == stacks.ASKS:
                    self._log.warning("tasks", tasks=stacks.task_stacks())
                    stacks.print_threads()
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
        async with self._reloading:
            self.progress.watch("reload", _RELOAD_LIMIT)
            self._notifier.reloading()
            try:
                await self.reloader.reload()
            except Exception as error:
                # Whatever it is, the last good rules are in use, and the reloader's loop tries again.
                self._log.error("reload failed", error=str(error))
            # Ready again in any case: the last good rules are in use.
            self._notifier.ready()
            self.progress.forget("reload")

    async def _watchdog(self) -> None:
        """Tell systemd that all is well, for as long as it is: this loop's own turning is part of what it tells."""
        interval = self._notifier.watchdog_interval or _LOOK
        stamp = self.progress.watch("watchdog", 2 * interval)
        said: set[str] = set()
        shown = ""
        while True:
            stamp()
            stuck = self.progress.stuck()
            if not stuck:
                self._notifier.watchdog()
            if said != set(stuck):
                said = set(stuck)
                self._say_stuck(stuck)
            if (line := self.line()) != shown:
                shown = line
                self._notifier.status(line)
            await anyio.sleep(interval)

    def _say_stuck(self, stuck: Mapping[str, float]) -> None:
        if stuck:
            # With their stacks: after the abort that follows nobody can ask any more.
            ages = {name: round(age, 1) for name, age in stuck.items()}
            self._log.critical("loops are stuck", stuck=ages, tasks=stacks.task_stacks())
        else:
            self._log.warning("no loop is stuck any more")

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
            try:
                await loop.run()
            except anyio.EndOfStream:
                self.progress.forget(loop.name)

    async def _execute(self, lane: Lane, tasks: anyio.abc.TaskGroup) -> None:
        loop = Loop(
            lane.name,
            partial(lane.executor.run_once, tasks),
            self.progress,
            self.metrics,
            pause=_IDLE,
            wake=lane.wake,
            until=lambda: self._draining,
        )
        await loop.run()

    async def _drain_executor(self) -> None:
        """Start nothing new and give running actions their grace; what is left is cancelled and given back."""
        self._draining = True
        self.planned()
        with anyio.move_on_after(self.grace.total_seconds()):
            for lane in self.lanes:
                await lane.executor.idle()
