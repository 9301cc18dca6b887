"""Owns the block of an account that attacks; the one rule: from active to blocked, once, and never what nobody could undo.

Runbook C3. `account_unblock` takes it back. Sessions that are open already are the service's: it is asked to end them, where it can
be (`admin_api.revoke_sessions`); whatever it answers, the block stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError, OutcomeUnknown, Refused, Throttled, Unavailable
from leh_guardian.fields import UserId
from leh_guardian.model import account_wording as say
from leh_guardian.model.account import ACTIVE, BLOCKED
from leh_guardian.model.outcome import Done, Escalate, Failed, NoOp, Outcome, Wait
from leh_guardian.model.text import shown
from leh_guardian.ports import Accounts, Sessions
from leh_guardian.registry import Effect, Params, Via, handler

_PAUSES: Final = (5, 10, 20, 40, 60)
"""Seconds before sessions are asked to end again; then people do it."""
_LIVE_ON: Final = "not revoked: they live until they expire, or until the service looks at the account's status"


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
    target="user",
)
async def account_block(ctx: ActionContext, params: AccountBlockParams) -> Outcome:
    """Block an active account in LEH's own database, and write that into LEH's audit log, in one transaction; read back afterwards.

    Never the last active administrator, guardian's own user, or one of `product_database.never_block`. Then its sessions are ended by
    `admin_api.revoke_sessions`, where that is set: where that fails people are called, and the block stays.
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
        return NoOp(ctx.said(say.is_blocked(account.id, account.stored)), known)
    if account.status != ACTIVE:
        return Failed(ctx.said(say.not_active(account.id, account.status)), known)
    if why := account.refusal:
        return Failed(ctx.said(say.refused(account.id, why)), known | {"refused": ctx.said(why)})
    ctx.within_limit("accounts", 1)
    if ctx.dry_run:
        return Done(ctx.said(say.would_block(account.id)), known)
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
            return NoOp(ctx.said(say.is_blocked(user, done.before.stored)), found)
        return Failed(ctx.said(say.not_active(user, done.before.status)), found)
    now = await accounts.look(user)
    known |= {
        "status": now.status,
        "label": done.label,
        "verified": now.stored == done.label,
        "blocked_at": begun["at"],
        "sessions": _LIVE_ON,
        **ctx.briefly(say.blocked_briefly(user, begun["before"], done.label)),
    }
    if not known["verified"]:
        # Somebody has changed it since: whose sessions live is theirs to say.
        return Done(ctx.said(say.blocked(user, say.changed_since(now.status))), known)
    if ctx.can.sessions is None:
        return Done(ctx.said(say.blocked(user, say.LIVE_ON)), known)
    return await _revoke(ctx, ctx.can.sessions, user, known)


async def _revoke(ctx: ActionContext, sessions: Sessions, user: str, known: dict[str, Any]) -> Outcome:
    """End the sessions of a blocked account; what may have been lost is asked again, for asked twice it ends nothing more."""
    try:
        answered = await sessions.revoke(user, str(ctx.action_id))
    except (Throttled, Unavailable, OutcomeUnknown) as error:
        tries: int = ctx.recall("asked", 0)
        if tries < len(_PAUSES):
            await ctx.checkpoint("asked", tries + 1)
            pause = error.retry_after if isinstance(error, Throttled) and error.retry_after else 0.0
            until = ctx.clock.now() + timedelta(seconds=max(_PAUSES[tries], min(pause, _PAUSES[-1])))
            return Wait(until, ctx.said(say.revoking_again(user, str(error))), known)
        return _not_revoked(ctx, user, known, error)
    except HandlerError as error:
        return _not_revoked(ctx, user, known, error)
    done = known | {"sessions": f"revoked: {shown(answered, 200)}"}
    return Done(ctx.said(say.blocked(user, say.REVOKED)), done)


def _not_revoked(ctx: ActionContext, user: str, known: dict[str, Any], error: HandlerError) -> Outcome:
    why = shown(str(error), 300)
    left = known | {"sessions": f"blocked, sessions not revoked: {why}"}
    return Escalate(ctx.said(say.not_revoked(user, why)), left)
