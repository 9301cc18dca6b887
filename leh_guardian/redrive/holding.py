"""Owns the hold of a redrive while an AI provider is away; the one rule: it holds for a bounded time, and what would expire is kept.

A letter that goes back to a worker whose provider is away dies again. So a redrive asks the record of outages (which
`await_provider` writes) before it sends: of the provider that its rule names, or of any, since one that was told of none
would learn it at the cost of the letters. Waiting costs no attempt. SQS deletes a message at the end of its queue's retention,
counted from when it was first sent, whoever waits: letters that come near it are put into quarantine meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.context import ActionContext
from leh_guardian.errors import StoreUnavailable
from leh_guardian.model.outcome import Escalate, Outcome, Wait
from leh_guardian.model.provider.outage import Outage
from leh_guardian.ports import QueueInfo
from leh_guardian.redrive.keeping import keep_ageing

NONE: Final = "none"
"""In place of a provider: nobody's outage holds it."""
_PAUSE = timedelta(minutes=1)
_LOOKS = 4
"""How often the queue is looked through while a letter comes near its end."""


@dataclass(frozen=True, slots=True)
class HoldOrders:
    """For whom it waits."""

    provider: str | None
    """None: for any."""
    give_up_after: timedelta
    rescue_before: timedelta
    """How long before SQS deletes it a letter is kept."""


async def hold(ctx: ActionContext, source: QueueInfo, orders: HoldOrders) -> Outcome | None:
    """Return a wait while the provider is away, a call for people when that lasts too long, None when the way is free."""
    now, remembered = ctx.clock.now(), ctx.recall("hold")
    try:
        outage = await _outage(ctx, orders.provider)
    except StoreUnavailable as error:
        # No failed attempt: a hold of twelve hours may outlast several restarts of PostgreSQL.
        return Wait(now + _PAUSE, f"the record of outages cannot be used: {error}")
    if outage is None:
        if remembered:
            await ctx.checkpoint("hold", None)
        return None
    remembered = remembered or {"since": now.isoformat(), "looked_at": None}
    since, kept = datetime.fromisoformat(remembered["since"]), ctx.recall("kept", 0)
    looked_at = remembered["looked_at"]
    if looked_at is None or now - datetime.fromisoformat(looked_at) >= orders.rescue_before / _LOOKS:
        kept = (await keep_ageing(ctx, source, orders.rescue_before)).kept
        remembered = {**remembered, "looked_at": now.isoformat()}
    await ctx.checkpoint("hold", remembered)
    facts = {"source": source.name, "provider": outage.provider, "held_since": since.isoformat(), "kept": kept}
    why = f"{outage.provider} is away since {outage.began_at.isoformat()}"
    if now - since >= orders.give_up_after:
        return Escalate(f"{why}: gave up after {now - since}. Redrive {source.name} once it is well again", facts)
    return Wait(now + _PAUSE, f"{why}: nothing goes back to a worker that it fails", facts)


async def _outage(ctx: ActionContext, provider: str | None) -> Outage | None:
    outages = ctx.can.outages
    if outages is None or provider == NONE:
        return None
    if provider is not None:
        return await outages.held(provider, ctx.clock.now())
    return next(iter(await outages.all_held(ctx.clock.now())), None)
