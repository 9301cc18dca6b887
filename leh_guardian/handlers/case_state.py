"""Owns the look at a case before and after its restore: open or closed, by whom, what is missing where; the one rule: it only looks.

A rule puts it before `case_restore`, so that whoever approves sees what it is about; and into `verify`, with `complete`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import AccessDenied, NotFound, Refused
from leh_guardian.evidence import repair
from leh_guardian.evidence.inventory import Inventory, take
from leh_guardian.evidence.record import FINISHED
from leh_guardian.fields import CaseId
from leh_guardian.model.case import ACTIVE, CLOSED, CaseRecord, refusal
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.model.text import shown
from leh_guardian.registry import Effect, Params, handler

_SEOUL: Final = ZoneInfo("Asia/Seoul")


class CaseStateParams(Params):
    """Which case."""

    case: CaseId
    """Its id."""
    complete: bool = False
    """Fail unless the case is active, every piece of its evidence is finished, and all of it can be searched."""
    table: str | None = None
    """The DynamoDB table; that of LEH_EVIDENCE__TABLE if left out."""
    finished: Annotated[tuple[str, ...], Field(strict=False)] = FINISHED
    """The values of `status` that mean that a piece is finished."""
    usd_per_piece: float = Field(repair.USD_PER_PIECE, ge=0)
    """What processing one piece anew costs, for the estimate."""
    pitr_usd_per_gb: float = Field(repair.USD_PER_GB, ge=0)
    """What DynamoDB's point-in-time recovery costs for each GB of the table: an assumption, look at AWS's prices."""


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=(
        "s3:ListBucket",
        "dynamodb:DescribeTable",
        "dynamodb:Query",
        "dynamodb:GetItem",
        "dynamodb:DescribeContinuousBackups",
    ),
    timeout="3m",
)
async def case_state(ctx: ActionContext, params: CaseStateParams) -> Outcome:
    """Look at a case: its status in LEH's database, who closed it and when, and what of its evidence is missing where; with prices."""
    if ctx.can.cases is None:
        raise Refused("nobody said where LEH's database is: set LEH_PRODUCT_DATABASE_URL")
    case = await ctx.can.cases.look(params.case)
    seen = await take(ctx.can, params.case, table=params.table, finished=params.finished)
    known, said = described(ctx, case, seen)
    if params.complete:
        good = case.status == ACTIVE and seen.whole
        return (Done if good else Failed)(f"{said}. {seen.korean}", known)
    prices = repair.Prices(params.usd_per_piece, params.pitr_usd_per_gb)
    known |= {"would": repair.steps(seen), "reprocess_usd": repair.cost(seen, prices)}
    if repair.worth_recovery(seen):
        found = await _recovery(ctx, params, case, seen, prices)
        known["pitr"] = found
        said = f"{said}. {repair.korean(found, seen, prices)}"
    return Done(f"{said}. {seen.korean}", known)


def described(ctx: ActionContext, case: CaseRecord, seen: Inventory) -> tuple[dict[str, Any], str]:
    """Return what is known of a case as facts, and in Korean."""
    assert ctx.can.cases is not None  # noqa: S101 - the caller has asked it
    now = ctx.clock.now()
    known: dict[str, Any] = {"case": case.id, "status": case.status, "stored_status": case.stored, **seen.facts}
    said = f"사건 {case.id}: {case.status}"
    if case.status == CLOSED:
        why = refusal(case, ctx.can.cases.policy, now)
        closed = case.since
        known |= {
            "closed_by": case.closed_by,
            "closed_at": closed.isoformat(timespec="seconds") if closed else None,
            "closed_hours": round((now - closed).total_seconds() / 3600, 1) if closed else None,
            "refused": why or None,
        }
        said += f" ({_closing(known, closed)})" + (f" - 복구 불가: {why}" if why else "")
    known["brief"] = f"{said}, {_missing(seen)}"
    return known, said


def _closing(known: dict[str, Any], closed: datetime | None) -> str:
    by = shown(known["closed_by"] or "알 수 없음", 60)
    when = closed.astimezone(_SEOUL).strftime("%m-%d %H:%M") if closed else "시각 알 수 없음"
    return f"종료: {by}, {when}, {known['closed_hours'] or 0:g}시간 전"


def _missing(seen: Inventory) -> str:
    parts: list[tuple[str, Collection[str]]] = [
        ("기록 없음", seen.absent),
        ("처리 미완료", seen.unfinished - seen.absent),
        ("검색 안 됨", seen.unindexed),
        ("원본 없음", seen.orphans),
    ]
    said = ", ".join(f"{what} {len(ids)}건" for what, ids in parts if ids)
    return f"증거 {len(seen.evidence)}건" + (f" ({said})" if said else " 모두 정상")


async def _recovery(
    ctx: ActionContext, params: CaseStateParams, case: CaseRecord, seen: Inventory, prices: repair.Prices
) -> dict[str, Any]:
    table = params.table or ctx.can.evidence_table
    assert ctx.can.tables is not None  # noqa: S101 - the inventory has asked it
    assert table is not None  # noqa: S101
    try:
        backups = await ctx.can.tables.backups(table)
    except (AccessDenied, NotFound, Refused) as error:
        # A price that cannot be told keeps nobody from reprocessing.
        ctx.log.warning("the table's recovery cannot be looked at", table=table, error=str(error))
        return {"why_not": f"it cannot be looked at: {error}"}
    return repair.recovery(seen, table, backups, case.since, ctx.clock.now(), prices)
