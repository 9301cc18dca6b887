"""Owns the look at how long parked work waits; the one rule: what was not looked at whole is not said to be young."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.fields import Duration
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome
from leh_guardian.model.text import shown
from leh_guardian.registry import Effect, Params, handler


class ParkedAgeParams(Params):
    """How long is too long."""

    most: Duration = Field(timedelta(hours=24), ge=timedelta(minutes=1))
    """How long work of a paused case may wait before people look at it."""


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=("dynamodb:DescribeTable", "dynamodb:Scan"),
    timeout="2m",
)
async def parked_age(ctx: ActionContext, params: ParkedAgeParams) -> Outcome:
    """Look how long the oldest parked work of a paused case has waited; fail where that is too long, so that people hear of it."""
    parked = ctx.can.parked
    if parked is None or ctx.can.breaker_table is None:
        return NoOp("nothing is parked where no circuits are: LEH_BREAKER__TABLE is not set")
    found = await parked.count()
    number, oldest = sum(found.by_case.values()), found.oldest
    facts: dict[str, Any] = {
        "parked": number,
        "cases": len(found.by_case),
        "whole": found.whole,
        "oldest_seconds": None,
        "case": None,
    }
    if oldest is None:
        return NoOp("nothing is parked", facts)
    if oldest.since is None:
        return Failed(f"work of {shown(oldest.case, 100)} does not say since when it waits", facts)
    age = ctx.clock.now() - oldest.since
    facts |= {"oldest_seconds": round(age.total_seconds()), "case": oldest.case}
    told = f"{number} pieces of work of {len(found.by_case)} cases are parked, the oldest for {age} ({shown(oldest.case, 100)})"
    if age > params.most:
        return Failed(f"{told}: release it, or say that it is not wanted any more", facts)
    if not found.whole:
        return Failed(f"{told}; there is more that was not looked at", facts)
    return Done(told, facts)
