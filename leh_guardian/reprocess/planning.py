"""Owns what there is to do, before anything is done; the one rule: what a look cannot see counts as if it were meant."""

from __future__ import annotations

from typing import Any

from leh_guardian.context import ActionContext
from leh_guardian.evidence.names import named
from leh_guardian.model.outcome import Failed
from leh_guardian.model.text import shown
from leh_guardian.ports import QueueInfo
from leh_guardian.redrive.selection import Selection
from leh_guardian.redrive.survey import survey


def one_piece(
    ctx: ActionContext, key: str | None, case: str | None, evidence: str | None
) -> tuple[str | None, str] | Failed:
    """Return (case, evidence) of the one piece that is named, or that the incident is about; or why there is none."""
    key = key or str(ctx.incident.get("dedup_key") or "")
    return named(key, case, evidence) or Failed(f"no id of evidence in {shown(evidence or key, 200)!r}")


async def look_through(ctx: ActionContext, source: QueueInfo, select: Selection) -> tuple[dict[str, Any], int]:
    """Return what of a queue is meant, and how many letters somebody hides: an earlier look that was cut off, say."""
    seen, visible = await survey(ctx.can.queues, source, select, ctx.clock.now()), source.depth.visible
    missing = max(0, visible - seen.seen)
    # What was not looked at may all be meant, and name a piece each: a limit is about what may happen.
    unseen = 0 if seen.whole else missing
    plan: dict[str, Any] = {"source": source.name, "messages": visible}
    plan |= {"selected": seen.selected + unseen, "named": len(seen.named) + unseen}
    hidden = source.depth.in_flight + (missing if seen.whole else 0)
    return (plan | {"skipped": dict(seen.skipped)} if seen.skipped else plan), hidden


async def lies_in(ctx: ActionContext, queue: str, evidence: str) -> tuple[str, bool]:
    """Return why a piece is left to the redrive of a dead-letter queue, empty if it is not; and whether that is sure."""
    source = await ctx.can.queues.info(queue)
    seen = await survey(ctx.can.queues, source, Selection(), ctx.clock.now())
    if evidence in seen.named:
        return f"a letter of {evidence} lies in {source.name}: it is left to the redrive", True
    if source.depth.in_flight or not seen.whole:
        return (
            f"whether a letter of {evidence} lies in {source.name} cannot be told: somebody hides what lies there",
            False,
        )
    return "", True
