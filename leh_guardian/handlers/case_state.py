"""Owns the look at a case before and after its restore: open or closed, by whom, what is missing where; the one rule: it only looks.

A rule puts it before `case_restore`, so that whoever approves sees what it is about; and into `verify`, with `complete`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import AccessDenied, NotFound, Refused
from leh_guardian.evidence import repair
from leh_guardian.evidence import wording as say
from leh_guardian.evidence.inventory import Inventory, take
from leh_guardian.evidence.record import FINISHED
from leh_guardian.fields import CaseId
from leh_guardian.language import NOTHING, Text
from leh_guardian.model.case import ACTIVE, CLOSED, CaseRecord, refusal
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.registry import Effect, Params, handler


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
    known, said = _described(ctx, case, seen)
    if params.complete:
        good = case.status == ACTIVE and seen.whole
        known |= ctx.briefly(say.joined(", ", said, seen.lacking))
        return (Done if good else Failed)(ctx.said(say.joined(". ", said, seen.said)), known)
    prices = repair.Prices(params.usd_per_piece, params.pitr_usd_per_gb)
    usd = repair.cost(seen, prices)
    known |= {"would": repair.steps(seen), "reprocess_usd": usd}
    price = say.reprocessing(len(seen.unfinished), usd)
    if seen.unfinished and (paused := await repair.is_paused(ctx.can, params.case)):
        known["paused"] = paused
        price = say.joined("; ", price, say.PAUSED)
    elif repair.worth_recovery(seen):
        known["pitr"] = found = await _recovery(ctx, params, case, seen, prices)
        price = repair.said(found, seen, prices)
    # Whoever approves reads it: the case, who closed it and when, what is missing where, and the price.
    known |= ctx.briefly(say.joined(", ", said, seen.lacking, price))
    return Done(ctx.said(say.joined(". ", said, price, seen.said)), known)


def _described(ctx: ActionContext, case: CaseRecord, seen: Inventory) -> tuple[dict[str, Any], Text]:
    """Return what is known of a case as facts, and in words."""
    assert ctx.can.cases is not None  # noqa: S101 - the caller has asked it
    now = ctx.clock.now()
    known: dict[str, Any] = {"case": case.id, "status": case.status, "stored_status": case.stored, **seen.facts}
    said = say.case(case.id, case.status)
    if case.status == CLOSED:
        why = refusal(case, ctx.can.cases.policy, now)
        closed = case.since
        known |= {
            "closed_by": case.closed_by,
            "closed_at": closed.isoformat(timespec="seconds") if closed else None,
            "closed_hours": round((now - closed).total_seconds() / 3600, 1) if closed else None,
            "refused": ctx.said(why) or None,
        }
        how = say.closing(case.closed_by, closed, now)
        said = say.joined(" - ", say.joined("; ", said, how), say.not_restorable(why) if why else NOTHING)
    return known, said


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
