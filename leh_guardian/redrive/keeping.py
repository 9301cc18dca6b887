"""Owns the rescue of letters from the end of their retention; the one rule: kept, then deleted, so that each is always somewhere.

SQS deletes a message when its queue's MessageRetentionPeriod is over, counted in a standard queue from when it was first sent:
dying does not begin it anew (Amazon SQS Developer Guide, "Using dead-letter queues"). What is kept lies in quarantine until the
next redrive of its queue sends it, or a person decides.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import anyio

from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError
from leh_guardian.model.letter import Letter, read_letter
from leh_guardian.ports import RETENTION, KeptLetter, QueueInfo, ReceivedMessage
from leh_guardian.telemetry.failpoints import failpoint

VISIBILITY = 120.0
"""Seconds that looked-at messages stay hidden at most."""
MOST = 10_000
"""Letters that one look goes through."""
EMPTY_RECEIVES = 3
"""A Standard queue samples its servers: one empty answer proves little."""
_LAST_WORDS = 10.0


@dataclass
class Kept:
    """What one look has come to."""

    kept: int
    """Of all attempts of this action."""
    looked_at: int = 0
    whole: bool = True
    """Whether the queue was looked through to its end."""


async def keep_ageing(ctx: ActionContext, queue: QueueInfo, before: timedelta) -> Kept:
    """Put the letters that SQS will delete within `before` into quarantine; the others are visible again afterwards."""
    found, held, seen, vain = Kept(ctx.recall("kept", 0)), list[str](), set[str](), 0
    queues = ctx.can.queues
    try:
        while vain < EMPTY_RECEIVES and found.looked_at < MOST:
            messages = await queues.receive(queue, 10, VISIBILITY)
            fresh = [message for message in messages if message.id not in seen]
            seen |= {message.id for message in fresh}
            ageing = [message for message in fresh if _ends_within(message, queue, ctx.clock.now(), before)]
            gone = await _keep(ctx, queue, ageing, found)
            held += [message.receipt for message in messages if message.id not in gone]
            found.looked_at += len(fresh)
            vain = 0 if fresh else vain + 1
        found.whole = vain >= EMPTY_RECEIVES
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(_LAST_WORDS), contextlib.suppress(HandlerError):
            await queues.release(queue, held)
    return found


def _ends_within(message: ReceivedMessage, queue: QueueInfo, now: datetime, before: timedelta) -> bool:
    if message.sent_at is None or queue.retention is None:
        return False
    return message.sent_at + queue.retention - now.timestamp() < before.total_seconds()


async def _keep(ctx: ActionContext, queue: QueueInfo, ageing: Sequence[ReceivedMessage], found: Kept) -> set[str]:
    """Keep letters, then take them out of the queue; returns the ids of those that are gone."""
    if not ageing:
        return set()
    letters = {message.id: read_letter(message.body, message.attributes) for message in ageing}
    prints = {message_id: letter.fingerprint for message_id, letter in letters.items()}
    known = await ctx.can.letters.history(queue.arn, ctx.action_id, prints)
    # One that went back and could not be deleted is no letter any more: the redrive that finds it deletes it.
    due = [message for message in ageing if not known[message.id].sent]
    new = [message for message in due if not known[message.id].kept]
    await ctx.can.letters.keep(
        queue.arn, ctx.incident_id, [_kept(m, letters[m.id], queue, known[m.id].redrives) for m in new]
    )
    failpoint("keeping.kept")
    found.kept += len(new)
    await ctx.checkpoint("kept", found.kept)
    await ctx.can.queues.delete(queue, [message.receipt for message in due])
    return {message.id for message in due}


def _kept(message: ReceivedMessage, letter: Letter, queue: QueueInfo, redrives: int) -> KeptLetter:
    ends = datetime.fromtimestamp((message.sent_at or 0.0) + (queue.retention or 0.0), UTC)
    reason = f"{RETENTION}: SQS would have deleted it at {ends:%Y-%m-%d %H:%M} UTC"
    return KeptLetter.of(message, letter, reason, redrives)
