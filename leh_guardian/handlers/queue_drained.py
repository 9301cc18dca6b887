"""Owns the look at a queue's depth; the one rule: messages in flight are not gone, so they count.

A queue-depth alarm goes to OK while its messages are merely being worked on, and a redriven message comes back to its DLQ
only after it has failed again: about maxReceiveCount times the visibility timeout later.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.fields import Duration, QueueRef
from leh_guardian.model.outcome import Done, Failed, Outcome, Wait
from leh_guardian.redrive.proof import slowest_return
from leh_guardian.registry import Effect, Params, handler


class QueueDrainedParams(Params):
    """Which queue, and how empty for how long."""

    queue: QueueRef
    """The queue, by name or ARN."""
    at_most: int = Field(0, ge=0)
    """Messages that may be left, in flight and delayed ones included."""
    quiet: Duration = timedelta(0)
    """How long it must stay so."""
    returns: bool = False
    """For a DLQ after a redrive: also wait as long as a redriven message needs to fail and come back."""
    give_up_after: Duration = timedelta(hours=1)
    """When to stop looking."""


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListDeadLetterSourceQueues"),
)
async def queue_drained(ctx: ActionContext, params: QueueDrainedParams) -> Outcome:
    """Prove that a queue is empty (visible, in flight and delayed) and stays empty."""
    queue = await ctx.can.queues.info(params.queue)
    now = ctx.clock.now()
    began = datetime.fromisoformat(ctx.recall("began", now.isoformat()))
    quiet = params.quiet
    if params.returns:
        quiet += timedelta(seconds=await slowest_return(ctx.can.queues, queue))
    total = queue.depth.total
    facts = {"visible": queue.depth.visible, "in_flight": queue.depth.in_flight, "quiet_seconds": quiet.total_seconds()}
    if total > params.at_most:
        await ctx.checkpoint("began", began.isoformat())
        await ctx.checkpoint("empty_since", None)
        if now - began > params.give_up_after:
            return Failed(f"{queue.name} still holds {total} messages after {params.give_up_after}", facts)
        return Wait(now + _pause(now - began), f"{queue.name} holds {total} messages", facts)
    since = datetime.fromisoformat(ctx.recall("empty_since") or now.isoformat())
    if now - since >= quiet:
        return Done(f"{queue.name} is empty and stayed so for {quiet}", facts)
    await ctx.checkpoint("began", began.isoformat())
    await ctx.checkpoint("empty_since", since.isoformat())
    return Wait(
        min(since + quiet, now + timedelta(minutes=1)), f"{queue.name} is empty since {since.isoformat()}", facts
    )


def _pause(waited: timedelta) -> timedelta:
    """Look often at first, then once a minute."""
    return min(timedelta(minutes=1), max(timedelta(seconds=2), waited / 5))
