"""Owns the release of a case's parked work as a step of a rule; the one rule: it goes where the rule says, at a bounded pace.

What is parked, and what its items mean, is in docs/breaker.md. How it goes back is in `redrive/release`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Self

from pydantic import Field, model_validator

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.evidence.names import is_id
from leh_guardian.fields import Duration, FunctionRef, QueueRef, Rate
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome, Wait
from leh_guardian.model.text import shown
from leh_guardian.redrive.origin import Origins
from leh_guardian.redrive.pace import Pace
from leh_guardian.redrive.passing import what_holds
from leh_guardian.redrive.release import Release, ReleaseProgress, release_facts
from leh_guardian.registry import Effect, Params, handler

_LOOK = timedelta(seconds=5)


class ReleaseParkedParams(Params):
    """Whose work, where to, how much and how fast."""

    case: str | None = None
    """The id of the case; if it is not given, what `dedup` found."""
    queue: QueueRef | None = None
    """The worker's queue, by name or ARN: work that came from a queue goes back there, and nowhere else."""
    function: FunctionRef | None = None
    """The worker's function, by name or ARN: work that it was invoked with goes back to it, and to no other."""
    rate: Rate = 1.0
    """Pieces of work a second."""
    ramp: bool = True
    """Begin with an eighth of the rate, and climb by as much every ten seconds."""
    max_items: int | None = Field(None, ge=1)
    """Send at most so many, for a trial in `half_open`; by default all."""
    max_tokens: int | None = Field(None, ge=1)
    """... or as many as this allowance suffices for, but one at least."""
    tokens_per_item: int = Field(20_000, ge=1)
    """What a piece of work is taken to cost, for `max_tokens`."""
    patience: Duration = Field(timedelta(minutes=2), le=timedelta(days=1))
    """How long to wait, before the first one goes, for a circuit that workers do not see closed yet."""

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.queue is None and self.function is None:
            raise ValueError("give the worker's `queue`, its `function`, or both: work goes nowhere else")
        return self

    def most(self, parked: int) -> int:
        """Return how many of the parked items are meant."""
        allowed = parked if self.max_tokens is None else max(1, self.max_tokens // self.tokens_per_item)
        return min(parked, allowed, self.max_items or parked)


@handler(
    effect=Effect.AT_LEAST_ONCE,
    changes=True,
    residual=(
        "A crash, a standstill beyond the lease, or a lost or late answer between sending a piece of work and writing that"
        " down sends that one again (not through a FIFO queue, which knows it again within five minutes)."
    ),
    permissions=(
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:DeleteItem",
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "sqs:SendMessage",
        "lambda:InvokeFunction",
    ),
    limits={"items": 1000},
    timeout="15m",
)
async def release_parked(ctx: ActionContext, params: ReleaseParkedParams) -> Outcome:
    """Send the parked work of a case back to the worker, what waits longest first, while its circuit lets it through."""
    case, parked = params.case or str(ctx.incident.get("dedup_key") or ""), ctx.can.parked
    if not is_id(case):
        return Failed(f"{shown(case, 100)!r} is no id of a case")
    if parked is None:
        raise Refused("nobody said where work is parked: set LEH_BREAKER__PARKED_TABLE")
    remembered = ctx.recall("progress")
    if remembered is None or ctx.dry_run:
        waiting = await parked.of_case(case)
        progress = ReleaseProgress(len(waiting), params.most(len(waiting)))
        facts = release_facts(case, progress, waiting, ctx)
        if not waiting:
            return NoOp(f"nothing of {case} is parked", facts)
        holds = await what_holds(ctx.can, case, ctx.clock.now())
        if ctx.dry_run:
            return Done(f"would send back {progress.meant} of {len(waiting)} pieces of work of {case}", facts)
        if holds:
            return await _not_yet(ctx, params, holds, facts)
        ctx.within_limit("items", progress.meant)
        remembered = asdict(progress)
        await ctx.checkpoint("progress", remembered)
    progress = ReleaseProgress(**remembered)
    queue = await ctx.can.queues.info(params.queue) if params.queue else None
    origins = Origins(ctx.can.queues, ctx.can.functions, queue, params.function)
    pace = Pace(params.rate, params.ramp, progress.rate)
    return await Release(ctx, parked, origins, case, pace, progress).go_on()


async def _not_yet(ctx: ActionContext, params: ReleaseParkedParams, holds: str, facts: dict[str, object]) -> Outcome:
    """Wait a little: the table that workers read follows guardian's own record."""
    now, since = ctx.clock.now(), ctx.recall("holds_since")
    if since is None:
        await ctx.checkpoint("holds_since", now.isoformat())
    elif now - datetime.fromisoformat(since) >= params.patience:
        return NoOp(f"nothing goes back: {holds}", facts | {"stopped": holds})
    return Wait(now + _LOOK, f"nothing goes back yet: {holds}", facts)
