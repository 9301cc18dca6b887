"""Owns what becomes of letters that went back; the one rule: an emptier queue proves nothing, a failure takes its time to return.

How much time, their goal tells. Only what has not returned by then has been worked off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leh_guardian.context import ActionContext
from leh_guardian.ports import MovedLetter, QueueInfo, Queues
from leh_guardian.redrive.goal import MARGIN, return_seconds
from leh_guardian.redrive.selection import Selection
from leh_guardian.redrive.survey import survey

WHOLE = 2_000
"""Letters of a queue that are looked through for returned ones; of a longer one its depth is compared."""


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


async def count_again(ctx: ActionContext, source: QueueInfo, moved: Sequence[MovedLetter]) -> Returned:
    """Look through the dead-letter queue for letters that went back, whoever sent them, and have died again since."""
    newest: dict[UUID, datetime] = {}
    for letter in moved:
        newest[letter.fingerprint] = max(letter.sent_at, newest.get(letter.fingerprint, letter.sent_at))
    gone = {letter.message_id for letter in moved}
    seen = await survey(ctx.can.queues, source, Selection(), ctx.clock.now(), most=WHOLE)
    count = 0
    for message_id, fingerprint in seen.letters.items():
        at, sent_at = newest.get(fingerprint), seen.sent_at[message_id]
        if at is not None and message_id not in gone and (sent_at is None or sent_at >= at.timestamp()):
            count += 1
    return Returned(count, seen.seen, seen.whole)


async def slowest_return(queues: Queues, queue: QueueInfo) -> float:
    """Return after how many seconds a letter that goes back into any queue of a dead-letter queue is back at the latest."""
    sources = [await queues.info(name) for name in await queues.dead_letter_sources(queue)]
    return max(map(return_seconds, sources), default=MARGIN)
