"""Owns the redrive of a dead-letter queue: plan, canary, proof, ramp, proof; the one rule: what comes back is not sent again.

Written for Standard and FIFO queues after the Amazon SQS Developer Guide ("Using dead-letter queues", "Exactly-once
processing"). How letters are moved is in `redrive/mover`, how they are chosen in `redrive/selection`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import Field

from leh_guardian.clock import seconds
from leh_guardian.context import ActionContext
from leh_guardian.fields import QueueRef, Rate
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome, Wait
from leh_guardian.ports import OutgoingMessage, QueueInfo
from leh_guardian.redrive import mover
from leh_guardian.redrive.destination import destination_of
from leh_guardian.redrive.pace import Pace
from leh_guardian.redrive.progress import Phase, Progress
from leh_guardian.redrive.proof import count_returned, return_seconds
from leh_guardian.redrive.selection import Selection
from leh_guardian.redrive.survey import survey
from leh_guardian.registry import Effect, Params, handler

_AGAIN = 1.0
"""Seconds until another look at messages that came back in the meantime."""
_WAITS = 5
_SLICE = 300.0
"""Seconds of moving in one attempt: a long redrive waits and goes on, it does not run into its timeout."""
_ENOUGH = 20
"""Letters of a ramp that must have died again before their share counts."""
_BAD_SHARE = 0.2
"""Part of the moved letters that may die again."""


class DlqRedriveParams(Params):
    """Which queue, which letters, and how fast."""

    queue: QueueRef
    """The dead-letter queue, by name or ARN."""
    destination: QueueRef | None = None
    """Where to; by default the queue whose redrive policy points at it."""
    max_messages: int | None = Field(None, ge=1)
    """Move at most so many; by default all that are visible when it starts."""
    rate: Rate = 20.0
    """Messages a second."""
    canary: int = Field(0, ge=0, le=1000)
    """Move so many first, wait until they would have come back, and go on only if none has; then begin slowly. 0: all at once."""
    select: Selection = Selection()
    """Only letters that fit every member given: `older_than`, `newer_than`, `errors` (texts in the error's type, code or message;
    `unknown` where a letter does not say), `cases`, `where` (JMESPath over `body`, `attributes`, `error`, `message`, `evidence`,
    `cases`, `age_seconds`). A plan then looks through the queue, which hides its messages for a moment."""
    max_redrives: int = Field(3, ge=1)
    """A letter that was sent back so often goes to quarantine instead."""


@handler(
    effect=Effect.AT_LEAST_ONCE,
    changes=True,
    residual=(
        "A crash, a standstill beyond the lease, or a lost or late answer of SQS between sending a batch and remembering it"
        " sends up to ten messages twice"
        " (Standard queues; FIFO queues deduplicate within five minutes)."
    ),
    permissions=(
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "sqs:ListDeadLetterSourceQueues",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
    ),
    limits={"messages": 1000},
    timeout="30m",
)
async def dlq_redrive(ctx: ActionContext, params: DlqRedriveParams) -> Outcome:
    """Move the messages of a dead-letter queue back to the queue they died in, at a bounded rate."""
    source = await ctx.can.queues.info(params.queue)
    destination = await destination_of(ctx.can.queues, source, params.destination)
    remembered = ctx.recall("progress")
    if remembered is None or ctx.dry_run:
        plan = await _plan(ctx, params, source, destination)
        if ctx.dry_run:
            return Done(f"would move {plan['selected']} of {plan['messages']} messages to {destination.name}", plan)
        if not plan["selected"]:
            return NoOp(
                f"{source.name} has no visible messages" if not plan["messages"] else "no letter is meant", plan
            )
        ctx.within_limit("messages", plan["selected"])
        phase = Phase.CANARY if params.canary else Phase.RAMP
        remembered = asdict(Progress(plan["selected"], plan, phase))
        await ctx.checkpoint("progress", remembered)
    # One that an older version of this program began knows no phases.
    progress = Progress(**{**remembered, "phase": Phase(remembered.get("phase", Phase.RAMP))})
    return await _Redrive(ctx, params, source, destination, progress).go_on()


async def _plan(
    ctx: ActionContext, params: DlqRedriveParams, source: QueueInfo, destination: QueueInfo
) -> dict[str, Any]:
    """Return what would be moved. Without a selection nothing is received for it: a receive hides messages and counts."""
    visible = source.depth.visible
    plan: dict[str, Any] = {"source": source.name, "destination": destination.name, "messages": visible}
    if params.select.everything:
        return plan | {"selected": min(visible, params.max_messages or visible)}
    seen = await survey(ctx.can.queues, source, params.select, ctx.clock.now())
    # What was not looked at may all be meant: a limit is about what may happen.
    unseen = 0 if seen.whole else max(0, visible - seen.seen)
    meant = seen.selected + unseen
    return plan | {"selected": min(meant, params.max_messages or meant), "skipped": dict(seen.skipped)}


class _Redrive:
    """One attempt."""

    def __init__(
        self,
        ctx: ActionContext,
        params: DlqRedriveParams,
        source: QueueInfo,
        destination: QueueInfo,
        progress: Progress,
    ) -> None:
        self._ctx = ctx
        self._params = params
        self._source = source
        self._destination = destination
        self._progress = progress
        self._until = ctx.clock.monotonic() + _SLICE
        self._pace = Pace(params.rate, ramp=params.canary > 0, rate=progress.rate, quiet_since=ctx.clock.monotonic())

    async def go_on(self) -> Outcome:
        """Go on where the last attempt has stopped, to the next wait or to the end."""
        if self._progress.phase is Phase.CANARY and (ended := await self._canary()):
            return ended
        if self._progress.phase is Phase.PROOF and (ended := await self._prove()):
            return ended
        if self._progress.phase is Phase.RAMP and (ended := await self._ramp()):
            return ended
        return await self._verify()

    async def _canary(self) -> Outcome | None:
        await self._move(self._params.canary - self._progress.moved)
        if self._progress.moved < self._params.canary and (waiting := await self._still_hidden()):
            return waiting
        await self._enter(Phase.PROOF)
        return None

    async def _prove(self) -> Outcome | None:
        progress = self._progress
        if waiting := self._too_early(f"the first {progress.moved} are on their way"):
            return waiting
        returned = await count_returned(self._ctx, self._source)
        progress.returned = returned.count
        # In a queue that is too long to be looked through, that it grows is reason enough not to send more.
        grown = 0 if returned.whole else await self._grown()
        if returned.count or grown > progress.moved // 2 or progress.finished or not progress.moved:
            return await self._report(canary_failed=returned.count > 0 or grown > progress.moved // 2)
        await self._enter(Phase.RAMP)
        return None

    async def _ramp(self) -> Outcome | None:
        progress = self._progress
        await self._move(progress.room)
        if self._dies_again():
            return await self._report()
        if progress.room > 0 and self._ctx.clock.monotonic() >= self._until:
            await self._save()
            return Wait(self._ctx.clock.now(), f"moved {progress.moved} of {progress.planned} so far", self._facts())
        if waiting := await self._still_hidden():
            return waiting
        if not self._params.canary:
            return await self._report()
        await self._enter(Phase.VERIFY)
        return None

    async def _verify(self) -> Outcome:
        if waiting := self._too_early(f"moved {self._progress.moved}, and waiting for what comes back"):
            return waiting
        self._progress.returned = max(self._progress.returned, (await count_returned(self._ctx, self._source)).count)
        return await self._report()

    async def _move(self, most: int) -> None:
        moving = mover.Mover(
            self._ctx,
            self._source,
            self._send,
            self._progress,
            self._pace,
            selection=self._params.select,
            max_redrives=self._params.max_redrives,
            fifo=self._destination.fifo,
        )
        await moving.move(max(0, most), self._until)

    async def _send(self, messages: Sequence[OutgoingMessage]) -> dict[str, str]:
        return dict(await self._ctx.can.queues.send(self._destination, messages))

    async def _enter(self, phase: Phase) -> None:
        self._progress.phase = phase
        await self._save()

    async def _save(self) -> None:
        await self._ctx.checkpoint("progress", asdict(self._progress))

    def _too_early(self, why: str) -> Wait | None:
        """Return a wait while a letter that fails again may still be on its way back."""
        left = self._progress.since + return_seconds(self._destination) - self._ctx.clock.now().timestamp()
        return Wait(self._ctx.clock.now() + seconds(left), why, self._facts()) if left > 0 else None

    async def _grown(self) -> int:
        """Return by how many letters the queue is longer than what was moved out of it leaves."""
        progress = self._progress
        left = (await self._ctx.can.queues.info(self._params.queue)).depth
        return left.total - (int(progress.plan["messages"]) - progress.moved - progress.quarantined)

    def _dies_again(self) -> bool:
        returned, moved = self._progress.returned, self._progress.moved
        return returned >= _ENOUGH and returned > _BAD_SHARE * moved

    async def _still_hidden(self) -> Wait | None:
        """Return a wait while letters of the plan may still come back from behind somebody's visibility timeout."""
        ctx, progress = self._ctx, self._progress
        left = (await ctx.can.queues.info(self._params.queue)).depth
        staying = progress.skipped + progress.returned
        if progress.finished or progress.refused or left.total <= staying or progress.waits >= _WAITS:
            return None
        progress.waits += 1
        await self._save()
        if left.in_flight:
            return Wait(
                ctx.clock.now() + seconds(mover.VISIBILITY), f"{left.in_flight} messages are hidden by a receiver"
            )
        # They came back since the last look; what was sent of them must still be deleted, or a later redrive sends it again.
        return Wait(ctx.clock.now() + seconds(_AGAIN), f"{left.total} messages have come back")

    def _facts(self) -> dict[str, Any]:
        progress = self._progress
        return {
            **progress.plan,
            "moved": progress.moved,
            "failed": len(progress.refused),
            "returned": progress.returned,
            "quarantined": progress.quarantined,
        }

    async def _report(self, *, canary_failed: bool = False) -> Outcome:
        progress = self._progress
        left = (await self._ctx.can.queues.info(self._params.queue)).depth
        facts = {**self._facts(), "left": left.visible, "in_flight": left.in_flight}
        summary = (
            f"moved {progress.moved} of {progress.planned} messages to {self._destination.name}, {left.visible} left"
        )
        if progress.quarantined:
            summary += f"; {progress.quarantined} that died again and again are in quarantine"
        if canary_failed:
            return Failed(f"{summary}; the first ones have died again: the cause is still there", facts)
        if self._dies_again():
            return Failed(f"{summary}; {progress.returned} have died again: stopped", facts)
        if progress.refused:
            reason = next(iter(progress.refused.values()))
            return Failed(
                f"{summary}; SQS refused {len(progress.refused)}: {reason}", {**facts, "refused": progress.refused}
            )
        return Done(summary, facts)
