"""Owns the redrive of a dead-letter queue; the one rule: send, then delete, so that a crash duplicates at worst and never loses.

Written for Standard and FIFO queues after the Amazon SQS Developer Guide ("Using dead-letter queues", "Exactly-once
processing"). Body, attributes and FIFO group are kept. A FIFO message is sent under the deduplication id
uuid5(redrive, message id): the original id, repeated within five minutes, would be swallowed and the delete would then
lose the message. What was sent but perhaps not deleted is remembered before each delete, so that after a crash a
message that comes back is deleted instead of sent again.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import Field

from leh_guardian.clock import seconds
from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError, Refused
from leh_guardian.fields import QueueRef, Rate
from leh_guardian.model.identity import message_key
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome, Wait
from leh_guardian.ports import OutgoingMessage, QueueInfo, ReceivedMessage
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.telemetry.failpoints import failpoint

_VISIBILITY = 60.0
"""Seconds a received message stays hidden: far longer than one batch takes, short enough to wait for after a crash."""
_PAYLOAD = 200 * 1024
"""Bytes in one call: so far below SQS's limit that the adapter need not split it."""
_AGAIN = 1.0
"""Seconds until another look at messages that came back in the meantime."""
_WAITS = 5
_EMPTY_RECEIVES = 3
"""A Standard queue samples its servers: one empty answer proves little."""


class DlqRedriveParams(Params):
    """Which queue, and how fast."""

    queue: QueueRef
    """The dead-letter queue, by name or ARN."""
    destination: QueueRef | None = None
    """Where to; by default the queue whose redrive policy points at it."""
    max_messages: int | None = Field(None, ge=1)
    """Move at most so many; by default all that are visible when it starts."""
    rate: Rate = 20.0
    """Messages a second."""


@dataclass
class _Progress:
    """What this redrive has done, over all its attempts."""

    planned: int
    moved: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    """FIFO groups with a refused message: what comes after it must not overtake it."""
    sent: list[str] = field(default_factory=list)
    """Message ids of the last batch: sent, and perhaps not deleted."""
    waits: int = 0
    """How often it came back for messages that another receiver, or an attempt that crashed, was hiding."""

    @property
    def room(self) -> int:
        """How many messages the plan still has."""
        return self.planned - self.moved - len(self.refused)

    @property
    def finished(self) -> bool:
        """Whether everything planned is moved and nothing that was sent may still be in the DLQ."""
        return self.room <= 0 and not self.sent


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
    destination = await _destination(ctx, source, params)
    remembered = ctx.recall("progress")
    visible = source.depth.visible
    wanted = min(visible, params.max_messages or visible)
    plan = {"source": source.name, "destination": destination.name, "messages": visible, "selected": wanted}
    if ctx.dry_run:
        return Done(f"would move {wanted} of {visible} messages from {source.name} to {destination.name}", plan)
    if remembered is None:
        if not visible:
            return NoOp(f"{source.name} has no visible messages", plan)
        ctx.within_limit("messages", wanted)
        remembered = asdict(_Progress(wanted))
        await ctx.checkpoint("progress", remembered)
    progress = _Progress(**remembered)
    await _move(ctx, params, source, destination, progress)
    left = (await ctx.can.queues.info(params.queue)).depth
    if not progress.finished and not progress.refused and left.total and progress.waits < _WAITS:
        progress.waits += 1
        await ctx.checkpoint("progress", asdict(progress))
        if left.in_flight:
            return Wait(ctx.clock.now() + seconds(_VISIBILITY), f"{left.in_flight} messages are hidden by a receiver")
        # They came back since the last look; what was sent of them must still be deleted, or a later redrive sends it again.
        return Wait(ctx.clock.now() + seconds(_AGAIN), f"{left.total} messages have come back")
    return _report(progress, {**plan, "selected": progress.planned}, left.visible, left.in_flight)


def _report(progress: _Progress, plan: dict[str, Any], left: int, in_flight: int) -> Outcome:
    facts = {**plan, "moved": progress.moved, "failed": len(progress.refused), "left": left, "in_flight": in_flight}
    summary = f"moved {progress.moved} of {progress.planned} messages to {plan['destination']}, {left} left"
    if progress.refused:
        reason = next(iter(progress.refused.values()))
        return Failed(
            f"{summary}; SQS refused {len(progress.refused)}: {reason}", {**facts, "refused": progress.refused}
        )
    return Done(summary, facts)


async def _destination(ctx: ActionContext, source: QueueInfo, params: DlqRedriveParams) -> QueueInfo:
    destination = await ctx.can.queues.info(params.destination or await _only_source(ctx, source))
    if destination.arn == source.arn:
        raise Refused(f"{source.name} cannot be redriven into itself")
    if destination.fifo != source.fifo:
        raise Refused(f"{source.name} and {destination.name} are not of the same type (one is FIFO)")
    return destination


