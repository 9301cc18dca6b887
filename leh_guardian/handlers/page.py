"""Owns the sending of guardian's own messages to people; the one rule: one that has been taken is never sent again, only followed.

What it says, whether it is still wanted, and whether it has to wait, is the engine's to know (`ActionContext.can.messages`); rules
tell people with `notify`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Literal

import anyio
from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import (
    HandlerError,
    NotFound,
    Permanent,
    Refused,
    StoreError,
    Throttled,
    Transient,
    Unavailable,
)
from leh_guardian.fields import ChannelName
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome, Wait
from leh_guardian.ports import Channel, Confirming, Elsewhere, Later, Moot, Outgoing, Pages, Receipt, Sent
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.telemetry.failpoints import failpoint

_POLL = timedelta(seconds=10)
"""Between two looks at whether a message arrived."""


class PageParams(Params):
    """One message."""

    target: str = Field(min_length=1)
    """`person:ID` or `channel:NAME`."""
    channel: ChannelName
    """By which channel."""
    kind: Literal["page", "update", "status", "reminder", "handover"] = "page"
    """Why somebody is told."""
    text: str = Field(min_length=1)
    """A title and lines."""
    brief: str = ""
    """What is said in place of the text where others may read it; empty: what the incident is."""
    epoch: int = 0
    """Which beginning of the incident's escalation it belongs to."""
    seq: int = 0
    """Which move of it."""
    nth: int = 0
    """Which of a person's ways it is, counted from the first."""
    grouped: bool = False
    """Whether it waited for more of its kind."""
    level: int = 0
    """The level called."""
    why: str = ""
    """Why it was called."""
    deadline: str = ""
    """Until when an answer is expected, in Korean."""
    approves: str = ""
    """The action that waits for this person's word."""
    failover: tuple[str, ...] = ()
    """Channels that are left if this one does not take it."""
    confirm: float | None = None
    """Seconds in which it must be known to have arrived."""
    instead_of: str | None = None
    """The channel that did not take it."""


@handler(
    effect=Effect.AT_LEAST_ONCE,
    changes=False,
    residual=(
        "A crash, a standstill beyond the lease, or a lost or late answer between sending and writing it down sends the message"
        " again with the same id; where the channel can show it, it is marked as one that may have come before."
    ),
    timeout="30s",
)
async def page(ctx: ActionContext, params: PageParams) -> Outcome:
    """Send one of guardian's own messages: a call, what became of an incident, a reminder.

    A channel that refuses it, or a receipt that stays away, sends it on by the next channel of `failover`. Used by guardian
    itself; rules say `notify`.
    """
    messages = ctx.can.messages
    channel = ctx.can.channels.get(params.channel)
    if messages is None or channel is None:
        known = ", ".join(sorted(ctx.can.channels))
        raise NotFound(f"no channel named {params.channel} (there are: {known}): add it to notify.channels")
    accepted = ctx.recall("accepted")
    if accepted is not None:
        # A process that died here before may not have come to it.
        await messages.taken(ctx.action_id, ctx.incident_id, params.model_dump(), accepted)
        return await _follow(ctx, params, messages, accepted)
    again = ctx.recall("sending") is not None
    bundled = ctx.recall("bundle", [])
    found = await messages.look(ctx.action_id, params.model_dump(), bundled=bundled, again=again)
    if isinstance(found, Moot):
        return NoOp(found.reason)
    if isinstance(found, Elsewhere):
        return Failed(found.reason)
    if isinstance(found, Later):
        return Wait(found.until, found.reason, {"silence": found.silence} if found.silence else {})
    if ctx.dry_run:
        return Done(f"would tell {params.target} by {params.channel}: {found.notice.title}")
    if list(found.bundle) != bundled:
        await ctx.checkpoint("bundle", list(found.bundle))
    await ctx.checkpoint("sending", ctx.attempt)
    failpoint("page.sending")
    sent = await _send(ctx, params, messages, channel, found)
    failpoint("page.sent")
    accepted = {
        "reference": sent.reference,
        "at": ctx.clock.now().isoformat(),
        "thread": dict(sent.thread),
        "title": found.notice.title,
        "again": found.notice.again,
    }
    await ctx.checkpoint("accepted", accepted)
    failpoint("page.accepted")
    await messages.taken(ctx.action_id, ctx.incident_id, params.model_dump(), accepted)
    failpoint("page.taken")
    if params.confirm is None or not channel.confirms:
        return Done(f"told {params.target} by {params.channel}", _facts(params, accepted))
    return Wait(ctx.clock.now() + min(_POLL, timedelta(seconds=params.confirm)), "taken; not known to have arrived")


async def _send(ctx: ActionContext, params: PageParams, messages: Pages, channel: Channel, found: Outgoing) -> Sent:
    """Hand a message to its channel; what it does not take is counted, but for its asking to slow down."""
    try:
        with anyio.fail_after(found.within):
            return await channel.send(found.notice)
    except Throttled:
        await ctx.checkpoint("sending", None)
        raise
    except Permanent as error:
        # It certainly did not go out.
        await ctx.checkpoint("sending", None)
        await _broken(ctx, params, messages, error, lasting=True)
        raise
    except (Transient, TimeoutError) as error:
        late = f"{params.channel}: no answer within {found.within:g} s"
        failure = error if isinstance(error, Transient) else Unavailable(late)
        if await _broken(ctx, params, messages, failure, lasting=False) and params.failover:
            # No use in trying again here.
            raise Refused(f"{params.channel} does not work: {failure}") from error
        raise failure from None


async def _broken(ctx: ActionContext, params: PageParams, messages: Pages, error: Exception, *, lasting: bool) -> bool:
    """Count that a channel did not take a message; returns whether it counts as broken now."""
    # What came of the message is to be settled, whether it can be counted or not.
    with suppress(StoreError):
        return await messages.not_taken(ctx.action_id, params.model_dump(), str(error), lasting=lasting)
    return False


async def _follow(ctx: ActionContext, params: PageParams, messages: Pages, accepted: dict[str, Any]) -> Outcome:
    """Look whether a message that was taken has arrived."""
    channel = ctx.can.channels[params.channel]
    if params.confirm is None or not channel.confirms:
        return Done(f"told {params.target} by {params.channel}", _facts(params, accepted))
    confirming: Confirming = channel  # type: ignore[assignment]
    try:
        receipt = await confirming.receipt(accepted["reference"])
    except HandlerError:
        # Whatever keeps it from being looked at, it is not known to be lost: it has its time.
        receipt = Receipt.PENDING
    if receipt is Receipt.DELIVERED:
        await messages.confirmed(ctx.action_id, receipt)
        return Done(f"told {params.target} by {params.channel}: arrived", _facts(params, accepted))
    if receipt is Receipt.FAILED:
        await messages.confirmed(ctx.action_id, receipt)
        return Failed(f"{params.channel} took it, and it did not arrive", _facts(params, accepted))
    since = ctx.clock.now() - _when(accepted)
    if since >= timedelta(seconds=params.confirm):
        return Failed(
            f"{params.channel} took it, and nothing is known of it after {params.confirm:g} s", _facts(params, accepted)
        )
    return Wait(
        ctx.clock.now() + min(_POLL, timedelta(seconds=params.confirm) - since), "taken; not known to have arrived"
    )


def _facts(params: PageParams, accepted: dict[str, Any]) -> dict[str, Any]:
    return {"target": params.target, "channel": params.channel, "reference": accepted["reference"], "taken": True}


def _when(accepted: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(accepted["at"])
