"""Owns the moving of letters; the one rule: send, then remember, then delete, so that a crash duplicates at worst and never loses.

What was sent but perhaps not deleted is remembered before each delete, so that after a crash a message that comes back is
deleted instead of sent again. Letters that stay are given back when the attempt ends; some come back by themselves.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import anyio

from leh_guardian.clock import seconds
from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError
from leh_guardian.model.letter import Letter, read_letter
from leh_guardian.ports import KeptLetter, LetterHistory, QueueInfo, ReceivedMessage, SentLetter
from leh_guardian.redrive.batches import rounds
from leh_guardian.redrive.goal import Goal
from leh_guardian.redrive.pace import Pace
from leh_guardian.redrive.progress import MOST_REFUSED, Progress
from leh_guardian.redrive.selection import Selection
from leh_guardian.telemetry.failpoints import failpoint

VISIBILITY = 60.0
"""Seconds a received message stays hidden: far longer than one batch takes, short enough to wait for after a crash."""
EMPTY_RECEIVES = 3
"""A Standard queue samples its servers: one empty answer proves little."""
_MOST_HELD = 1_000
"""Letters that stay and are given back at the end; further ones come back when their time is up."""
_LAST_WORDS = 10.0


class Mover:
    """Moves the letters of one redrive, attempt by attempt."""

    def __init__(
        self,
        ctx: ActionContext,
        source: QueueInfo,
        goal: Goal,
        progress: Progress,
        pace: Pace,
        *,
        selection: Selection,
        max_redrives: int,
    ) -> None:
        self._ctx = ctx
        self._queues = ctx.can.queues
        self._source = source
        self._goal = goal
        self._progress = progress
        self._pace = pace
        self._selection = selection
        self._max_redrives = max_redrives
        self._staying: set[str] = set(progress.refused)
        """Message ids that are not touched any more in this attempt."""
        self._held: list[str] = []
        self._resting = True
        """Whether quarantine may hold letters that are as good as any."""

    async def move(self, most: int, until: float) -> None:
        """Move up to `most` more letters, not beyond the monotonic second `until`; less where the queue stays empty (a loop)."""
        progress, clock = self._progress, self._ctx.clock
        goal, vain = progress.moved + most, 0
        # Counted anew by each attempt: they have come back.
        progress.skipped, progress.unfit = 0, {}
        try:
            while vain < EMPTY_RECEIVES and not self._over(goal) and clock.monotonic() < until:
                began, known = clock.monotonic(), len(self._staying)
                dealt_with = await self._rest(goal, began) if self._resting else await self._batch(goal, began)
                if self._resting and not dealt_with:
                    self._resting = False
                    continue
                vain = 0 if dealt_with or len(self._staying) > known else vain + 1
                await clock.sleep(dealt_with / self._pace.rate - (clock.monotonic() - began))
        finally:
            progress.rate = self._pace.rate
            with anyio.CancelScope(shield=True), anyio.move_on_after(_LAST_WORDS), contextlib.suppress(HandlerError):
                await self._queues.release(self._source, self._held)
            self._held.clear()

    def _over(self, goal: int) -> bool:
        progress = self._progress
        if len(progress.refused) >= MOST_REFUSED:
            return True
        return progress.finished or (progress.moved >= goal and not progress.sent)

    async def _rest(self, goal: int, began: float) -> int:
        """Send letters that are in quarantine for their age alone: they are the oldest; returns how many were dealt with."""
        progress, store = self._progress, self._ctx.can.letters
        room = max(0, min(progress.room, goal - progress.moved))
        most = min(10, max(1, room), math.ceil(self._pace.rate))
        kept = await store.resting(self._source.arn, without=self._staying, most=most)
        letters = {each.message.id: read_letter(each.message.body, each.message.attributes) for each in kept}
        history = await self._history(letters)
        again = [each for each in kept if each.message.id in progress.sent or history[each.message.id].sent]
        if again:
            await self._remember([each.message for each in again], letters, self._ctx.clock.now())
            await store.release(self._source.arn, self._ctx.action_id, [each.message.id for each in again])
            # One that is in no checkpoint of this redrive was counted on, but another has sent it.
            progress.planned -= sum(each.message.id not in progress.sent for each in again)
            progress.sent = [sent for sent in progress.sent if sent not in {each.message.id for each in again}]
        others = [each.message for each in kept if each not in again]
        going = [m for m in others if not self._stays(m, letters[m.id], history[m.id], began)]
        self._staying |= {m.id for m in going if history[m.id].redrives >= self._max_redrives}
        going = [m for m in going if m.id not in self._staying][:room]
        await self._move_all(going, letters, self._ctx.clock.now(), began + VISIBILITY, resting=True)
        return len(again) + len(others) if room else len(again)

    async def _batch(self, goal: int, began: float) -> int:
        """Take a batch and do with each letter what is right; returns how many of them were dealt with."""
        progress = self._progress
        received_at = self._ctx.clock.now()
        room = max(0, min(progress.room, goal - progress.moved))
        messages = await self._queues.receive(
            self._source, min(10, max(1, room), math.ceil(self._pace.rate)), VISIBILITY
        )
        failpoint("redrive.received")
        letters = {message.id: read_letter(message.body, message.attributes) for message in messages}
        history = await self._history(letters)
        again = [m for m in messages if m.id in progress.sent or history[m.id].sent or history[m.id].kept]
        if again:
            await self._delete_again(again, letters, history, received_at)
        others = [m for m in messages if m not in again and m.id not in self._staying]
        fresh = [m for m in others if not self._stays(m, letters[m.id], history[m.id], began)]
        poison = [m for m in fresh if history[m.id].redrives >= self._max_redrives]
        good = [m for m in fresh if m not in poison]
        self._held += [m.receipt for m in others if m not in fresh][: max(0, _MOST_HELD - len(self._held))]
        if poison:
            await self._quarantine(poison, letters, history)
        going, surplus = good[:room], good[room:]
        if surplus:
            await self._queues.release(self._source, [m.receipt for m in surplus])
        await self._move_all(going, letters, received_at, began + VISIBILITY)
        return len(again) + len(poison) + len(going)

    async def _history(self, letters: dict[str, Letter]) -> dict[str, LetterHistory]:
        if not letters:
            return {}
        prints = {message_id: letter.fingerprint for message_id, letter in letters.items()}
        return dict(await self._ctx.can.letters.history(self._source.arn, self._ctx.action_id, prints))

    async def _remember(self, sent: Sequence[ReceivedMessage], letters: dict[str, Letter], at: datetime) -> None:
        read = {message.id: letters[message.id] for message in sent}
        gone = {id_: SentLetter(letter.fingerprint, letter.evidence, letter.cases) for id_, letter in read.items()}
        ctx = self._ctx
        returns_at = ctx.clock.now() + seconds(self._goal.returns)
        await ctx.can.letters.sent(self._source.arn, ctx.action_id, ctx.incident_id, gone, at, returns_at)

    async def _delete_again(
        self,
        again: Sequence[ReceivedMessage],
        letters: dict[str, Letter],
        history: dict[str, LetterHistory],
        at: datetime,
    ) -> None:
        """Delete what was sent, or put into quarantine, by an attempt that crashed before its delete."""
        # What is only kept was not sent: remembered as such, it would never be.
        await self._remember([m for m in again if not history[m.id].kept], letters, at)
        await self._queues.delete(self._source, [m.receipt for m in again])
        gone = {m.id for m in again}
        # One that is in no checkpoint of this redrive was counted on, but another has sent it, or keeps it.
        self._progress.planned -= sum(m.id not in self._progress.sent for m in again)
        self._progress.sent = [sent for sent in self._progress.sent if sent not in gone]

    def _stays(self, message: ReceivedMessage, letter: Letter, history: LetterHistory, now: float) -> bool:
        progress = self._progress
        if history.returned(message.sent_at):
            progress.returned += 1
            self._pace.died_again(now)
        elif message.group in progress.stopped:
            pass
        elif self._selection.refusal(message, letter, self._ctx.clock.now()):
            progress.skipped += 1
        elif why := self._goal.refusal(message, letter):
            progress.skipped += 1
            progress.unfit = dict(Counter(progress.unfit) + Counter([why]))
        else:
            return False
        self._staying.add(message.id)
        if message.group is not None and message.group not in progress.stopped:
            progress.stopped.append(message.group)
        return True

    async def _quarantine(
        self, poison: Sequence[ReceivedMessage], letters: dict[str, Letter], history: dict[str, LetterHistory]
    ) -> None:
        """Keep letters that were sent back too often, then take them out of the queue."""
        kept = []
        for message in poison:
            letter, redrives = letters[message.id], history[message.id].redrives
            reason = f"sent back {redrives} times, and died each time"
            kept.append(KeptLetter.of(message, letter, reason, redrives))
        await self._ctx.can.letters.keep(self._source.arn, self._ctx.incident_id, kept)
        failpoint("redrive.kept")
        self._progress.quarantined += len(kept)
        await self._ctx.checkpoint("progress", asdict(self._progress))
        await self._queues.delete(self._source, [message.receipt for message in poison])

    async def _move_all(
        self,
        batch: Sequence[ReceivedMessage],
        letters: dict[str, Letter],
        at: datetime,
        hidden_until: float,
        *,
        resting: bool = False,
    ) -> None:
        """Move letters, as many at once as the goal takes; those that an error leaves behind are given back at the end."""
        left = list(batch)
        try:
            while left:
                portion, left = left[: self._goal.at_once], left[self._goal.at_once :]
                await self._move(portion, letters, at, hidden_until, resting=resting)
        finally:
            self._held += [message.receipt for message in left if not resting]

    async def _move(
        self,
        batch: Sequence[ReceivedMessage],
        letters: dict[str, Letter],
        at: datetime,
        hidden_until: float,
        *,
        resting: bool,
    ) -> None:
        clock, progress = self._ctx.clock, self._progress
        if not batch or clock.monotonic() >= hidden_until:
            # After a stall the messages are visible again, and may be somebody else's: they are received anew.
            return
        sent, failure = await self._send_rounds(batch, letters)
        failpoint("redrive.sent")
        progress.moved += len(sent)
        progress.released += len(sent) if resting else 0
        progress.since = clock.now().timestamp()
        # What an earlier attempt sent and may not have deleted is kept in mind until it is seen or the queue is empty.
        earlier = progress.sent
        progress.sent = earlier + [m.id for m in sent]
        await self._ctx.checkpoint("progress", asdict(progress))
        await self._remember(sent, letters, at)
        if await self._take_out(sent, resting=resting) and (resting or clock.monotonic() < hidden_until):
            progress.sent = earlier
        failpoint("redrive.deleted")
        self._pace.went_well(clock.monotonic())
        if len(sent) < len(batch) and not resting:
            with contextlib.suppress(*([HandlerError] if failure else [])):
                await self._queues.release(self._source, [m.receipt for m in batch if m not in sent])
        if failure is not None:
            raise failure

    async def _take_out(self, sent: Sequence[ReceivedMessage], *, resting: bool) -> bool:
        """Take what was sent out of where it was; tells whether all of it is surely gone."""
        if resting:
            await self._ctx.can.letters.release(self._source.arn, self._ctx.action_id, [m.id for m in sent])
            return True
        # A receipt that has run out may delete nothing and say that it did (SQS API Reference, "DeleteMessage").
        return await self._queues.delete(self._source, [m.receipt for m in sent]) == len(sent)

    async def _send_rounds(
        self, batch: Sequence[ReceivedMessage], letters: dict[str, Letter]
    ) -> tuple[list[ReceivedMessage], HandlerError | None]:
        """Send a batch; returns what was taken, and the error that ended it before its end, if one did.

        What was taken before the error must be remembered and deleted like any other, or the next attempt sends it again.
        """
        sent: list[ReceivedMessage] = []
        progress = self._progress
        for round_ in rounds(batch):
            going = [m for m in round_ if m.group is None or m.group not in progress.stopped]
            try:
                refused = await self._goal.send(self._ctx.action_id, [(m, letters[m.id]) for m in going])
            except HandlerError as error:
                return sent, error
            progress.refused |= refused
            self._staying |= set(refused)
            progress.stopped += sorted({m.group for m in going if m.id in refused and m.group is not None})
            sent += [m for m in going if m.id not in refused]
        return sent, None
