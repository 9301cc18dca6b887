"""Owns the block of an account that attacks; the one rule: from active to blocked, once, and never what nobody could undo.

Runbook C3. `account_unblock` takes it back. Sessions that are open already are the service's: they live until they expire, or
until the service looks at the account's status.
"""

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
from leh_guardian.ports import Accounts
from leh_guardian.registry import Effect, Params, Via, handler


class AccountBlockParams(Params):
    """Whose account, and why."""

    user: UserId
    """The account's id."""
    reason: str = Field("", max_length=500)
    """Why, for the record: `${actions.….brief}` of the step that judged it."""


@handler(
    effect=Effect.EXACTLY_ONCE,
    via=Via.SAME_TRANSACTION,
    changes=True,
    limits={"accounts": 1},
    timeout="2m",
    approval=True,
)
async def account_block(ctx: ActionContext, params: AccountBlockParams) -> Outcome:
    """Block an active account in LEH's own database, and write that into LEH's audit log, in one transaction; read back afterwards.

    Never the last active administrator, guardian's own user, or one of `product_database.never_block`.
    """
    accounts = ctx.can.accounts
    if accounts is None:
        raise Refused("nobody said where LEH's database is: set LEH_PRODUCT_DATABASE_URL")
    begun: dict[str, str] | None = ctx.recall("begun")
    if begun is not None:
        # An attempt before this one may have done it.
        return await _block(ctx, accounts, params, begun)
    account = await accounts.look(params.user)
    known = {"user": account.id, "status": account.status, "before": account.stored, "admin": account.admin}
    if account.status == BLOCKED:
        return NoOp(f"계정 {account.id}는 이미 차단되어 있습니다({shown(account.stored, 40)})", known)
    if account.status != ACTIVE:
        return Failed(
            f"계정 {account.id}의 상태가 active가 아니라 {account.status}입니다. 사람이 확인해야 합니다", known
        )
    if account.refusal:
        return Failed(
            f"계정 {account.id}를 차단하지 않았습니다: {account.refusal}", known | {"refused": account.refusal}
        )
    ctx.within_limit("accounts", 1)
    if ctx.dry_run:
        return Done(f"계정 {account.id}를 차단할 것입니다", known)
    begun = {"at": ctx.clock.now().isoformat(), "before": account.stored}
    # The line in LEH's log is known again by its time.
    await ctx.checkpoint("begun", begun)
    return await _block(ctx, accounts, params, begun)


async def _block(ctx: ActionContext, accounts: Accounts, params: AccountBlockParams, begun: dict[str, str]) -> Outcome:
    user = params.user
    done = await accounts.block(user, ctx.action_id, datetime.fromisoformat(begun["at"]))
    known: dict[str, Any] = {"user": user, "before": begun["before"], "reason": shown(params.reason, 500)}
    if not done.changed:
        found = known | {"status": done.before.status}
        if done.before.status == BLOCKED:
            return NoOp(f"계정 {user}는 이미 차단되어 있습니다", found)
        return Failed(f"계정 {user}의 상태가 active가 아니라 {done.before.status}입니다", found)
    now = await accounts.look(user)
    known |= {
        "status": now.status,
        "label": done.label,
        "verified": now.stored == done.label,
        "blocked_at": begun["at"],
        "sessions": "not revoked: they live until they expire, or until the service looks at the account's status",
        "brief": f"계정 {user} 차단: {shown(begun['before'], 40)} → {done.label}",
    }
    said = f"계정 {user}를 차단하고 LEH 감사 로그에 기록했습니다. 열린 세션은 만료될 때까지 유효합니다"
    if not known["verified"]:
        said += f". 그 뒤 상태가 {now.status}로 바뀌었습니다"
    return Done(said, known)
