"""Owns what the records of evidence say of letters that went back; the one rule: what they do not say is unknown, and never good.

A letter may name evidence. Once the record of each is finished, the letter has been worked off, long before it is sure that it
does not return. A record that says *failed* may say it of the time before: only one that was seen otherwise since, or that
still says it when a failure would have returned, has failed again. The ids are what an uploader may have chosen: they are
looked up, within their case, and decide nothing but how long is waited.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError
from leh_guardian.evidence.names import is_id
from leh_guardian.evidence.record import FINISHED, EvidenceRecord, EvidenceRecords
from leh_guardian.ports import MovedLetter

_Named = tuple[str | None, str]
"""(case, evidence)."""


@dataclass
class Finishing:
    """What the records say."""

    finished: int = 0
    """Letters of which all evidence is finished."""
    unfinished: int = 0
    """Letters of which some is not."""
    unknown: int = 0
    """Letters of which the records say nothing."""
    open: list[str] = field(default_factory=list)
    """Evidence that is not finished."""
    failed: list[str] = field(default_factory=list)
    """Evidence that says that it failed, now or before."""
    begun: list[str] = field(default_factory=list)
    """Evidence that says anything but that it failed, and is not finished."""

    @property
    def all_finished(self) -> bool:
        """Whether every letter has been worked off, by the records' word."""
        return self.finished > 0 and not self.unfinished and not self.unknown

    def failed_again(self, begun: Collection[str], *, late: bool) -> list[str]:
        """Return the evidence that has failed since: seen otherwise (`begun`), or `late`, when all failures have returned."""
        return [each for each in self.failed if late or each in begun]


async def look(
    ctx: ActionContext,
    letters: Sequence[MovedLetter],
    *,
    table: str | None = None,
    finished: Collection[str] = FINISHED,
    most: int,
) -> Finishing:
    """Look at the records of what letters name; at `most` so many, the rest is unknown. Never raises for a record's sake."""
    if ctx.can.tables is None or not (table or ctx.can.evidence_table):
        return Finishing(unknown=len(letters))
    records = _Records(ctx, EvidenceRecords.of(ctx.can, table, finished), most)
    found = Finishing()
    for letter in letters:
        seen = [await records.look(named) for named in _named(letter)]
        known = [record for record in seen if record is not None]
        if not seen or len(known) < len(seen):
            found.unknown += 1
        elif all(record.processed for record in known):
            found.finished += 1
        else:
            found.unfinished += 1
        for record in known:
            _add(found, record)
    return found


class _Records:
    """Looks at each record once."""

    def __init__(self, ctx: ActionContext, records: EvidenceRecords, most: int) -> None:
        self._ctx = ctx
        self._records = records
        self._left = most
        self._seen: dict[_Named, EvidenceRecord | None] = {}

    async def look(self, named: _Named) -> EvidenceRecord | None:
        """Return a record, None where it cannot be looked at."""
        if named not in self._seen and self._left > 0:
            self._left -= 1
            self._seen[named] = await self._ask(named)
        return self._seen.get(named)

    async def _ask(self, named: _Named) -> EvidenceRecord | None:
        case, evidence = named
        if not all(is_id(each) for each in named if each is not None):
            return None
        try:
            return await self._records.look(case, evidence)
        except HandlerError as error:
            self._ctx.log.warning("a record cannot be looked at", evidence=evidence, error=str(error))
            self._left = 0
            return None


def _named(letter: MovedLetter) -> list[_Named]:
    # Of several cases nobody knows whose the evidence is.
    case = letter.cases[0] if len(letter.cases) == 1 else None
    return [(case, evidence) for evidence in letter.evidence]


def _add(found: Finishing, record: EvidenceRecord) -> None:
    evidence = record.evidence
    if record.processed or evidence in found.open:
        return
    found.open.append(evidence)
    (found.failed if record.failed else found.begun).append(evidence)
