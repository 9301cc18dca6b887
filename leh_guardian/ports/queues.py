"""Owns SQS as guardian uses it; the one rule: no client library's type passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message taken from a queue, hidden from others until its visibility timeout ends."""

    id: str
    receipt: str
    body: bytes
    receive_count: int = 1
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Message attributes, spelt as SQS takes them back."""
    group: str | None = None
    """FIFO message group."""
    trace: str | None = None
    """AWSTraceHeader."""
    sent_at: float | None = None
    """Unix time at which it was sent, in seconds."""
    source_arn: str | None = None
    """DeadLetterQueueSourceArn: the queue that it died in, where SQS tells."""


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """SQS's approximate counts."""

    visible: int
    in_flight: int
    delayed: int = 0

    @property
    def total(self) -> int:
        """Everything in the queue."""
        return self.visible + self.in_flight + self.delayed


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """What SQS says of a queue."""

    name: str
    url: str
    arn: str
    fifo: bool
    depth: QueueDepth
    visibility_timeout: float
    """Seconds."""
    max_receive_count: int | None
    """From its own redrive policy, None without one."""
    dead_letter_arn: str | None
    delay: float = 0.0
    """Seconds for which a message that is sent to it is held back."""
    retention: float | None = None
    """Seconds after which SQS deletes a message, counted from when it was sent; None where it does not say."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to send: everything of the received one that a consumer can see."""

    id: str
    """Names the entry in the answer."""
    body: bytes
    attributes: Mapping[str, Any]
    group: str | None = None
    deduplication_id: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class MoveTask:
    """A message move task of SQS, as it lists it."""

    status: str
    """RUNNING, COMPLETED, CANCELLING, CANCELLED or FAILED."""
    started_at: float
    """Unix time by SQS's clock, in seconds."""
    moved: int
    handle: str | None = None
    """Cancels it; there while it is running."""
    why: str = ""
    """Why it has failed."""

    @property
    def active(self) -> bool:
        """Whether it still keeps others from starting."""
        return self.status in {"RUNNING", "CANCELLING"}


class AlertQueue(Protocol):
    """The queue that guardian takes its alerts from."""

    async def receive(self) -> Sequence[ReceivedMessage]:
        """Long-poll once: up to ten messages, or none when the wait is over."""

    async def delete(self, receipts: Sequence[str]) -> int:
        """Delete up to ten messages; returns how many SQS confirmed."""

    async def send(self, body: str) -> None:
        """Send a message to it: guardian's own canary."""

    async def depth(self) -> QueueDepth:
        """Return the approximate counts."""

    async def ping(self) -> None:
        """Raise when the queue cannot be used, with what to do about it."""


class Queues(Protocol):
    """SQS as handlers use it; `queue` is a name or an ARN."""

    async def info(self, queue: str) -> QueueInfo:
        """Describe a queue."""

    async def dead_letter_sources(self, queue: QueueInfo) -> Sequence[str]:
        """Return the names of the queues whose redrive policy points at `queue`."""

    async def receive(self, queue: QueueInfo, count: int, visibility: float) -> Sequence[ReceivedMessage]:
        """Take up to `count` (at most ten) messages, hidden for `visibility` seconds."""

    async def send(self, queue: QueueInfo, messages: Sequence[OutgoingMessage]) -> Mapping[str, str]:
        """Send up to ten messages; returns {message id: reason} of those that SQS refused."""

    async def delete(self, queue: QueueInfo, receipts: Sequence[str]) -> int:
        """Delete up to ten messages; returns how many SQS confirmed."""

    async def release(self, queue: QueueInfo, receipts: Sequence[str]) -> None:
        """Make received messages visible again at once."""

    async def start_move(self, source: QueueInfo, destination: QueueInfo | None, rate: int) -> None:
        """Let SQS move all messages of a dead-letter queue: to `destination`, or each to where it died; `rate` a second at most.

        Raises:
            Refused: a task is running already, or it is no dead-letter queue.
        """

    async def moves(self, source: QueueInfo) -> Sequence[MoveTask]:
        """Return the newest move tasks of a dead-letter queue."""

    async def cancel_move(self, handle: str) -> None:
        """Cancel a task; what it has moved stays moved."""
