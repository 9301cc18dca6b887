"""Owns the redrive of a dead-letter queue as a step of a rule; the one rule: it says what it would do before it does anything.

Written for Standard and FIFO queues after the Amazon SQS Developer Guide ("Using dead-letter queues", "Exactly-once
processing"). How it goes on is in `redrive/stages`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from leh_guardian.context import ActionContext
from leh_guardian.fields import Duration, FunctionRef, ProviderName, QueueRef, Rate
from leh_guardian.model.outcome import Done, NoOp, Outcome
from leh_guardian.ports import QueueInfo
from leh_guardian.redrive.goal import Goal, goal_of
from leh_guardian.redrive.holding import HoldOrders, hold
from leh_guardian.redrive.progress import Phase, Progress
from leh_guardian.redrive.selection import Selection
from leh_guardian.redrive.stages import Orders, Redrive
from leh_guardian.redrive.survey import survey
from leh_guardian.redrive.task import Task, TaskOrders, plan_of
from leh_guardian.registry import Effect, Params, handler

_UNKNOWN_TO_SQS = ("canary", "select", "max_messages", "max_redrives", "function")


class DlqRedriveParams(Params):
    """Which queue, which letters, and how fast."""

    queue: QueueRef
    """The dead-letter queue, by name or ARN."""
    destination: QueueRef | None = None
    """Where to; by default the queue whose redrive policy points at it."""
    function: FunctionRef | None = None
    """Invoke this function, by name or ARN, in place of a queue: for what Lambda put into `queue`, the dead letters of asynchronous
    invocations and the records of a failure destination. It gets the original payload. Records that name another function stay."""
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
    by: Literal["guardian", "sqs"] = "guardian"
    """`sqs`: let SQS move everything itself (StartMessageMoveTask), back to where each died or to `destination`. It neither selects
    nor tries out nor counts: no `canary`, `select`, `max_messages`, `max_redrives` or `function`, and a loop of letters is not
    seen."""
    provider: ProviderName | None = None
    """Send nothing while this AI provider is away, by the record that `await_provider` writes; by default while any of them is;
    `none`: whoever is away."""
    give_up_after: Duration = Field(timedelta(hours=12), ge=timedelta(minutes=1))
    """When to stop waiting for a provider, or for somebody else's move task, and ask people."""
    rescue_before: Duration = Field(timedelta(hours=12), ge=timedelta(minutes=10))
    """While it waits for a provider, letters that SQS deletes for their age within this time are kept in quarantine, and sent
    from there when the wait is over."""

    @model_validator(mode="after")
    def _one_goal(self) -> Self:
        if self.function is not None and self.destination is not None:
            raise ValueError("give either `destination` or `function`")
        # Not by what is set: a planned action's row holds the defaults as well.
        fields = type(self).model_fields
        asked = [name for name in _UNKNOWN_TO_SQS if getattr(self, name) != fields[name].default]
        if self.by == "sqs" and asked:
            raise ValueError(f"SQS's own task knows no `{asked[0]}`: leave `by` out")
        return self


@handler(
    effect=Effect.AT_LEAST_ONCE,
    changes=True,
    residual=(
        "A crash, a standstill beyond the lease, or a lost or late answer of SQS between sending a batch and remembering it"
        " sends up to ten messages twice"
        " (Standard queues; FIFO queues deduplicate within five minutes); of a function, it repeats one invocation."
    ),
    permissions=(
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "sqs:ListDeadLetterSourceQueues",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:StartMessageMoveTask",
        "sqs:ListMessageMoveTasks",
        "sqs:CancelMessageMoveTask",
        "lambda:GetFunctionConfiguration",
        "lambda:InvokeFunction",
    ),
    limits={"messages": 1000},
    timeout="30m",
)
async def dlq_redrive(ctx: ActionContext, params: DlqRedriveParams) -> Outcome:
    """Move the messages of a dead-letter queue back to the queue they died in, or to the function, at a bounded rate."""
    can = ctx.can
    source = await can.queues.info(params.queue)
    held = partial(hold, ctx, source, HoldOrders(params.provider, params.give_up_after, params.rescue_before))
    if params.by == "sqs":
        return await _by_sqs(ctx, params, source, held)
    goal = await goal_of(can.queues, can.functions, source, destination=params.destination, function=params.function)
    remembered = ctx.recall("progress")
    if remembered is None or ctx.dry_run:
        kept = await can.letters.count_resting(source.arn)
        if not ctx.dry_run and (source.depth.total or kept) and (waiting := await held()):
            return waiting
        plan = await _plan(ctx, params, source, goal, kept)
        if ctx.dry_run:
            return Done(f"would move {plan['selected']} of {plan['messages']} messages to {goal.name}", plan)
        if not plan["selected"]:
            return NoOp("no letter is meant" if plan["messages"] else f"{source.name} has no visible messages", plan)
        ctx.within_limit("messages", plan["selected"])
        phase = Phase.CANARY if params.canary else Phase.RAMP
        remembered = asdict(Progress(plan["selected"], plan, phase))
        await ctx.checkpoint("progress", remembered)
    # One that an older version of this program began knows no phases.
    progress = Progress(**{**remembered, "phase": Phase(remembered.get("phase", Phase.RAMP))})
    orders = Orders(params.queue, params.rate, params.canary, params.select, params.max_redrives)
    return await Redrive(ctx, orders, source, goal, progress, held).go_on()


async def _by_sqs(
    ctx: ActionContext, params: DlqRedriveParams, source: QueueInfo, held: Callable[[], Awaitable[Outcome | None]]
) -> Outcome:
    """Let SQS move everything. A task that was begun is watched whoever is away: SQS asks nobody."""
    destination = await ctx.can.queues.info(params.destination) if params.destination else None
    plan = plan_of(source, destination)
    if ctx.dry_run:
        return Done(f"SQS would move {plan['selected']} messages", plan)
    if ctx.recall("task") is None:
        if not source.depth.visible:
            return NoOp(f"{source.name} has no visible messages", plan)
        if waiting := await held():
            return waiting
        ctx.within_limit("messages", source.depth.visible)
    orders = TaskOrders(params.queue, params.rate, params.give_up_after)
    return await Task(ctx, source, destination, orders).go_on(source.depth.visible)


async def _plan(
    ctx: ActionContext, params: DlqRedriveParams, source: QueueInfo, goal: Goal, kept: int
) -> dict[str, Any]:
    """Return what would be moved, `kept` letters of quarantine included.

    Without a selection nothing is received for it: a receive hides messages and counts.
    """
    visible = source.depth.visible
    plan: dict[str, Any] = {"source": source.name, "destination": goal.name, "messages": visible}
    if kept:
        # Whatever is selected: what of it fits is seen when it is sent.
        plan["kept"] = kept
    if params.select.everything:
        meant = visible + kept
        return plan | {"selected": min(meant, params.max_messages or meant)}
    seen = await survey(ctx.can.queues, source, params.select, ctx.clock.now(), goal=goal)
    # What was not looked at may all be meant: a limit is about what may happen.
    unseen = 0 if seen.whole else max(0, visible - seen.seen)
    meant = seen.selected + unseen + kept
    return plan | {"selected": min(meant, params.max_messages or meant), "skipped": dict(seen.skipped)}
