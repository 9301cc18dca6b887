"""Owns one queue: what is visible, delayed, in flight; the one rule: a message is in exactly one state, and every change is kept.

After the Amazon SQS Developer Guide and API Reference: visibility timeouts, receipts that a later receive makes void,
redrive to a dead-letter queue, FIFO groups, deduplication within five minutes, at most 12 hours in flight.
"""

from __future__ import annotations

import hashlib
import heapq
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.sqs_server.attributes import Attributes
from tests.support.sqs_server.errors import SqsError, invalid
from tests.support.sqs_server.lines import FifoLine, Line, StandardLine
from tests.support.sqs_server.messages import Message, State

_DEDUPLICATION_SECONDS = 300.0
_LONGEST_VISIBILITY = 43_200.0
_LIVE = frozenset({State.READY, State.DELAYED, State.IN_FLIGHT})
_PADDING = "0" * 200
"""Receipts of SQS are some four hundred characters long."""


@dataclass
class Knobs:
    """How a queue misbehaves."""

    duplicates: float = 0.0
    """The share of receives of a Standard queue after which a message can be received again at once."""
    resurrections: float = 0.0
    """The share of confirmed deletes of a Standard queue that do nothing."""
    entry_failures: float = 0.0
    """The share of entries of batches that fail with InternalError."""
    fails_entry: Callable[[str, Mapping[str, Any]], bool] | None = None
    """Says of (operation, entry) whether it fails with InternalError."""
    shuffle: bool = False
    """Whether a Standard queue hands out in a random order; holds for messages that come in from now on."""
    in_flight_limit: int = 120_000
    longest_wait: float = 20.0
    """Seconds after which a long poll ends, whatever it asked for: tests need not wait for nothing to come."""
    dead_polls_take: bool = False
    """Whether messages go to a long poll whose client has hung up, as they do on AWS."""


