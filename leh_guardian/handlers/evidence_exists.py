"""Owns the look at a piece of evidence: is its record finished?; the one rule: what is unfinished in DynamoDB is not there.

The worker writes a record to DynamoDB, `processing` until it is `processed`, and a document to the search index of the case. Names
come from object keys, which whoever uploads chooses: what does not look like an id names no index.
"""

from __future__ import annotations

import re
from typing import Any, Final, Self

from pydantic import model_validator

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.model.text import shown
from leh_guardian.ports import TableLayout, Tables
from leh_guardian.registry import Effect, Params, handler

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_KEY: Final = re.compile(
    r"cases/(?P<case>[A-Za-z0-9][A-Za-z0-9_.-]{0,127})/raw/(?P<evidence>ev_[A-Za-z0-9-]{1,120}|(?!ev_)[A-Za-z0-9-]{1,120})_(?s:.+)",
    re.ASCII,
)
"""`cases/{case_id}/raw/{evidence_id}_{filename}`."""
_FAILED: Final = "failed"


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
    finished: tuple[str, ...] = ("processed", "done")
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
    table = params.table or ctx.can.evidence_table
    if table is None or ctx.can.tables is None:
        raise Refused("nobody said where evidence is: set LEH_EVIDENCE__TABLE, or `table` in the rule")
    key = params.key or ("" if params.evidence is not None else str(ctx.incident.get("dedup_key") or ""))
    named = _named(params, key)
    if named is None:
        return Failed(f"no id of evidence in {shown(key or params.evidence, 200)!r}", {"dynamodb": "not asked"})
    case, evidence = named
    item = await _item(ctx.can.tables, table, case, evidence)
    status = _status(item)
    facts: dict[str, Any] = {"evidence": evidence, "case": case, "dynamodb": status, "opensearch": "not asked"}
    if item is not None and status.lower() not in {one.lower() for one in params.finished}:
        why = "its processing failed" if status.lower() == _FAILED else f"its record in {table} is {status}"
        return Failed(f"{evidence} is not finished: {why}", facts)
    if item is not None and not params.indexed:
        return Done(f"{evidence} is {status} in {table}", facts)
    facts["opensearch"] = found = await _searched(ctx, case, evidence)
    if found == "found":
        return Done(f"{evidence} is in the search index; {table} says {status}", facts)
    return Failed(f"{evidence} is not there: {table} says {status}, the search index: {found}", facts)


def _named(params: EvidenceExistsParams, key: str) -> tuple[str | None, str] | None:
    """Return (case, evidence), None where they do not look like ids."""
    if params.evidence is None:
        found = _KEY.fullmatch(key)
        return (found["case"], found["evidence"]) if found else None
    ids = [one for one in (params.case, params.evidence) if one is not None]
    if not all(_ID.fullmatch(one) for one in ids):
        return None
    return params.case, params.evidence


async def _item(tables: Tables, table: str, case: str | None, evidence: str) -> Any:
    layout = await tables.layout(table)
    match layout:
        case TableLayout("evidence_id", None):
            key = {"evidence_id": evidence}
        case TableLayout("case_id", "evidence_id"):
            if case is None:
                raise Refused(f"items of {table} are known by case_id and evidence_id: give `case` as well, or `key`")
            key = {"case_id": case, "evidence_id": evidence}
        case _:
            wanted = "evidence_id, or case_id and evidence_id"
            raise Refused(f"items of {table} are known by {' and '.join(layout.keys)}, not by {wanted}")
    item = await tables.get(table, key)
    # An id that somebody put into a file's name may be that of another case's evidence.
    if item is not None and case is not None and item.get("case_id", case) != case:
        return None
    return item


def _status(item: Any) -> str:
    if item is None:
        return "absent"
    status = item.get("status")
    return shown(status, 60) if isinstance(status, str) and status else "without a status"


async def _searched(ctx: ActionContext, case: str | None, evidence: str) -> str:
    if ctx.can.search is None:
        return "not configured"
    if case is None:
        return "not asked: the case is not known"
    found = await ctx.can.search.count(f"case_rag_{case.lower()}", "evidence_id", evidence)
    if found is None:
        return "no index"
    return "found" if found else "absent"
