"""Owns the release of a case's parked work as a step of a rule; the one rule: it goes where the rule says, at a bounded pace.

What is parked, and what its items mean, is in docs/breaker.md. How it goes back is in `redrive/release`.
"""

from __future__ import annotations

from dataclasses import asdict, replace
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
    settle: Duration = Field(timedelta(seconds=16), le=timedelta(minutes=10))
    """How long to wait, before the first one goes, once the circuit lets work through: a worker may believe for five seconds that it
    is paused, and take nine more to park. What it parks then, or what is sent to it, would stay."""

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
        # The circuit first: nothing may be parked yet that workers are about to park.
        early = None if ctx.dry_run else await _too_early(ctx, params, case)
        waiting = await parked.of_case(case)
        progress = ReleaseProgress(len(waiting), params.most(len(waiting)))
        facts = release_facts(case, progress, waiting, ctx)
        if early is not None:
            return replace(early, facts=facts | dict(early.facts))
        if not waiting:
            return NoOp(f"nothing of {case} is parked", facts)
        if ctx.dry_run:
            return Done(f"would send back {progress.meant} of {len(waiting)} pieces of work of {case}", facts)
        ctx.within_limit("items", progress.meant)
        remembered = asdict(progress)
        await ctx.checkpoint("progress", remembered)
    progress = ReleaseProgress(**remembered)
    queue = await ctx.can.queues.info(params.queue) if params.queue else None
    origins = Origins(ctx.can.queues, ctx.can.functions, queue, params.function)
    pace = Pace(params.rate, params.ramp, progress.rate)
    return await Release(ctx, parked, origins, case, pace, progress).go_on()


async def _too_early(ctx: ActionContext, params: ReleaseParkedParams, case: str) -> Wait | NoOp | None:
    """Wait until the table that workers read lets work through, and until all of them have read it; None once that is so."""
    now = ctx.clock.now()
    if holds := await what_holds(ctx.can, case, now):
        since = ctx.recall("holds_since")
        if since is None or ctx.recall("through_since"):
            await ctx.checkpoint("holds_since", now.isoformat())
            await ctx.checkpoint("through_since", "")
        elif now - datetime.fromisoformat(since) >= params.patience:
            return NoOp(f"nothing goes back: {holds}", {"stopped": holds})
        return Wait(now + _LOOK, f"nothing goes back yet: {holds}")
    through = ctx.recall("through_since")
    if not through and params.settle:
        await ctx.checkpoint("through_since", now.isoformat())
    settled = (datetime.fromisoformat(through) if through else now) + params.settle
    return (
        Wait(settled, "nothing goes back yet: workers may still believe that it is paused") if now < settled else None
    )
