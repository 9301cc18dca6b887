"""Owns the end of a redrive: what has died again; the one rule: what died once too often leaves the queue, it does not wait there.

Left in the dead-letter queue, a letter that nothing can work off keeps the alarm on, and hides the next one that could be.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import anyio

from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError
from leh_guardian.model.letter import read_letter
from leh_guardian.ports import KeptLetter, QueueInfo, ReceivedMessage
from leh_guardian.redrive import mover
from leh_guardian.redrive.proof import WHOLE
from leh_guardian.telemetry.failpoints import failpoint

_VAIN = 3
"""A Standard queue samples its servers: one empty answer proves little."""
_LAST_WORDS = 10.0


class Burying:
    """Looks through a dead-letter queue once."""

    def __init__(self, ctx: ActionContext, source: QueueInfo, max_redrives: int) -> None:
        self._ctx = ctx
        self._source = source
        self._max_redrives = max_redrives
        self._seen: set[str] = set()
        self._held: list[str] = []
        self.returned = 0
        """Letters that this action has sent back, and that have died again."""
        self.buried = 0
        """Those of them that are in quarantine now."""

    async def look_through(self) -> None:
        """Count what has returned, and put into quarantine what was sent back `max_redrives` times; the rest is visible again."""
        vain = 0
        try:
            while vain < _VAIN and len(self._seen) < WHOLE:
                messages = await self._ctx.can.queues.receive(self._source, 10, mover.VISIBILITY)
                fresh = [message for message in messages if message.id not in self._seen]
                self._seen |= {message.id for message in fresh}
                gone = await self._bury(fresh)
                self._held += [message.receipt for message in messages if message not in gone]
                vain = 0 if fresh else vain + 1
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(_LAST_WORDS), contextlib.suppress(HandlerError):
                await self._ctx.can.queues.release(self._source, self._held)

    async def _bury(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Return those of `messages` that are in quarantine now."""
        if not messages:
            return []
        letters = {message.id: read_letter(message.body, message.attributes) for message in messages}
        prints = {message_id: letter.fingerprint for message_id, letter in letters.items()}
        history = await self._ctx.can.letters.history(self._source.arn, self._ctx.action_id, prints)
        back = [m for m in messages if history[m.id].returned(m.sent_at) or history[m.id].kept]
        self.returned += sum(history[m.id].returned(m.sent_at) for m in back)
        # One that is kept was kept by an attempt that crashed before its delete.
        poison = [m for m in back if history[m.id].kept or history[m.id].redrives + 1 >= self._max_redrives]
        fresh = [m for m in poison if not history[m.id].kept]
        kept = []
        for message in fresh:
            # This time included.
            letter, redrives = letters[message.id], history[message.id].redrives + 1
            reason = f"sent back {redrives} times, and died each time"
            kept.append(KeptLetter.of(message, letter, reason, redrives))
        if kept:
            await self._ctx.can.letters.keep(self._source.arn, self._ctx.incident_id, kept)
            failpoint("redrive.buried")
        if poison:
            await self._ctx.can.queues.delete(self._source, [message.receipt for message in poison])
        self.buried += sum(history[m.id].returned(m.sent_at) for m in poison)
        return poison