async def _only_source(ctx: ActionContext, queue: QueueInfo) -> str:
    sources = sorted(await ctx.can.queues.dead_letter_sources(queue))
    if not sources:
        raise Refused(f"no queue's redrive policy points at {queue.name}: it is no DLQ, or name a `destination`")
    if len(sources) > 1:
        raise Refused(f"{queue.name} is the DLQ of {', '.join(sources)}: name one as `destination`")
    return sources[0]


async def _move(
    ctx: ActionContext, params: DlqRedriveParams, source: QueueInfo, destination: QueueInfo, progress: _Progress
) -> None:
    """Move batch by batch until the plan is done or the queue stays empty; never more than was planned (a loop)."""
    vain = 0
    while not progress.finished and vain < _EMPTY_RECEIVES:
        began = ctx.clock.monotonic()
        wanted = min(10, max(1, progress.room), math.ceil(params.rate))
        messages = await ctx.can.queues.receive(source, wanted, _VISIBILITY)
        failpoint("redrive.received")
        again = [m for m in messages if m.id in progress.sent]
        if again:
            # Sent by an attempt that crashed before its delete; already counted as moved.
            await ctx.can.queues.delete(source, [m.receipt for m in again])
            progress.sent = [sent for sent in progress.sent if sent not in {m.id for m in again}]
        others = [
            m for m in messages if m not in again and m.id not in progress.refused and m.group not in progress.stopped
        ]
        fresh, surplus = others[: max(0, progress.room)], others[max(0, progress.room) :]
        if surplus:
            await ctx.can.queues.release(source, [m.receipt for m in surplus])
        vain = 0 if again or fresh else vain + 1
        await _move_batch(ctx, source, destination, progress, fresh, began + _VISIBILITY)
        await ctx.clock.sleep(len(fresh) / params.rate - (ctx.clock.monotonic() - began))


async def _move_batch(
    ctx: ActionContext,
    source: QueueInfo,
    destination: QueueInfo,
    progress: _Progress,
    batch: Sequence[ReceivedMessage],
    hidden_until: float,
) -> None:
    if not batch or ctx.clock.monotonic() >= hidden_until:
        # After a stall the messages are visible again, and may be somebody else's: they are received anew.
        return
    sent, failure = await _send(ctx, destination, progress, batch)
    failpoint("redrive.sent")
    progress.moved += len(sent)
    # What an earlier attempt sent and may not have deleted is kept in mind until it is seen or the queue is empty.
    earlier = progress.sent
    progress.sent = earlier + [m.id for m in sent]
    await ctx.checkpoint("progress", asdict(progress))
    deleted = await ctx.can.queues.delete(source, [m.receipt for m in sent])
    # A receipt that has run out may delete nothing and say that it did (SQS API Reference, "DeleteMessage").
    if deleted == len(sent) and ctx.clock.monotonic() < hidden_until:
        progress.sent = earlier
    failpoint("redrive.deleted")
    if len(sent) < len(batch):
        with contextlib.suppress(*([HandlerError] if failure else [])):
            await ctx.can.queues.release(source, [m.receipt for m in batch if m not in sent])
    if failure is not None:
        raise failure


async def _send(
    ctx: ActionContext, destination: QueueInfo, progress: _Progress, batch: Sequence[ReceivedMessage]
) -> tuple[list[ReceivedMessage], HandlerError | None]:
    """Send a batch; returns what SQS took, and the error that ended it before its end, if one did.

    What was taken before the error must be remembered and deleted like any other, or the next attempt sends it again.
    """
    sent: list[ReceivedMessage] = []
    for round_ in _rounds(batch):
        going = [m for m in round_ if m.group not in progress.stopped]
        try:
            refused = await ctx.can.queues.send(destination, [_outgoing(ctx, m, fifo=destination.fifo) for m in going])
        except HandlerError as error:
            return sent, error
        progress.refused |= refused
        progress.stopped += sorted({m.group for m in going if m.id in refused and m.group is not None})
        sent += [m for m in going if m.id not in refused]
    return sent, None


def _rounds(batch: Sequence[ReceivedMessage]) -> list[list[ReceivedMessage]]:
    """Split a batch into what one call can send: within its size, and no two messages of one FIFO group.

    Order within a group then survives a partial failure, and each call is taken or refused as a whole.
    """
    rounds: list[list[ReceivedMessage]] = []
    weights: list[int] = []
    first: dict[str | None, int] = {}
    for message in batch:
        weight = len(message.body) + sum(len(name) + len(str(value)) for name, value in message.attributes.items())
        turn = first.get(message.group, 0)
        while turn < len(rounds) and weights[turn] + weight > _PAYLOAD:
            turn += 1
        if message.group is not None:
            first[message.group] = turn + 1
        if turn == len(rounds):
            rounds.append([])
            weights.append(0)
        rounds[turn].append(message)
        weights[turn] += weight
    return rounds


def _outgoing(ctx: ActionContext, message: ReceivedMessage, *, fifo: bool) -> OutgoingMessage:
    return OutgoingMessage(
        id=message.id,
        body=message.body,
        attributes=message.attributes,
        group=message.group,
        deduplication_id=str(message_key(ctx.action_id, message.id)) if fifo else None,
        trace=message.trace,
    )
