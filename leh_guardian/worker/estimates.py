"""Owns the estimate of use while the worker tells nothing of it; the one rule: it says what it is, and stops when better is known.

The log tells of attempts, the evidence table of pieces: their sizes and kinds, and, where the log cannot be read, the attempts that
ended. Of one case and one minute an event has one id, whichever of the two it is made of, so that the inbox takes in one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.errors import HandlerError
from leh_guardian.evidence.record import EvidenceRecords
from leh_guardian.model.identity import key
from leh_guardian.model.spend.usage import DETAIL_TYPE, ESTIMATED_SOURCE
from leh_guardian.ports import LogMessage
from leh_guardian.worker.assumed import Job
from leh_guardian.worker.attempts import AttemptLog, Piece, pieces_in
from leh_guardian.worker.ledger import Ledger

LOG, TABLE = "log", "table"
_MOST_LOOKED_UP: Final = 200
"""Records that are looked up for a minute of the log; of the other pieces nothing but their number is known."""
_REMEMBERED: Final = 20_000

Item = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that a record tells of."""

    piece: Piece
    at: float
    """When it ended, in seconds since 1970."""
    item: Mapping[str, Any]
    attempts: int = 1


@dataclass
class _Used:
    attempts: int = 0
    prompt: int = 0
    sized: int = 0


class Estimates:
    """Makes records of use: of a minute of the worker's log, of attempts that the evidence table tells of."""

    def __init__(self, job: Job, told: Callable[[], bool], region: str, records: EvidenceRecords | None = None) -> None:
        self._job = job
        self._region = region
        self._records = records
        self._attempts, self._ledger = AttemptLog(), Ledger()
        self._first: dict[tuple[datetime, str], str] = {}
        """{minute, case: which of the two told of it first}."""
        self._last: tuple[datetime, list[Mapping[str, Any]]] | None = None
        self.told = told
        """Tells whether the worker tells of its use by itself."""
        self.read_until: datetime | None = None
        """Up to when the log has been read; None: not at all."""
        self.refused = False
        """Whether the log may not be read, or is not there: waiting does not help."""

    async def of_log(self, start: datetime, messages: Sequence[LogMessage]) -> list[Mapping[str, Any]]:
        """Return an event for each case that was worked at in a minute of the log; none where the worker tells by itself.

        Asked again about the newest minute, it says the same: what follows may have failed.
        """
        if self._last is not None and self._last[0] == start:
            return self._last[1]
        items = {} if self.told() else await self._looked_up(messages)
        # From here on nothing waits: half a minute would otherwise be counted, and never told.
        self._attempts.forget(start.timestamp())
        self._ledger.forget(start.timestamp())
        read = self._attempts.read(messages)
        # First what is known better now: an end that is set free may be that of an attempt that was just read.
        new = [*self._ledger.parted(), *(one.piece for one in read if self._ledger.from_log(one))]
        used: dict[str, _Used] = defaultdict(_Used)
        for piece in new:
            self._add(used[piece[0]], items.get(piece), 1)
        self._last = (start, [] if self.told() else self._events({start: used}, LOG))
        return self._last[1]

    def of_table(self, ended: Iterable[Ended]) -> list[Mapping[str, Any]]:
        """Return an event for each case and minute in which attempts ended that the log does not tell of."""
        minutes: dict[datetime, dict[str, _Used]] = defaultdict(lambda: defaultdict(_Used))
        for one in sorted(ended, key=lambda each: each.at):
            count = one.attempts - (not self._ledger.from_table(one.piece, one.at))
            if count > 0:
                minute = datetime.fromtimestamp(one.at // 60 * 60, UTC)
                self._add(minutes[minute][one.piece[0]], one.item, count)
        return self._events(minutes, TABLE)

    def _add(self, used: _Used, item: Item, attempts: int) -> None:
        prompt, sized = self._job.prompt_of(item)
        used.attempts += attempts
        used.prompt += attempts * prompt
        used.sized += attempts * sized

    async def _looked_up(self, messages: Iterable[LogMessage]) -> dict[Piece, Item]:
        """Return the records of pieces that are named, as far as they can be had; where they cannot, the number alone counts."""
        found: dict[Piece, Item] = {}
        if self._records is None:
            return found
        named = dict.fromkeys(piece for message in messages for piece in pieces_in(message.text))
        try:
            for piece in [*named][:_MOST_LOOKED_UP]:
                found[piece] = await self._records.item(*piece)
        except HandlerError:
            # The table has looks of its own, which tell of its troubles.
            return found
        return found

    def _events(self, minutes: Mapping[datetime, Mapping[str, _Used]], source: str) -> list[Mapping[str, Any]]:
        while len(self._first) > _REMEMBERED:
            del self._first[next(iter(self._first))]
        return [
            self._event(minute, case, used, source)
            for minute, cases in sorted(minutes.items())
            for case, used in sorted(cases.items())
        ]

    def _event(self, minute: datetime, case: str, used: _Used, source: str) -> Mapping[str, Any]:
        # Several replicas tell of the same ones. What the one source tells of a minute beyond what the other told is another.
        beyond = "" if self._first.setdefault((minute, case), source) == source else "/beyond"
        return {
            "version": "0",
            "id": str(key(f"estimate/{self._region}/{minute.isoformat()}/{case}{beyond}")),
            "detail-type": DETAIL_TYPE,
            "source": ESTIMATED_SOURCE,
            "account": "",
            "time": minute.isoformat(timespec="seconds"),
            "region": self._region,
            "resources": [],
            "detail": {
                "case_id": case,
                "model": self._job.model,
                "prompt_tokens": used.prompt,
                "completion_tokens": used.attempts * self._job.completion_tokens,
                "attempts": used.attempts,
                "estimated": True,
                "estimated_from": source,
                "sized": used.sized,
            },
        }
