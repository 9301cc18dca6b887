"""Owns what dead letters say of their death; the one rule: a letter that does not say why is no evidence of anything.

SQS moves a letter without a word of the error; Lambda writes it beside the payload (model/letter). That its time ran out is no
reason either: with what the worker was busy stands in its log alone.
"""

from __future__ import annotations

from leh_guardian.diagnosis import Diagnoser, Diagnosis, Subject, Table
from leh_guardian.model.letter import Letter
from leh_guardian.ports import ReceivedMessage

_TIME_OUT = "Task timed out"


class LetterDiagnosis:
    """Takes letters one by one; `finish` says what they come to."""

    def __init__(self, table: Table) -> None:
        self._diagnoser = Diagnoser(table)
        self.seen = 0
        self.telling = 0
        """Letters that say what they died of."""
        self.oldest: float | None = None
        """Unix time at which the oldest of them was sent."""

    def take(self, message: ReceivedMessage, letter: Letter) -> None:
        """Take a letter."""
        self.seen += 1
        if message.sent_at is not None:
            self.oldest = min(message.sent_at, self.oldest or message.sent_at)
        if not letter.message or _TIME_OUT in letter.message:
            return
        self.telling += 1
        subject = Subject(*(next(iter(ids), "") for ids in (letter.cases, letter.evidence)))
        self._diagnoser.feed_failure(
            self.seen, letter.error, letter.message, subject=subject, request=message.id, at=message.sent_at
        )

    def finish(self) -> Diagnosis:
        """Return the diagnosis of the letters that say something."""
        return self._diagnoser.finish()
