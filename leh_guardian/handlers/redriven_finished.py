"""Owns the proof of a redrive, letter by letter; the one rule: an empty queue is no proof, and neither is a record that says nothing.

Each letter that this incident's redrives sent back must have ended in finished records of the evidence that it names, or, where it
names none or there is no table, must not have returned by when a failure would have. It bounds itself: a rule's `within: auto`
is the time that a failure takes to return, as the redrive read it of the queue, and `patience`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.evidence.record import FINISHED
from leh_guardian.fields import Duration, QueueRef
from leh_guardian.model.outcome import Done, Failed, Outcome, Wait
from leh_guardian.ports import MovedLetter, QueueInfo
from leh_guardian.redrive.finishing import Finishing, look
from leh_guardian.redrive.proof import count_again, slowest_return
from leh_guardian.registry import Effect, Params, handler

_MOST = 2_000
"""Records that one look asks for."""
_FEW = 5
_PAUSES = (timedelta(seconds=5), timedelta(minutes=1))
"""Between two looks, at first and at last."""


class RedrivenFinishedParams(Params):
    """Of which queue, and what counts."""

    queue: QueueRef
    """The dead-letter queue that was redriven, by name or ARN."""
    at_most: int | None = Field(0, ge=0)
    """Messages that may be left in it, in flight and delayed ones included; null: any number, as after a redrive that selects."""
    table: str | None = None
    """The DynamoDB table of evidence; that of LEH_EVIDENCE__TABLE if left out. Without either, non-return is the proof."""
    finished: tuple[str, ...] = FINISHED
    """The values of `status` that mean that evidence is finished."""
    patience: Duration = timedelta(minutes=5)
    """How long after a failure would have returned a record may still be unfinished, or the queue hold more than it may."""


@handler(
    effect=Effect.READS,
    changes=False,
    residual="Where the queue holds letters at the end it looks through them, which hides each for a moment.",
    permissions=(
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "sqs:ListDeadLetterSourceQueues",
        "sqs:ReceiveMessage",
        "sqs:ChangeMessageVisibility",
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
    ),
)
async def redriven_finished(ctx: ActionContext, params: RedrivenFinishedParams) -> Outcome:
    """Prove that what this incident's redrives sent back was worked off: finished in its record, or not returned in time."""
    queue = await ctx.can.queues.info(params.queue)
    moved = await ctx.can.letters.moved(queue.arn, ctx.incident_id)
    poison = await ctx.can.letters.poison(queue.arn, ctx.incident_id)
    now = ctx.clock.now()
    began = datetime.fromisoformat(ctx.recall("began", now.isoformat()))
    begun = set(ctx.recall("begun", []))
    back_by = await _back_by(ctx, queue, moved, began)
    seen = await look(ctx, moved, table=params.table, finished=params.finished, most=_MOST)
    late, total = now >= back_by, queue.depth.total
    facts = _facts(moved, seen, queue, back_by) | {"quarantined": len(poison)}
    if failed := seen.failed_again(begun, late=late):
        return Failed(f"{len(failed)} have failed again: {', '.join(failed[:_FEW])}", facts)
    too_many = params.at_most is not None and total > params.at_most
    if not seen.unfinished and not too_many and (late or seen.all_finished):
        return await _conclude(ctx, queue, moved, poison, facts)
    if now >= back_by + params.patience:
        returned = (await count_again(ctx, queue, moved)).count if total else 0
        what = [f"{queue.name} holds {total} messages"] if too_many else []
        what += (
            [f"{seen.unfinished} letters are not finished: {', '.join(seen.open[:_FEW])}"] if seen.unfinished else []
        )
        return Failed(f"{'; '.join(what)}; {returned} have died again", facts | {"returned": returned})
    await ctx.checkpoint("began", began.isoformat())
    await ctx.checkpoint("begun", sorted(begun | set(seen.begun))[:_MOST])
    why = f"{seen.finished} of {len(moved)} letters are finished, {total} messages in {queue.name}"
    until = min(now + _pause(now - began), back_by if now < back_by else back_by + params.patience)
    return Wait(until, f"{why}; one that fails again is back by {back_by.isoformat()}", facts)


async def _back_by(ctx: ActionContext, queue: QueueInfo, moved: Sequence[MovedLetter], began: datetime) -> datetime:
    """Return when a letter that fails again would be back at the latest."""
    known = [letter.returns_at for letter in moved if letter.returns_at is not None]
    if len(known) == len(moved):
        # Nothing at all, where no redrive was needed, or all that it found is in quarantine.
        return max(known, default=began)
    # An older version has sent some of them: as long as the slowest queue needs.
    return max([began + timedelta(seconds=await slowest_return(ctx.can.queues, queue)), *known])


async def _conclude(
    ctx: ActionContext, queue: QueueInfo, moved: Sequence[MovedLetter], poison: Sequence[str], facts: dict[str, Any]
) -> Outcome:
    returned = (await count_again(ctx, queue, moved)).count if queue.depth.total else 0
    facts |= {"returned": returned}
    if returned:
        return Failed(f"{returned} of {len(moved)} letters have died again", facts)
    if poison:
        # Kept, and no further trouble to the queue; and yet somebody's evidence is not processed.
        names = ", ".join(poison[:_FEW])
        return Failed(f"{len(moved)} letters are worked off; in quarantine, having died too often: {names}", facts)
    return Done(f"{len(moved)} letters: {facts['finished']} finished, {facts['unknown']} did not return", facts)


def _facts(moved: Sequence[MovedLetter], seen: Finishing, queue: QueueInfo, back_by: datetime) -> dict[str, Any]:
    return {
        "moved": len(moved),
        "finished": seen.finished,
        "unfinished": seen.unfinished,
        "unfinished_evidence": seen.open[:_FEW],
        "unknown": seen.unknown,
        "back_by": back_by.isoformat(),
        "left": queue.depth.visible,
        "in_flight": queue.depth.in_flight,
    }


def _pause(waited: timedelta) -> timedelta:
    """Look often at first, then once a minute."""
    first, last = _PAUSES
    return min(last, max(first, waited / 5))
