"""Owns the attempts that records of the evidence table tell of; the one rule: a record tells of one that is over, and when that was.

What is at work is told once it is over; what says for longer than Lambda lets it that it is at work has died, and is over then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.evidence.names import is_id
from leh_guardian.evidence.record import FINISHED, TIMES, touched
from leh_guardian.worker.assumed import SIZES, TYPES
from leh_guardian.worker.attempts import Piece
from leh_guardian.worker.estimates import Ended
from leh_guardian.worker.ledger import LONGEST

_OVER: Final = frozenset((*FINISHED, "failed", "error"))
_AT_WORK: Final = "processing"
_COUNTS: Final = ("attempts", "attempt_count", "attempt", "retry_count")
"""Where a record may say how often it was tried; what it says more than before is what counts."""
_DEAD: Final = timedelta(seconds=LONGEST)
_MOST: Final = 10_000

ATTRIBUTES: Final = ("evidence_id", "case_id", "status", *TIMES, *SIZES, *TYPES, *_COUNTS)
"""What is read of a record."""


class Pieces:
    """What records have told, as far as the next look must know it."""

    def __init__(self) -> None:
        self._counts: dict[Piece, int] = {}
        self._until: datetime | None = None

    def ended(self, items: Iterable[Mapping[str, Any]], since: datetime, until: datetime) -> list[Ended]:
        """Return the attempts that ended from `since` on and before `until`, by the table's records as they are now."""
        if self._until != since:
            # In between the log has told of attempts: a difference would hold them, too.
            self._counts.clear()
        self._until = until
        return list(self._ended(items, since, until))

    def _ended(self, items: Iterable[Mapping[str, Any]], since: datetime, until: datetime) -> Iterator[Ended]:
        for item in items:
            case, evidence, at = item.get("case_id"), item.get("evidence_id"), over_at(item)
            if not (isinstance(case, str) and isinstance(evidence, str) and is_id(case) and is_id(evidence)):
                continue
            if at is None or not since <= at < until:
                continue
            number, before = _count(item), self._counts.get((case, evidence))
            if number is not None:
                self._counts[case, evidence] = number
            more = number - before if number is not None and before is not None else 1
            yield Ended((case, evidence), at.timestamp(), item, min(_MOST, max(1, more)))


def over_at(item: Mapping[str, Any]) -> datetime | None:
    """Return when the attempt was over that a record tells of; None where it tells of none, or not when."""
    at, status = touched(item), item.get("status")
    if at is None or not isinstance(status, str):
        return None
    if status.lower() in _OVER:
        return at
    try:
        return at + _DEAD if status.lower() == _AT_WORK else None
    except OverflowError:
        return None


def _count(item: Mapping[str, Any]) -> int | None:
    found = (item.get(name) for name in _COUNTS)
    return next((n for n in found if isinstance(n, int) and not isinstance(n, bool) and n >= 0), None)
