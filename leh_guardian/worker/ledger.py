"""Owns which attempts have been told of; the one rule: one is counted once, whichever of log and evidence table tells of it first.

The log tells when an attempt began, the record in the table when it ended. The two are one where the end lies behind the beginning by
no more than Lambda lets an attempt last, and the log does not say that it ended before; each is used once. What the log says of an
end may come after the two were taken for one: then they are parted, and what had not been counted is.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from leh_guardian.worker.attempts import Attempt, Piece

LONGEST: Final = 900.0
"""Seconds that an invocation of Lambda may take ("Lambda quotas", AWS Lambda Developer Guide)."""
_CLOCKS: Final = 2.0
"""Seconds between the clocks of the log and of the worker."""
_KEPT: Final = 2 * 3600.0


class Ledger:
    """What has been counted of late."""

    def __init__(self) -> None:
        self._log = defaultdict[Piece, list[Attempt]](list)
        self._table = defaultdict[Piece, list[float]](list)
        self._paired: list[tuple[Attempt, float, bool]] = []
        """Beginnings and ends that were taken for one before the log's end was known, and whether the log's was counted."""

    def from_log(self, attempt: Attempt) -> bool:
        """Tell whether an attempt that the log tells of is new."""
        for end in self._table.get(attempt.piece, ()):
            if _same(attempt, end):
                self._table[attempt.piece].remove(end)
                self._pair(attempt, end, log=False)
                return False
        self._log[attempt.piece].append(attempt)
        return True

    def from_table(self, piece: Piece, ended: float) -> bool:
        """Tell whether the attempt that ended then is new."""
        for attempt in self._log.get(piece, ()):
            if _same(attempt, ended):
                self._log[piece].remove(attempt)
                self._pair(attempt, ended, log=True)
                return False
        self._table[piece].append(ended)
        return True

    def parted(self) -> list[Piece]:
        """Return the piece of each attempt that was taken for another, as the log has said since."""
        known = [pair for pair in self._paired if pair[0].ended is not None]
        self._paired = [pair for pair in self._paired if pair[0].ended is None]
        found = list[Piece]()
        for attempt, end, log in known:
            if _same(attempt, end):
                continue
            if log:
                self._log[attempt.piece].append(attempt)
                new = self.from_table(attempt.piece, end)
            else:
                self._table[attempt.piece].append(end)
                new = self.from_log(attempt)
            found += [attempt.piece] * new
        return found

    def _pair(self, attempt: Attempt, end: float, *, log: bool) -> None:
        if attempt.ended is None:
            self._paired.append((attempt, end, log))

    def forget(self, now: float) -> None:
        """Forget what is long over."""
        before = now - _KEPT
        self._paired = [pair for pair in self._paired if pair[0].begun >= before]
        for piece in [*self._log]:
            if not (left := [one for one in self._log[piece] if one.begun >= before]):
                del self._log[piece]
            else:
                self._log[piece] = left
        for piece in [*self._table]:
            if not (ends := [end for end in self._table[piece] if end >= before]):
                del self._table[piece]
            else:
                self._table[piece] = ends


def _same(attempt: Attempt, ended: float) -> bool:
    last = attempt.begun + LONGEST if attempt.ended is None else attempt.ended
    return attempt.begun - _CLOCKS <= ended <= last + _CLOCKS
