"""Owns the redrive by SQS's own move task; the one rule: a queue has one task at a time, and whose it is shows by when it began.

After the API Reference ("StartMessageMoveTask", "ListMessageMoveTasks", "CancelMessageMoveTask"). SQS moves the messages itself,
each back into the queue that it died in unless a destination is named, and so neither selects, counts nor remembers: nothing
here knows letters, and one stands for all of them in guardian's memory. What a killed attempt started goes on at SQS, and the
next attempt finds it by SQS's own list. A kill switch or a lowered mode that an attempt meets cancels the task; what has been
moved stays moved, and another task takes up the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import anyio

from leh_guardian.clock import seconds
from leh_guardian.context import ActionContext
from leh_guardian.errors import Halted, HandlerError, Refused
from leh_guardian.model.identity import key
from leh_guardian.model.outcome import Done, Escalate, Failed, Outcome, Wait
from leh_guardian.ports import MoveTask, QueueInfo, SentLetter
from leh_guardian.redrive.goal import return_seconds
from leh_guardian.redrive.proof import slowest_return
from leh_guardian.telemetry.failpoints import failpoint

LOOKS = 5.0
"""Seconds between two looks at a running task."""
SLICE = 300.0
"""Seconds that one attempt watches."""
FASTEST = 500
"""Messages a second that SQS moves at most."""
_FOREIGN = timedelta(seconds=30)
_LAST_WORDS = 10.0


@dataclass(frozen=True, slots=True)
class TaskOrders:
    """What is asked for."""

    queue: str
    """The dead-letter queue, by name or ARN."""
    rate: float
    """Messages a second."""
    give_up_after: timedelta
    """How long somebody else's task is waited for."""


class Task:
    """One attempt."""

    def __init__(
        self, ctx: ActionContext, source: QueueInfo, destination: QueueInfo | None, orders: TaskOrders
    ) -> None:
        self._ctx = ctx
        self._queues = ctx.can.queues
        self._source = source
        self._destination = destination
        self._orders = orders
        self._memory: dict[str, Any] = dict(ctx.recall("task") or {})

    async def go_on(self, planned: int) -> Outcome:
        """Start the task, or find the one that an earlier attempt started, and watch it to its end."""
        if not self._memory:
            tasks = await self._queues.moves(self._source)
            if foreign := next((task for task in tasks if task.active), None):
                return await self._stand_by(foreign)
            before = max((task.started_at for task in tasks), default=0.0)
            self._memory = {"before": before, "planned": planned, "moved": 0}
            await self._ctx.checkpoint("task", self._memory)
        task = await self._own()
        if task is not None and task.status == "CANCELLED":
            # By the attempt before, when it was halted: what it left is another task's.
            self._memory |= {"before": task.started_at, "moved": self._memory["moved"] + task.moved}
            await self._ctx.checkpoint("task", self._memory)
            task = None
        if task is None:
            await self._start()
        return await self._watch()

    async def _stand_by(self, foreign: MoveTask) -> Outcome:
        """Wait for a task that somebody else has started: it moves the same messages."""
        now = self._ctx.clock.now()
        since = datetime.fromisoformat(self._ctx.recall("foreign", now.isoformat()))
        await self._ctx.checkpoint("foreign", since.isoformat())
        why = f"somebody's move task of {self._source.name} is {foreign.status.lower()}: {foreign.moved} moved"
        if now - since >= self._orders.give_up_after:
            return Escalate(f"{why}, for {now - since}", {"source": self._source.name})
        return Wait(now + _FOREIGN, why, {"source": self._source.name})

    async def _own(self) -> MoveTask | None:
        """Return the newest task that began after ours was decided upon."""
        tasks = [t for t in await self._queues.moves(self._source) if t.started_at > self._memory["before"]]
        return max(tasks, key=lambda task: task.started_at, default=None)

    async def _start(self) -> None:
        try:
            rate = max(1, min(FASTEST, int(self._orders.rate)))
            await self._queues.start_move(self._source, self._destination, rate)
        except Refused:
            # Somebody was quicker: there is one task, and it moves the same messages.
            if await self._own() is None:
                raise
        failpoint("redrive.task_started")

    async def _watch(self) -> Outcome:
        until = self._ctx.clock.monotonic() + SLICE
        while True:
            task = await self._own()
            if task is not None and not task.active:
                return await self._report(task)
            try:
                await self._ctx.checkpoint("task", self._memory)
            except Halted:
                await self._cancel(task)
                raise
            moved = self._memory["moved"] + (task.moved if task else 0)
            if self._ctx.clock.monotonic() >= until:
                return Wait(self._ctx.clock.now(), f"SQS has moved {moved} so far", {"moved": moved})
            await self._ctx.clock.sleep(LOOKS)

    async def _cancel(self, task: MoveTask | None) -> None:
        if task is None or task.handle is None:
            return
        with anyio.CancelScope(shield=True), anyio.move_on_after(_LAST_WORDS):
            try:
                await self._queues.cancel_move(task.handle)
            except HandlerError as error:
                self._ctx.log.warning("the move task could not be cancelled", error=str(error))

    async def _remember(self, task: MoveTask) -> None:
        """Remember in place of the letters, which nobody has read, one that stands for all: a failure of theirs takes its time."""
        ctx, source, goal = self._ctx, self._source, self._destination
        name = f"move task of {task.started_at}"
        returns = return_seconds(goal) if goal else await slowest_return(self._queues, source)
        now = ctx.clock.now()
        letter = SentLetter(key(f"{ctx.action_id}/{name}"), (), ())
        await ctx.can.letters.sent(
            source.arn, ctx.action_id, ctx.incident_id, {name: letter}, now, now + seconds(returns)
        )

    async def _report(self, task: MoveTask) -> Outcome:
        left = (await self._queues.info(self._orders.queue)).depth
        moved = self._memory["moved"] + task.moved
        if moved:
            await self._remember(task)
        facts = _facts(self._source, self._destination, self._memory["planned"]) | {
            "moved": moved,
            "left": left.visible,
            "in_flight": left.in_flight,
        }
        summary = f"SQS moved {moved} of {self._memory['planned']} messages, {left.visible} left"
        if task.status == "COMPLETED":
            return Done(summary, facts)
        return Failed(f"{summary}; its task is {task.status.lower()}{f': {task.why}' if task.why else ''}", facts)


def plan_of(source: QueueInfo, destination: QueueInfo | None) -> dict[str, Any]:
    """Return what SQS would move."""
    return _facts(source, destination, source.depth.visible)


def _facts(source: QueueInfo, destination: QueueInfo | None, planned: int) -> dict[str, Any]:
    where = destination.name if destination else "where each died"
    return {"source": source.name, "destination": where, "messages": planned, "selected": planned, "by": "sqs"}
