"""Owns the look at a piece of evidence as a step of a rule; the one rule: what does not look like an id names no evidence."""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from leh_guardian.context import ActionContext
from leh_guardian.evidence.names import named
from leh_guardian.evidence.record import FINISHED, EvidenceRecord, EvidenceRecords
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.model.text import shown
from leh_guardian.registry import Effect, Params, handler


class EvidenceExistsParams(Params):
    """Which piece of evidence."""

    key: str | None = None
    """Its S3 key, cases/{case_id}/raw/{evidence_id}_{filename}, not URL-encoded; if no name is given, what `by` or `dedup` found."""
    evidence: str | None = None
    """Its id, in place of `key`."""
    case: str | None = None
    """The id of its case, beside `evidence`: needed where the table's key has it, and for the search index."""
    table: str | None = None
    """The DynamoDB table; that of LEH_EVIDENCE__TABLE if left out."""
    finished: tuple[str, ...] = FINISHED
    """The values of `status` that mean that it is finished."""
    indexed: bool = False
    """Whether a finished record counts only with a document in the search index `case_rag_{case_id}`."""

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if self.key is not None and self.evidence is not None:
            raise ValueError("give either `key` or `evidence`")
        if self.evidence is None and self.case is not None:
            raise ValueError("`case` goes with `evidence`: a key names the case already")
        return self


@handler(effect=Effect.READS, changes=False, permissions=("dynamodb:DescribeTable", "dynamodb:GetItem"), timeout="1m")
async def evidence_exists(ctx: ActionContext, params: EvidenceExistsParams) -> Outcome:
    """Look whether a piece of evidence has a finished record: in DynamoDB, and where that has none, in the search index of its case.

    It fails where there is none, or one that is unfinished or has failed.
    """
    records = EvidenceRecords.of(ctx.can, params.table, params.finished)
    key = params.key or ("" if params.evidence is not None else str(ctx.incident.get("dedup_key") or ""))
    ids = named(key, params.case, params.evidence)
    if ids is None:
        return Failed(f"no id of evidence in {shown(key or params.evidence, 200)!r}", {"dynamodb": "not asked"})
    record = await records.look(*ids)
    if record.there and not record.processed:
        why = "its processing failed" if record.failed else f"its record in {records.table} is {record.status}"
        return Failed(f"{record.evidence} is not finished: {why}", _facts(record))
    if record.there and not params.indexed:
        return Done(f"{record.evidence} is {record.status} in {records.table}", _facts(record))
    record = await records.search(record)
    said = f"{records.table} says {record.status}"
    if record.found:
        return Done(f"{record.evidence} is in the search index; {said}", _facts(record))
    return Failed(f"{record.evidence} is not there: {said}, the search index: {record.searched}", _facts(record))


def _facts(record: EvidenceRecord) -> dict[str, Any]:
    return {
        "evidence": record.evidence,
        "case": record.case,
        "dynamodb": record.status,
        "opensearch": record.searched,
    }
