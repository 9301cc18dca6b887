"""Owns the opening of a case that was closed by mistake; the one rule: from closed to active, once, never against who closed it anew.

Runbook B1. That a restored case is also whole again is `reconcile_case`'s.
"""

from __future__ import annotations

from datetime import datetime

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.evidence import wording as say
from leh_guardian.fields import CaseId
from leh_guardian.model.case import ACTIVE, CLOSED, refusal
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome
from leh_guardian.model.text import shown
from leh_guardian.ports import Cases
from leh_guardian.registry import Effect, Params, Via, handler


class CaseRestoreParams(Params):
    """Which case, and for whom."""

    case: CaseId
    """Its id."""
    requested_by: str | int = ""
    """Who asks for it, for the record: `${event.detail.user_id}`."""


@handler(
    effect=Effect.EXACTLY_ONCE,
    via=Via.SAME_TRANSACTION,
    changes=True,
    limits={"cases": 1},
    timeout="2m",
)
async def case_restore(ctx: ActionContext, params: CaseRestoreParams) -> Outcome:
    """Set the status of a closed case to active in LEH's own database, and write that into LEH's audit log, in one transaction.

    A case that is on hold, was closed long ago, or was closed again since somebody asked, stays closed.
    """
    cases = ctx.can.cases
    if cases is None:
        raise Refused("nobody said where LEH's database is: set LEH_PRODUCT_DATABASE_URL")
    at: str | None = ctx.recall("at")
    if at is not None:
        # An attempt before this one may have done it.
        return await _restore(ctx, cases, params, datetime.fromisoformat(at))
    case = await cases.look(params.case)
    known = {"case": case.id, "status": case.status, "closed_by": case.closed_by}
    if case.status == ACTIVE:
        return NoOp(ctx.said(say.is_active(case.id)), known)
    if case.status != CLOSED:
        return Failed(ctx.said(say.is_neither(case.id, case.status)), known)
    now = ctx.clock.now()
    if why := refusal(case, cases.policy, now, _asked_at(ctx)):
        return Failed(ctx.said(say.not_restored(case.id, why)), known | {"refused": ctx.said(why)})
    ctx.within_limit("cases", 1)
    if ctx.dry_run:
        return Done(ctx.said(say.would_open(case.id)), known)
    # The line in LEH's log is known again by its time.
    await ctx.checkpoint("at", now.isoformat())
    return await _restore(ctx, cases, params, now)


async def _restore(ctx: ActionContext, cases: Cases, params: CaseRestoreParams, at: datetime) -> Outcome:
    done = await cases.restore(params.case, ctx.action_id, at, _asked_at(ctx))
    before = done.before
    known = {
        "case": params.case,
        "status": ACTIVE if done.changed else before.status,
        "before": before.stored,
        "closed_by": before.closed_by,
        "closed_at": before.closed_at.isoformat() if before.closed_at else None,
        "requested_by": shown(params.requested_by, 200),
    }
    if done.changed:
        known |= {"restored_at": at.isoformat(), **ctx.briefly(say.opened_briefly(params.case))}
        return Done(ctx.said(say.opened(params.case)), known)
    if before.status == ACTIVE:
        return NoOp(ctx.said(say.is_active(params.case)), known)
    return Failed(ctx.said(say.is_neither(params.case, before.status)), known)


def _asked_at(ctx: ActionContext) -> datetime:
    return datetime.fromisoformat(str(ctx.incident["began_at"]))
