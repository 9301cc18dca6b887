"""Owns the memory of dead letters; the one rule: every write may be repeated, the second changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from leh_guardian.ports.queues import ReceivedMessage

if TYPE_CHECKING:
    # Names in annotations: most of those who import the ports need none of these.
    from leh_guardian.model.letter import Letter


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

    @classmethod
    def of(cls, message: ReceivedMessage, letter: Letter, reason: str, redrives: int) -> KeptLetter:
        """Return `message`, read as `letter`, to be kept for a reason after so many redrives."""
        return cls(message, letter.fingerprint, reason, letter.error, letter.evidence, letter.cases, redrives)


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
