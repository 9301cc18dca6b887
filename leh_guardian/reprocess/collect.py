"""Owns the collecting of letters; the one rule: keep, write down what they name, remember, then delete - a crash loses no letter.

A letter in quarantine outlives the queue's retention, and is not sent back by a redrive meanwhile. One that names no evidence is
kept all the same: it is evidence of something, and a person looks at it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

import anyio

from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError
from leh_guardian.evidence.names import is_id
from leh_guardian.model.letter import Letter, read_letter
from leh_guardian.ports import KeptLetter, LetterHistory, QueueInfo, ReceivedMessage, Reprocessing
from leh_guardian.redrive.selection import Selection
from leh_guardian.reprocess.progress import Progress
from leh_guardian.telemetry.failpoints import failpoint

VISIBILITY = 60.0
"""Seconds a received message stays hidden: far longer than one batch takes, short enough to wait for after a crash."""
EMPTY_RECEIVES = 3
"""A Standard queue samples its servers: one empty answer proves little."""
_LAST_WORDS = 10.0
_REASON = "waits for its evidence to be processed anew"


class Collecting:
    """Takes the letters of one action out of their queue, attempt by attempt."""

    def __init__(
        self,
        ctx: ActionContext,
        rows: Reprocessing,
        source: QueueInfo,
        select: Selection,
        progress: Progress,
        planned: int,
    ) -> None:
        self._ctx = ctx
        self._rows = rows
        self._source = source
        self._select = select
        self._progress = progress
        self._planned = planned
        self._staying: set[str] = set()
        self._held: list[str] = []
        self._history: Mapping[str, LetterHistory] = {}
        """Of the batch in hand."""

    async def go_on(self, until: float) -> bool:
        """Collect until the queue stays empty or the monotonic second `until`; returns whether all has been seen."""
        vain, progress = 0, self._progress
        try:
            while vain < EMPTY_RECEIVES and (progress.letters < self._planned or progress.last):
                if self._ctx.clock.monotonic() >= until:
                    return False
                vain = 0 if await self._batch() else vain + 1
            return True
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(_LAST_WORDS), contextlib.suppress(HandlerError):
                await self._ctx.can.queues.release(self._source, self._held)
            self._held.clear()

    async def _batch(self) -> bool:
        """Take a batch; returns whether there was anything new in it."""
        clock, progress = self._ctx.clock, self._progress
        began, room = clock.monotonic(), max(0, self._planned - progress.letters)
        messages = await self._ctx.can.queues.receive(self._source, 10 if progress.last else min(10, room), VISIBILITY)
        failpoint("reprocess.received")
        letters = {message.id: read_letter(message.body, message.attributes) for message in messages}
        again, fresh = await self._choose(messages, letters)
        taken, known = [*again, *fresh[:room]], len(self._staying)
        stays = [m for m in messages if m not in taken]
        self._held += [m.receipt for m in stays]
        self._staying |= {m.id for m in stays}
        if not taken or clock.monotonic() >= began + VISIBILITY:
            # After a stall the messages are visible again, and may be somebody else's: they are received anew.
            return len(self._staying) > known
        # What was kept by an attempt that crashed is in mind until it is seen, or the queue stays empty.
        earlier = [each for each in progress.last if each not in letters]
        await self._keep(taken, earlier, letters)
        deleted = await self._ctx.can.queues.delete(self._source, [m.receipt for m in taken])
        # A receipt that has run out may delete nothing and say that it did (SQS API Reference, "DeleteMessage").
        if deleted == len(taken) and clock.monotonic() < began + VISIBILITY:
            progress.last = earlier
        failpoint("reprocess.deleted")
        return True

    async def _choose(
        self, messages: Sequence[ReceivedMessage], letters: Mapping[str, Letter]
    ) -> tuple[list[ReceivedMessage], list[ReceivedMessage]]:
        """Return those that were dealt with already and could not be deleted, and those that are meant."""
        if not messages:
            return [], []
        prints = {message_id: letter.fingerprint for message_id, letter in letters.items()}
        history = await self._ctx.can.letters.history(self._source.arn, self._ctx.action_id, prints)
        self._history = history
        now, again = self._ctx.clock.now(), [m for m in messages if history[m.id].sent or history[m.id].kept]
        return again, [m for m in messages if m not in again and not self._select.refusal(m, letters[m.id], now)]

    async def _keep(
        self, taken: Sequence[ReceivedMessage], earlier: Sequence[str], letters: Mapping[str, Letter]
    ) -> None:
        """Put letters into quarantine and write down what they name. What a redrive has sent back is on its way, and not ours."""
        batch = [message for message in taken if not self._history[message.id].sent]
        kept, pieces = list[KeptLetter](), dict[str, str | None]()
        for message in batch:
            letter = letters[message.id]
            redrives = self._history[message.id].redrives
            kept.append(KeptLetter.of(message, letter, _REASON, redrives))
            pieces |= named_by(letter)
        await self._ctx.can.letters.keep(self._source.arn, self._ctx.incident_id, kept)
        failpoint("reprocess.kept")
        await self._rows.plan(self._ctx.action_id, pieces)
        failpoint("reprocess.planned")
        progress = self._progress
        uncounted = [message for message in batch if message.id not in progress.last]
        progress.letters += len(uncounted)
        progress.unnamed += sum(not named_by(letters[message.id]) for message in uncounted)
        progress.last = [*earlier, *(message.id for message in batch)]
        await self._ctx.checkpoint("progress", progress.to_json())


def named_by(letter: Letter) -> dict[str, str | None]:
    """Return {evidence: case} of what a letter names; what does not look like an id names nothing."""
    cases = letter.cases_by_evidence
    return {each: case if is_id(case := cases.get(each, "")) else None for each in letter.evidence if is_id(each)}
