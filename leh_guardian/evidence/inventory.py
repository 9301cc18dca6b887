"""Owns what there is of a case, in three places: S3, DynamoDB, OpenSearch; the one rule: they are joined by the evidence's id alone.

Of each place no more is kept than ids and a word of status, so that a case of ten thousand pieces is a few megabytes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from leh_guardian.context import Capabilities
from leh_guardian.errors import Refused
from leh_guardian.evidence import wording
from leh_guardian.evidence.names import named_by_key
from leh_guardian.evidence.record import FINISHED, status_of
from leh_guardian.language import Text
from leh_guardian.telemetry.failpoints import failpoint

MOST: Final = 20_000
"""Pieces of a case that are looked at; a plan allows a thousand."""
_NAMED = 20
"""Ids that are told by name."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is of a case."""

    case: str
    objects: frozenset[str]
    """Evidence with a file in S3."""
    unnamed: int
    """Files whose key names no evidence."""
    records: Mapping[str, str]
    """{evidence: status} of DynamoDB."""
    finished: frozenset[str]
    """Evidence whose record is finished."""
    documents: Mapping[str, int] | None
    """{evidence: documents} of the search index; None: there is no index."""
    searched: bool
    """Whether there is a cluster to ask."""
    young: frozenset[str] = frozenset()
    """Evidence that is not finished, and whose file is so new that its first processing may be under way: nobody's trouble yet."""

    @property
    def evidence(self) -> frozenset[str]:
        """Every piece that either S3 or DynamoDB knows."""
        return self.objects | self.records.keys()

    @property
    def absent(self) -> frozenset[str]:
        """Files without a record."""
        return self.objects - self.records.keys() - self.young

    @property
    def unfinished(self) -> frozenset[str]:
        """Files whose record is not there, or not finished: they can be processed anew."""
        return self.objects - self.finished - self.young

    @property
    def orphans(self) -> frozenset[str]:
        """Records whose file is gone: told, and never deleted."""
        return frozenset(self.records.keys() - self.objects)

    @property
    def unindexed(self) -> frozenset[str]:
        """Finished records that the search index does not have."""
        return self.finished - (self.documents or {}).keys() if self.searched else frozenset()

    @property
    def strays(self) -> frozenset[str]:
        """Evidence that only the search index knows."""
        return frozenset((self.documents or {}).keys() - self.evidence)

    @property
    def searchable(self) -> int:
        """How many pieces a lawyer finds by searching."""
        return len(self.finished & (self.documents or {}).keys())

    @property
    def whole(self) -> bool:
        """Whether every piece is finished and can be found."""
        return not self.unfinished and not self.unindexed

    @property
    def index(self) -> str:
        """The state of the search index, in a word."""
        if not self.searched:
            return "not asked"
        if self.documents is None:
            return "missing"
        if not self.documents:
            return "empty"
        return "partial" if self.unindexed else "whole"

    @property
    def facts(self) -> dict[str, Any]:
        """What later steps and people may know."""
        missing = {
            "records": self.absent,
            "finished": self.unfinished - self.absent,
            "documents": self.unindexed,
            "objects": self.orphans,
        }
        return {
            "evidence": len(self.evidence),
            "objects": len(self.objects),
            "records": len(self.records),
            "finished": len(self.finished),
            "searchable": self.searchable if self.searched else None,
            "index": self.index,
            "unfinished": len(self.unfinished),
            "missing": {name: len(ids) for name, ids in missing.items()},
            "missing_ids": {name: sorted(ids)[:_NAMED] for name, ids in missing.items() if ids},
            "young": len(self.young),
            "unnamed_objects": self.unnamed,
            "stray_documents": len(self.strays),
        }

    @property
    def said(self) -> Text:
        """What a lawyer would see of the evidence."""
        found = self.searchable if self.searched else None
        return wording.counted(len(self.evidence), len(self.finished), found)

    @property
    def lacking(self) -> Text:
        """What is missing where."""
        unfinished = self.unfinished - self.absent
        numbers = [len(ids) for ids in (self.absent, unfinished, self.unindexed, self.orphans)]
        return wording.lacking(len(self.evidence), *numbers)


async def take(
    can: Capabilities,
    case: str,
    *,
    table: str | None = None,
    finished: Collection[str] = FINISHED,
    until: datetime | None = None,
) -> Inventory:
    """Look through all three places; what was stored after `until` is young.

    Raises:
        Refused: nobody said where evidence is; or there is more than can be looked at.
        HandlerError: a place does not answer.
    """
    name = table or can.evidence_table
    if name is None or can.tables is None:
        raise Refused("nobody said where evidence is: set LEH_EVIDENCE__TABLE")
    if can.objects is None or can.evidence_bucket is None:
        raise Refused("nobody said where evidence is: set LEH_EVIDENCE__BUCKET")
    prefix = f"cases/{case}/raw/"
    keys = {key: at for key, at in (await can.objects.keys(can.evidence_bucket, prefix, MOST)).items() if key != prefix}
    stored = {named[1]: at for key, at in keys.items() if (named := named_by_key(key))}
    failpoint("inventory.objects")
    records = {
        str(item["evidence_id"]): status_of(item)
        for item in await can.tables.of_case(name, case, ("evidence_id", "status"), MOST)
    }
    failpoint("inventory.records")
    documents = None
    if can.search is not None:
        documents = await can.search.values(index_of(case), "evidence_id", MOST)
    done = {one.lower() for one in finished}
    well = frozenset(one for one, status in records.items() if status.lower() in done)
    return Inventory(
        case,
        frozenset(stored),
        sum(named_by_key(key) is None for key in keys),
        records,
        well,
        documents,
        can.search is not None,
        frozenset(one for one, at in stored.items() if until is not None and at > until) - well,
    )


def index_of(case: str) -> str:
    """Return the name of a case's search index; names of indexes have small letters."""
    return f"case_rag_{case.lower()}"
