"""Owns the rescue of dead letters before a long wait; the one rule: what outlives the wait stays where it is.

Used before a step that waits for hours, such as `await_provider`: that wait is bounded, so which letters would not
outlive it is known when it begins. `dlq_redrive` does the same by itself while it waits.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.fields import Duration, QueueRef
from leh_guardian.model.outcome import Done, NoOp, Outcome, Wait
from leh_guardian.redrive.keeping import VISIBILITY, keep_ageing
from leh_guardian.registry import Effect, Params, Via, handler

_WAITS = 5
"""How often it looks again for letters that are hidden."""


class KeepLettersParams(Params):
    """Of which queue, and how near their end."""

    queue: QueueRef
    """The dead-letter queue, by name or ARN."""
    within: Duration = Field(timedelta(days=1), ge=timedelta(minutes=1))
    """Letters that SQS deletes within this time are kept: longer than what follows may wait."""


@handler(
    effect=Effect.EXACTLY_ONCE,
    via=Via.IDEMPOTENCY_KEY,
    changes=True,
    residual="It looks through the queue, which hides each letter for a moment.",
    permissions=(
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
    ),
    limits={"kept": 10_000},
    timeout="15m",
)
async def keep_letters(ctx: ActionContext, params: KeepLettersParams) -> Outcome:
    """Put the letters that SQS would soon delete for their age into quarantine, from where the next redrive sends them."""
    queue = await ctx.can.queues.info(params.queue)
    facts = {"source": queue.name, "messages": queue.depth.visible}
    if not queue.depth.total and ctx.recall("kept") is None:
        return NoOp(f"{queue.name} is empty", {**facts, "kept": 0})
    if ctx.dry_run:
        return Done(f"would look through {queue.depth.visible} messages of {queue.name}", facts)
    ctx.within_limit("kept", queue.depth.visible)
    found = await keep_ageing(ctx, queue, params.within)
    if hidden := (await ctx.can.queues.info(params.queue)).depth.in_flight:
        # By another receiver, or an attempt that lost its answer: one of them may be old.
        waits = ctx.recall("waits", 0)
        if waits < _WAITS:
            await ctx.checkpoint("waits", waits + 1)
            until = ctx.clock.now() + timedelta(seconds=VISIBILITY)
            return Wait(until, f"{hidden} messages are hidden by a receiver", {**facts, "kept": found.kept})
    more = "" if found.whole else f"; only {found.looked_at} were looked at"
    told = {**facts, "kept": found.kept, "whole": found.whole and not hidden}
    return Done(f"{found.kept} messages of {queue.name} are kept from expiring{more}", told)
