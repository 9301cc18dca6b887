"""Owns the look into a dead-letter queue without taking anything out; the one rule: what it hides it gives back.

A receive hides messages from other consumers and raises their receive count; both are harmless in a dead-letter queue that
has no redrive policy of its own. All are hidden until the end of the look, so that none is counted twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import anyio

from leh_guardian.model.letter import Letter, read_letter
from leh_guardian.ports import QueueInfo, Queues, ReceivedMessage
from leh_guardian.redrive.goal import Goal
from leh_guardian.redrive.selection import UNKNOWN, Selection

VISIBILITY = 120.0
"""Seconds that looked-at messages stay hidden at most."""
MOST = 2_000
"""Letters that a survey looks at."""
_VAIN = 3
"""A Standard queue samples its servers: one empty answer proves little."""
_LAST_WORDS = 10.0
"""Seconds for giving back what was hidden, when the look itself is cancelled."""
_SAMPLES = 5
_HOURS = (1, 6, 24, 96, 24 * 14)


@dataclass
class Survey:
    """What was seen."""

    seen: int = 0
    selected: int = 0
    whole: bool = True
    """Whether the queue was seen to its end."""
    errors: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    ages: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    """Letters that are not selected, by reason."""
    evidence: list[str] = field(default_factory=list)
    """Evidence ids of the first few selected letters."""
    named: set[str] = field(default_factory=set)
    """Evidence ids of all selected letters."""
    letters: dict[str, UUID] = field(default_factory=dict)
    """The fingerprint of each message."""
    sent_at: dict[str, float | None] = field(default_factory=dict)
    """When each was sent."""

    def add(self, message: ReceivedMessage, selection: Selection, now: datetime, goal: Goal | None = None) -> Letter:
        """Count a letter; returns it, read."""
        letter = read_letter(message.body, message.attributes)
        self.seen += 1
        self.letters[message.id] = letter.fingerprint
        self.sent_at[message.id] = message.sent_at
        self.errors[letter.error or UNKNOWN] += 1
        self.ages[_age(message, now)] += 1
        self.cases.update(letter.cases or (UNKNOWN,))
        if why := selection.refusal(message, letter, now) or (goal.refusal(message, letter) if goal else ""):
            self.skipped[why] += 1
            return letter
        self.selected += 1
        self.named.update(letter.evidence)
        if len(self.evidence) < _SAMPLES:
            self.evidence.extend(letter.evidence)
        return letter


async def survey(
    queues: Queues,
    queue: QueueInfo,
    selection: Selection,
    now: datetime,
    *,
    goal: Goal | None = None,
    most: int = MOST,
    each: Callable[[ReceivedMessage, Letter], None] = lambda _, __: None,
) -> Survey:
    """Look at up to `most` letters: which are selected, and fit `goal`; `each` sees them. All are visible again afterwards."""
    found, held, vain = Survey(), list[str](), 0
    try:
        while vain < _VAIN and found.seen < most:
            messages = await queues.receive(queue, min(10, most - found.seen), VISIBILITY)
            held += [message.receipt for message in messages]
            fresh = [message for message in messages if message.id not in found.letters]
            for message in fresh:
                each(message, found.add(message, selection, now, goal))
            vain = 0 if fresh else vain + 1
        found.whole = vain >= _VAIN
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(_LAST_WORDS):
            await queues.release(queue, held)
    return found


def _age(message: ReceivedMessage, now: datetime) -> str:
    if message.sent_at is None:
        return UNKNOWN
    hours = (now.timestamp() - message.sent_at) / 3600
    return next((f"under {limit} h" for limit in _HOURS if hours < limit), f"over {_HOURS[-1]} h")