class Queue:
    """A queue."""

    def __init__(self, number: int, name: str, attributes: Attributes, knobs: Knobs, rng: random.Random) -> None:
        self.number, self.name, self.attributes, self.knobs = number, name, attributes, knobs
        self.messages: list[Message] = []
        """Every message that ever came in, by serial."""
        self.counts: Counter[State] = Counter()
        self.purged_at = float("-inf")
        self._random = rng
        self._line: Line = FifoLine() if attributes.fifo else StandardLine(lambda: self.knobs.shuffle, rng)
        self._hidden: list[tuple[float, int, int]] = []
        self._seen: dict[str, tuple[float, Message]] = {}

    def next_due(self) -> float | None:
        """Return when the next hidden message becomes visible, None when none is hidden."""
        while self._hidden:
            due, place, serial = self._hidden[0]
            if self.messages[serial].place == place:
                return due
            heapq.heappop(self._hidden)
        return None

    def settle(self, now: float) -> None:
        """Make visible what is due."""
        while (due := self.next_due()) is not None and due <= now:
            self._show(self.messages[heapq.heappop(self._hidden)[2]])

    def send(
        self,
        now: float,
        by: str,
        body: str,
        attributes: Mapping[str, Any],
        *,
        delay: float | None = None,
        group: str | None = None,
        deduplication_id: str | None = None,
        trace: str | None = None,
    ) -> Message:
        """Take a message in; one whose deduplication id was seen within five minutes is swallowed."""
        if self.attributes.fifo:
            if not group:
                raise SqsError("MissingParameter", "The request must contain the parameter MessageGroupId.")
            if delay is not None:
                raise invalid(
                    "DelaySeconds", delay, "The request include parameter that is not valid for this queue type."
                )
            deduplication_id = deduplication_id or self._content_id(body)
            at, twin = self._seen.get(deduplication_id, (float("-inf"), None))
            if twin is not None and now - at < _DEDUPLICATION_SECONDS:
                twin.repeated += 1
                return twin
        message = Message(
            serial=len(self.messages),
            id=str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            body=body,
            attributes=attributes,
            sent_at=now,
            sent_by=by,
            group=group,
            deduplication_id=deduplication_id,
            trace=trace,
        )
        if deduplication_id is not None:
            self._seen[deduplication_id] = (now, message)
        self.take_in(message, now, self.attributes.delay if delay is None else delay)
        return message

    def _content_id(self, body: str) -> str:
        if not self.attributes.content_deduplication:
            raise SqsError(
                "InvalidParameterValue",
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
            )
        return hashlib.sha256(body.encode()).hexdigest()

    def take_in(self, message: Message, now: float, delay: float = 0.0) -> None:
        """Add a message."""
        self.messages.append(message)
        self.counts[State.READY] += 1
        if delay > 0:
            self._move(message, State.DELAYED)
            self._hide(message, now + delay)
        else:
            self._line.add(message)

    def receive(
        self, count: int, visibility: float | None, now: float, by: str, bury: Callable[[Message], bool]
    ) -> list[tuple[Message, str]]:
        """Hand out up to `count` messages with their receipts; `bury` moves one to the dead-letter queue if it can."""
        self.settle(now)
        room = self.knobs.in_flight_limit - self.counts[State.IN_FLIGHT]
        if room <= 0 and not self.attributes.fifo:
            raise SqsError("OverLimit", "Too many messages in flight.")
        found: list[tuple[Message, str]] = []
        wanted = min(count, room)
        while len(found) < wanted and (taken := self._line.take(wanted - len(found))):
            for message in taken:
                if self._is_over(message, now, bury):
                    self._line.left(message)
                else:
                    found.append((message, self._hand_out(message, visibility, now, by)))
        for message, _ in found:
            if message.state is State.READY:
                # Only now, or one receive would hand it out twice.
                self._line.left(message)
                self._line.add(message)
        return found

    def take_out(self, now: float) -> Message | None:
        """Take the next visible message out for good, to be moved elsewhere; None when there is none."""
        self.settle(now)
        for message in self._line.take(1):
            self._move(message, State.MOVED)
            self._line.left(message)
            return message
        return None

    def put_back(self, message: Message) -> None:
        """Undo `take_out`."""
        self._move(message, State.READY)
        self._line.add(message)

    def fails_entry(self, operation: str, entry: Mapping[str, Any]) -> bool:
        """Decide whether an entry of a batch fails for no fault of its sender."""
        if self.knobs.fails_entry is not None and self.knobs.fails_entry(operation, entry):
            return True
        return self.knobs.entry_failures > self._random.random()

    def _is_over(self, message: Message, now: float, bury: Callable[[Message], bool]) -> bool:
        if now - message.sent_at > self.attributes.retention:
            self._move(message, State.EXPIRED)
            return True
        most = self.attributes.max_receive_count
        if most is not None and len(message.received) >= most and bury(message):
            self._move(message, State.MOVED)
            return True
        return False

    def _hand_out(self, message: Message, visibility: float | None, now: float, by: str) -> str:
        message.received.append((now, by))
        if message.hidden_until >= 0:
            message.valid_from = len(message.received)
        seconds = self.attributes.visibility if visibility is None else visibility
        again = not self.attributes.fifo and self.knobs.duplicates > self._random.random()
        if again or seconds <= 0:
            # -1: both receipts hold, that of this receive and that of the next.
            message.hidden_until = -1.0 if again else 0.0
            message.place += 1
        else:
            self._move(message, State.IN_FLIGHT)
            self._hide(message, now + seconds)
        return f"AQEB{self.number:06x}{message.serial:010x}{len(message.received):06x}{_PADDING}"

    def _hide(self, message: Message, until: float) -> None:
        message.hidden_until = until
        heapq.heappush(self._hidden, (until, message.place, message.serial))

    def _show(self, message: Message) -> None:
        flying = message.state is State.IN_FLIGHT
        self._move(message, State.READY)
        if flying:
            self._line.left(message)
        self._line.add(message)

    def _move(self, message: Message, state: State) -> None:
        self.counts[message.state] -= 1
        message.move_to(state)
        self.counts[state] += 1

    def _of_receipt(self, receipt: str) -> tuple[Message, bool]:
        """Return the message of a receipt, and whether the receipt still holds."""
        try:
            number, serial, receive = int(receipt[4:10], 16), int(receipt[10:20], 16), int(receipt[20:26], 16)
            message = self.messages[serial]
        except (ValueError, IndexError):
            number, receive = -1, 0
        if number != self.number or not receipt.startswith("AQEB"):
            raise SqsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        return message, receive >= message.valid_from

    def of_receipt(self, receipt: str) -> Message | None:
        """Return the message that a delete of `receipt` would delete now, None when it would delete none."""
        try:
            message, holds = self._of_receipt(receipt)
        except SqsError:
            return None
        return message if holds and message.state in _LIVE else None

    def delete(self, receipt: str, now: float, by: str) -> Message:
        """Delete a message; a receipt that a later receive made void deletes nothing, and SQS says that it did."""
        self.settle(now)
        message, holds = self._of_receipt(receipt)
        if self.attributes.fifo and (not holds or message.state is State.READY):
            raise invalid("ReceiptHandle", receipt[:26], "The receipt handle has expired.")
        message.deletes.append((now, by))
        lost = self.knobs.resurrections > self._random.random() and not self.attributes.fifo
        if holds and message.state in _LIVE and not lost:
            flying = message.state is State.IN_FLIGHT
            self._move(message, State.DELETED)
            if flying:
                self._line.left(message)
        return message

    def change_visibility(self, receipt: str, seconds: float, now: float) -> None:
        """Hide a message in flight for `seconds` from now on, or show it again at once."""
        self.settle(now)
        message, holds = self._of_receipt(receipt)
        if not holds or message.state not in _LIVE:
            gone = "Message does not exist or is not available for visibility timeout change."
            raise invalid("ReceiptHandle", receipt[:26], gone)
        if message.state is not State.IN_FLIGHT:
            raise SqsError("MessageNotInflight", "The specified message isn't in flight.")
        if now + seconds - message.received[-1][0] > _LONGEST_VISIBILITY:
            over = f"Total VisibilityTimeout for the message is beyond the limit [{_LONGEST_VISIBILITY:.0f} seconds]"
            raise invalid("VisibilityTimeout", seconds, over)
        if seconds <= 0:
            self._show(message)
        else:
            message.place += 1
            self._hide(message, now + seconds)

    def purge(self, now: float) -> None:
        """Delete everything."""
        if now - self.purged_at < 60:
            raise SqsError(
                "PurgeQueueInProgress", f"Only one PurgeQueue operation on {self.name} is allowed every 60 seconds."
            )
        self.purged_at = now
        for message in self.messages:
            if message.state in _LIVE:
                flying = message.state is State.IN_FLIGHT
                self._move(message, State.PURGED)
                if flying:
                    self._line.left(message)
