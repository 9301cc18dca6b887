"""Owns all the queues of the server; the one rule: one thread uses it, request after request."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.support.sqs_server.attributes import Attributes
from tests.support.sqs_server.errors import SqsError, no_queue
from tests.support.sqs_server.messages import Message
from tests.support.sqs_server.queue import Knobs, Queue

ACCOUNT = "123456789012"
REGION = "ap-northeast-2"


class Account:
    """Queues by name, and the server's clock, which a test may move on."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.knobs = Knobs()
        """Those of queues that are yet to be made."""
        self._queues: dict[str, Queue] = {}
        self._made = 0
        self._began = time.time_ns() / 1e9 - time.monotonic()

    def now(self) -> float:
        """Return the server's time in Unix seconds; it never goes back."""
        return self._began + time.monotonic()

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self._began += seconds

    def __iter__(self) -> Iterator[Queue]:
        return iter(list(self._queues.values()))

    def named(self, name: str) -> Queue:
        """Return a queue.

        Raises:
            SqsError: there is none.
        """
        queue = self._queues.get(name)
        if queue is None:
            raise no_queue()
        return queue

    def at(self, url: object) -> Queue:
        """Return the queue of a URL."""
        return self.named(str(url).rpartition("/")[2])

    def of_arn(self, arn: str) -> Queue:
        """Return the queue of an ARN."""
        return self.named(arn.rpartition(":")[2])

    def arn(self, queue: Queue) -> str:
        """Return a queue's ARN."""
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.name}"

    def create(self, name: str, given: Mapping[str, str]) -> Queue:
        """Make a queue; the same again is the same queue."""
        stem = name.removesuffix(".fifo")
        if not (1 <= len(name) <= 80 and stem and stem.replace("-", "").replace("_", "").isalnum()):
            raise SqsError(
                "InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores."
            )
        present = self._queues.get(name)
        if present is not None:
            if any(present.attributes.shown().get(key) != value for key, value in given.items()):
                raise SqsError("QueueNameExists", "A queue already exists with the same name and a different value.")
            return present
        self._made += 1
        queue = Queue(self._made, name, Attributes(name, given), replace(self.knobs), self.random)
        self._queues[name] = queue
        return queue

    def drop(self, queue: Queue) -> None:
        """Forget a queue."""
        del self._queues[queue.name]

    def sources(self, queue: Queue) -> list[Queue]:
        """Return the queues whose redrive policy points at `queue`."""
        arn = self.arn(queue)
        return [other for other in self if other.attributes.dead_letter_arn == arn]

    def bury(self, queue: Queue, message: Message) -> bool:
        """Put a message into the dead-letter queue of `queue`; False when there is none."""
        try:
            target = self.of_arn(queue.attributes.dead_letter_arn or "")
        except SqsError:
            return False
        # Standard queues keep the time at which it was first sent, FIFO queues do not; its id stays ("Using dead-letter queues").
        self.copy(
            message,
            target,
            self.arn(queue),
            id=message.id,
            sent_at=self.now() if target.attributes.fifo else message.sent_at,
        )
        return True

    def copy(self, message: Message, target: Queue, source_arn: str | None, **changes: Any) -> None:
        """Put what a consumer sees of a message into another queue."""
        unused = {"state": type(message.state).READY, "place": 0, "valid_from": 1, "hidden_until": 0.0, "repeated": 0}
        moved = replace(
            message,
            serial=len(target.messages),
            received=[],
            deletes=[],
            source_arn=source_arn,
            died=len(message.received) if source_arn else 0,
            **{**unused, **changes},
        )
        target.take_in(moved, self.now(), target.attributes.delay)
