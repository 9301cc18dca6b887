"""Owns what becomes of letters that went back; the one rule: an emptier queue proves nothing, a failure takes its time to return.

A message that fails comes back after about maxReceiveCount times the visibility timeout of the queue it was sent to (Amazon SQS
Developer Guide, "Using dead-letter queues"). Only what has not returned by then has been worked off.
"""

from __future__ import annotations

from dataclasses import dataclass

from leh_guardian.context import ActionContext
from leh_guardian.ports import QueueInfo
from leh_guardian.redrive.selection import Selection
from leh_guardian.redrive.survey import survey

MARGIN = 15.0
"""Seconds that SQS may take to move a message, and its counts to follow."""
WHOLE = 2_000
"""Letters of a queue that are looked through for returned ones; of a longer one its depth is compared."""


def return_seconds(destination: QueueInfo) -> float:
    """Return after how many seconds a letter that fails again is back in its dead-letter queue at the latest."""
    return destination.visibility_timeout * (destination.max_receive_count or 1) + MARGIN


@dataclass(frozen=True, slots=True)
class Returned:
    """How many letters of this redrive have died again."""

    count: int
    """Those that were seen."""
    looked_at: int
    whole: bool
    """Whether every letter in the queue was looked at."""


async def count_returned(ctx: ActionContext, source: QueueInfo) -> Returned:
    """Look through the dead-letter queue for letters that this action sent back."""
    seen = await survey(ctx.can.queues, source, Selection(), ctx.clock.now(), most=WHOLE)
    count = 0
    ids = list(seen.letters)
    for start in range(0, len(ids), 500):
        portion = {each: seen.letters[each] for each in ids[start : start + 500]}
        known = await ctx.can.letters.history(source.arn, ctx.action_id, portion)
        count += sum(history.returned(seen.sent_at[each]) for each, history in known.items())
    return Returned(count, seen.seen, seen.whole)
