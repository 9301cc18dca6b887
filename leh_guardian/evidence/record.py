"""Owns the look at the record of a piece of evidence: is it finished?; the one rule: what is unfinished in DynamoDB is not there.

The worker writes a record to DynamoDB, `processing` until it is `processed`, and a document to the search index of the case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.context import Capabilities
from leh_guardian.errors import Refused
from leh_guardian.model.text import shown
from leh_guardian.ports import SearchIndex, TableLayout, Tables

FINISHED: Final = ("processed", "done")
"""The values of `status` that mean that it is finished."""
_FAILED: Final = "failed"
_PROCESSING: Final = "processing"
TIMES: Final = ("updated_at", "updatedAt", "processing_started_at", "created_at", "createdAt")
"""Where a record may say when it was written, the best first."""
_COUNTS: Final = ("attempts", "attempt", "attempt_count", "retry_count", "retries")
"""Where it may count how often the worker was at it."""
_MILLISECONDS: Final = 100_000_000_000
"""A number of a time from here on counts milliseconds: as seconds it would be the year 5138."""
_FOUND: Final = "found"


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """What is known of a piece of evidence."""

    evidence: str
    case: str | None
    status: str
    """As the table says it; `absent`, or `without a status`."""
    there: bool
    """Whether the table has a record."""
    processed: bool
    """Whether that record is finished."""
    searched: str = "not asked"
    """`found`, or why it is not."""
    touched: datetime | None = None
    """When it was last written, where it says so."""
    attempts: str = ""
    """How often the worker was at it, where it says so."""

    @property
    def mark(self) -> str:
        """What changes when the worker writes it anew, if anything does."""
        parts = (self.status, self.touched.isoformat() if self.touched else "", self.attempts)
        return " ".join(part for part in parts if part)

    @property
    def processing(self) -> bool:
        """Whether somebody is, or was when the worker died, at work on it."""
        return self.status.lower() == _PROCESSING

    @property
    def failed(self) -> bool:
        """Whether its processing has failed, by the worker's own word."""
        return self.status.lower() == _FAILED

    @property
    def found(self) -> bool:
        """Whether the search index has a document of it."""
        return self.searched == _FOUND


class EvidenceRecords:
    """Looks at records: in a DynamoDB table of either layout, and in the search index of the case."""

    def __init__(
        self, tables: Tables, table: str, search: SearchIndex | None, finished: Collection[str] = FINISHED
    ) -> None:
        self._tables = tables
        self._table = table
        self._search = search
        self._finished = {one.lower() for one in finished}

    @classmethod
    def of(cls, can: Capabilities, table: str | None = None, finished: Collection[str] = FINISHED) -> EvidenceRecords:
        """Return the records of `table`, or of the table that the settings name.

        Raises:
            Refused: nobody said where evidence is.
        """
        name = table or can.evidence_table
        if name is None or can.tables is None:
            raise Refused("nobody said where evidence is: set LEH_EVIDENCE__TABLE, or `table` in the rule")
        return cls(can.tables, name, can.search, finished)

    @property
    def table(self) -> str:
        """The table's name."""
        return self._table

    async def look(self, case: str | None, evidence: str) -> EvidenceRecord:
        """Look into the table. `case` is needed where the table's key has it; an item of another case counts as none.

        Raises:
            Refused: the table is known by other keys, or `case` is missing.
        """
        item = await self.item(case, evidence)
        status = status_of(item)
        finished = status.lower() in self._finished
        return EvidenceRecord(
            evidence, case, status, item is not None, finished, touched=touched(item), attempts=_attempts(item)
        )

    async def search(self, record: EvidenceRecord) -> EvidenceRecord:
        """Return `record` with what the search index `case_rag_{case}` says."""
        if self._search is None:
            return replace(record, searched="not configured")
        if record.case is None:
            return replace(record, searched="not asked: the case is not known")
        found = await self._search.count(f"case_rag_{record.case.lower()}", "evidence_id", record.evidence)
        if found is None:
            return replace(record, searched="no index")
        return replace(record, searched=_FOUND if found else "absent")

    async def item(self, case: str | None, evidence: str) -> Mapping[str, Any] | None:
        """Return the record as it is, None where there is none of that case.

        Raises:
            Refused: the table is known by other keys, or `case` is missing.
        """
        table = self._table
        layout = await self._tables.layout(table)
        match layout:
            case TableLayout("evidence_id", None):
                key = {"evidence_id": evidence}
            case TableLayout("case_id", "evidence_id"):
                if case is None:
                    raise Refused(
                        f"items of {table} are known by case_id and evidence_id: give `case` as well, or `key`"
                    )
                key = {"case_id": case, "evidence_id": evidence}
            case _:
                wanted = "evidence_id, or case_id and evidence_id"
                raise Refused(f"items of {table} are known by {' and '.join(layout.keys)}, not by {wanted}")
        item = await self._tables.get(table, key)
        # An id that somebody put into a file's name may be that of another case's evidence.
        if item is not None and case is not None and item.get("case_id", case) != case:
            return None
        return item


def status_of(item: Mapping[str, Any] | None) -> str:
    """Return what an item says of its status, for people's eyes."""
    if item is None:
        return "absent"
    status = item.get("status")
    return shown(status, 60) if isinstance(status, str) and status else "without a status"


def touched(item: Mapping[str, Any] | None) -> datetime | None:
    """Return when a record was last written: ISO 8601, or Unix time in seconds or milliseconds; None where it does not say."""
    for name in TIMES:
        if (found := _time((item or {}).get(name))) is not None:
            return found
    return None


def _attempts(item: Mapping[str, Any] | None) -> str:
    found = ((item or {}).get(name) for name in _COUNTS)
    return next((f"attempt {shown(one, 20)}" for one in found if isinstance(one, int | float | str)), "")


def _time(value: Any) -> datetime | None:
    try:
        if isinstance(value, str) and not value.isdecimal():
            told = datetime.fromisoformat(value)
            return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            number = float(value)
            return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):
        # It is data: a time that is none says nothing.
        return None
    return None
