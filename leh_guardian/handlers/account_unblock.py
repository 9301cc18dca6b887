"""Owns the end of a block; the one rule: only what guardian itself has blocked, back to what it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.fields import UserId
from leh_guardian.model import account_wording as say
from leh_guardian.model.account import ACTIVE, BLOCKED
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome
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
            return NoOp(ctx.said(say.is_active(account.id)), known)
        if account.status != BLOCKED:
            return Failed(ctx.said(say.not_blocked(account.id, account.status)), known)
        ctx.within_limit("accounts", 1)
        if ctx.dry_run:
            return Done(ctx.said(say.would_unblock(account.id)), known)
        at = ctx.clock.now().isoformat()
        await ctx.checkpoint("at", at)
    done = await accounts.unblock(params.user, ctx.action_id, datetime.fromisoformat(at), params.before)
    if not done.changed:
        found = {"user": params.user, "status": done.before.status}
        if done.before.status == ACTIVE:
            return NoOp(ctx.said(say.is_active(params.user)), found)
        return Failed(ctx.said(say.not_blocked(params.user, done.before.status)), found)
    now = await accounts.look(params.user)
    return Done(
        ctx.said(say.unblocked(params.user)),
        {
            "user": params.user,
            "status": now.status,
            "label": done.label,
            "verified": now.stored == done.label,
            "unblocked_at": at,
            **ctx.briefly(say.unblocked_briefly(params.user, done.label)),
        },
    )
