"""Owns the Protocols between the rooms: only things that have a real and a fake; the one rule: no client library's type passes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from leh_guardian.model.deployment import Deployment
from leh_guardian.model.provider.fusion import Share
from leh_guardian.model.provider.outage import Outage
from leh_guardian.model.provider.snapshot import Page
from leh_guardian.model.reprocessing import Piece, PieceState


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


@dataclass(frozen=True, slots=True)
class LetterHistory:
    """What guardian has done with a dead letter before."""

    sent: bool = False
    """This very message was sent back already: what lies in the queue is what could not be deleted."""
    own_at: datetime | None = None
    """When this action first sent the same payload back: of two letters with one payload, the one that is younger has returned."""
    redrives: int = 0
    """How many other redrives have sent the same payload back."""
    kept: bool = False
    """This very message is in quarantine already."""

    def returned(self, sent_at: float | None) -> bool:
        """Tell whether a letter, sent at this Unix time, was sent back by this action and has died again.

        A message keeps the time at which it was sent when it moves to a dead-letter queue (Amazon SQS Developer Guide, "Using
        dead-letter queues"); in a FIFO queue it gets a later one.
        """
        return self.own_at is not None and not self.sent and (sent_at is None or sent_at >= self.own_at.timestamp())


RETENTION: Final = "retention"
"""How the reason begins for which a letter is kept that is as good as any: SQS would have deleted it."""


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter to keep in quarantine, with everything that sending it later needs."""

    message: ReceivedMessage
    fingerprint: UUID
    reason: str
    error: str
    evidence: Sequence[str]
    cases: Sequence[str]
    redrives: int


@dataclass(frozen=True, slots=True)
class SentLetter:
    """A letter that is about to be gone: what telling its fate later needs."""

    fingerprint: UUID
    evidence: Sequence[str] = ()
    cases: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class MovedLetter:
    """A letter that went back."""

    message_id: str
    """The id that it had in its dead-letter queue."""
    fingerprint: UUID
    sent_at: datetime
    """Not before this it was sent."""
    returns_at: datetime | None
    """When it would be back at the latest, had it failed again; None where an older version sent it."""
    evidence: Sequence[str] = ()
    cases: Sequence[str] = ()


class DeadLetters(Protocol):
    """Guardian's memory of dead letters. Every write may be repeated: the second changes nothing."""

    async def history(self, queue: str, action: UUID, letters: Mapping[str, UUID]) -> Mapping[str, LetterHistory]:
        """Return what is known of letters ({message id: fingerprint}) of the queue with ARN `queue`; of each one, something."""

    async def sent(
        self,
        queue: str,
        action: UUID,
        incident: UUID,
        letters: Mapping[str, SentLetter],
        at: datetime,
        returns_at: datetime,
    ) -> None:
        """Remember that letters were sent back, not before `at`; one that fails again is back before `returns_at`."""

    async def moved(
        self, queue: str, incident: UUID, *, action: UUID | None = None, most: int = 10_000
    ) -> Sequence[MovedLetter]:
        """Return the newest letters that an incident, or one action of it, sent back; without those in quarantine by now."""

    async def keep(self, queue: str, incident: UUID, letters: Sequence[KeptLetter]) -> None:
        """Put letters into quarantine. They may be deleted from the queue once this has returned."""

    async def poison(self, queue: str, incident: UUID) -> Sequence[str]:
        """Return what an incident keeps in quarantine because it died too often: evidence, or message ids where none is named."""

    async def resting(self, queue: str, *, without: Collection[str] = (), most: int = 10) -> Sequence[KeptLetter]:
        """Return letters that are kept because of RETENTION, the oldest first, `without` those of some message ids."""

    async def count_resting(self, queue: str) -> int:
        """Return how many there are."""

    async def release(self, queue: str, action: UUID, message_ids: Sequence[str]) -> None:
        """Say that `action` has sent letters out of quarantine."""


@dataclass(frozen=True, slots=True)
class TableLayout:
    """What an item of a DynamoDB table is known by."""

    hash_key: str
    range_key: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The attributes of the primary key."""
        return (self.hash_key,) if self.range_key is None else (self.hash_key, self.range_key)


class Tables(Protocol):
    """DynamoDB as handlers use it."""

    async def layout(self, table: str) -> TableLayout:
        """Return the primary key of a table, as it was seen within the last minute."""

    async def get(self, table: str, key: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return an item as it is now (a consistent read), None where there is none."""


class SearchIndex(Protocol):
    """OpenSearch as handlers use it."""

    async def count(self, index: str, field: str, value: str) -> int | None:
        """Return how many documents of `index` have `value` in `field`, None where there is no such index."""


@dataclass(frozen=True, slots=True)
class LogMessage:
    """A message of a log."""

    text: str
    stream: str
    at: float
    """When it was said, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class LogSample:
    """What was read of a log."""

    messages: Sequence[LogMessage]
    """In the order of their times."""
    whole: bool
    """Whether that is everything in the window, and not the part that the bounds allowed."""


class Logs(Protocol):
    """CloudWatch Logs as handlers use it."""

    async def read(
        self, group: str, since: datetime, until: datetime, *, pattern: str = "", most_bytes: int = 4_000_000
    ) -> LogSample:
        """Return what a log group says between two instants, of that what fits CloudWatch's filter `pattern`."""


@dataclass(frozen=True, slots=True)
class FunctionState:
    """What Lambda says of a function, or of what one of its aliases points at."""

    name: str
    version: str
    """The version that is invoked: `$LATEST`, or a number."""
    code: str
    """The digest of its code."""
    modified_at: datetime
    """When its code or configuration was last changed."""
    settled: bool
    """Whether the last change is in effect: LastUpdateStatus is Successful, and State is Active or Inactive."""
    why: str = ""
    """Why it is not settled."""
    timeout: float = 900.0
    """Seconds that one invocation may take."""


class Functions(Protocol):
    """Lambda as handlers use it; `function` is a name or an ARN, either of them with `:alias` or without."""

    async def state(self, function: str) -> FunctionState:
        """Describe what is invoked under that name."""

    async def invoke(self, function: str, payload: bytes) -> None:
        """Invoke asynchronously, and return once Lambda has queued the event."""


class AdminApi(Protocol):
    """The service's admin API. Guardian asks with an idempotency key; whether the other side honours it, the operator says."""

    @property
    def idempotent(self) -> bool:
        """Whether the other side honours our keys: the same key again changes nothing."""

    async def reprocess(self, evidence: str, key: str) -> str:
        """Ask for a piece of evidence to be processed anew; returns what the API answered, in a few words.

        Raises:
            Refused, NotFound: it will not, whatever the number of attempts.
            AccessDenied: it does not know us.
            Throttled, Unavailable: it cannot now, and has taken nothing.
            OutcomeUnknown: the request was sent, and nobody knows whether it was taken.
        """


class Reprocessing(Protocol):
    """Guardian's memory of evidence that is processed anew. Every write may be repeated: the second changes nothing."""

    async def plan(self, action: UUID, pieces: Mapping[str, str | None]) -> None:
        """Write down pieces ({evidence: case}) of an action; those that it has already stay as they are."""

    async def pieces(self, action: UUID) -> Sequence[Piece]:
        """Return the pieces of an action, in the order of their ids."""

    async def begin(self, action: UUID, evidence: str, *, before: str, canary: bool, patience: timedelta) -> bool:
        """Say that a planned piece is about to be asked for; False where it is not planned, or another action has just asked.

        Whoever gets True, and nobody else, may ask.
        """

    async def move(
        self, action: UUID, evidence: str, leaving: Collection[PieceState], to: PieceState, reason: str = ""
    ) -> bool:
        """Take a piece from one of the states `leaving` to another; False where it is in none of them."""

    async def release(self, action: UUID, incident: UUID) -> int:
        """Say of the incident's letters in quarantine, all of whose evidence is finished, that nobody need send them back."""


class Deployments(Protocol):
    """Guardian's memory of deployments."""

    async def note(self, deployment: Deployment) -> bool:
        """Write down what an event tells; False where it is written down already."""

    async def since(self, function: str, at: datetime) -> Sequence[Deployment]:
        """Return the deployments of a function (its bare name) after an instant, oldest first."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told. Every text in it is data: a channel escapes it for its own medium."""

    id: str
    """The action's id: receivers may deduplicate by it."""
    title: str
    lines: Sequence[str]
    incident: str
    rule: str
    severity: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Channel(Protocol):
    """A way to reach people."""

    async def send(self, notice: Notice) -> str:
        """Deliver `notice`; returns what the other side called it, or an empty text."""


class StatusPage(Protocol):
    """A provider's status page."""

    async def look(self) -> Page:
        """Return what it says now; unknown, with the reasons, where it cannot be read."""


class WorkerErrors(Protocol):
    """What became of the worker's newest jobs."""

    async def share(self, window: timedelta) -> Share:
        """Return the shares of failures among the jobs that were attempted in the last `window`.

        Raises:
            HandlerError: it cannot be told.
        """


class Outages(Protocol):
    """The durable record of providers' outages, the same for all replicas."""

    async def newest(self, provider: str) -> Outage | None:
        """Return the newest outage of `provider`, over or not."""

    async def follow(self, outage: Outage) -> bool:
        """Write `outage` in the place of the version before it; False when another write was quicker."""

    async def held(self, provider: str, now: datetime) -> Outage | None:
        """Return the outage for which redrives into `provider` should wait, or None."""

    async def all_held(self, now: datetime) -> Sequence[Outage]:
        """Return the outages for which redrives should wait, of all providers."""


class Pulse(Protocol):
    """A place outside that takes heartbeats, and tells somebody when they stay away."""

    async def beat(self) -> None:
        """Send one heartbeat."""


class Pingable(Protocol):
    """Anything that `/readyz` and `doctor` look at."""

    async def ping(self) -> None:
        """Raise when it cannot be used, with what to do about it."""
