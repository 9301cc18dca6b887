"""Owns the end of a block; the one rule: only what guardian itself has blocked, back to what it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.fields import UserId
from leh_guardian.model.account import ACTIVE, BLOCKED
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome
from leh_guardian.model.text import shown
from leh_guardian.registry import Effect, Params, Via, handler


class AccountUnblockParams(Params):
    """Whose account."""

    user: UserId
    """The account's id."""
    before: str | None = Field(None, max_length=100)
    """Its status as it was stored before: `before` of the facts of `account_block`. Left out, the label that means active."""


@handler(
    effect=Effect.EXACTLY_ONCE,
    via=Via.SAME_TRANSACTION,
    changes=True,
    limits={"accounts": 1},
    timeout="2m",
    approval=True,
    target="user",
)
async def account_unblock(ctx: ActionContext, params: AccountUnblockParams) -> Outcome:
    """Make an account active again that guardian has blocked, and write that into LEH's audit log, in one transaction."""
    accounts = ctx.can.accounts
    if accounts is None:
        raise Refused("nobody said where LEH's database is: set LEH_PRODUCT_DATABASE_URL")
    at: str | None = ctx.recall("at")
    if at is None:
        account = await accounts.look(params.user)
        known: dict[str, Any] = {"user": account.id, "status": account.status, "before": account.stored}
        if account.status == ACTIVE:
            return NoOp(f"계정 {account.id}는 이미 active입니다", known)
        if account.status != BLOCKED:
            return Failed(
                f"계정 {account.id}는 차단된 상태가 아니라 {account.status}입니다. 사람이 확인해야 합니다", known
            )
        ctx.within_limit("accounts", 1)
        if ctx.dry_run:
            return Done(f"계정 {account.id}의 차단을 해제할 것입니다", known)
        at = ctx.clock.now().isoformat()
        await ctx.checkpoint("at", at)
    done = await accounts.unblock(params.user, ctx.action_id, datetime.fromisoformat(at), params.before)
    if not done.changed:
        found = {"user": params.user, "status": done.before.status}
        if done.before.status == ACTIVE:
            return NoOp(f"계정 {params.user}는 이미 active입니다", found)
        return Failed(f"계정 {params.user}는 차단된 상태가 아니라 {done.before.status}입니다", found)
    now = await accounts.look(params.user)
    return Done(
        f"계정 {params.user}의 차단을 해제하고 LEH 감사 로그에 기록했습니다",
        {
            "user": params.user,
            "status": now.status,
            "label": done.label,
            "verified": now.stored == done.label,
            "unblocked_at": at,
            "brief": f"계정 {params.user} 차단 해제: {shown(done.label, 40)}",
        },
    )
