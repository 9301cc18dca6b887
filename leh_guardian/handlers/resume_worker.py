"""Owns the worker's start after a stop; the one rule: exactly what `pause_worker` changed is put back, and nothing else is touched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.fields import Duration, FunctionRef
from leh_guardian.model.outcome import Done, Escalate, Failed, NoOp, Outcome, Wait
from leh_guardian.ports.feeds import FeedMapping, Feeds
from leh_guardian.registry import Effect, Params, Via, handler
from leh_guardian.telemetry.failpoints import failpoint

_LOOK = timedelta(seconds=5)


class Before(Params):
    """What was before the pause."""

    mappings: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Ids of the mappings that were enabled."""
    direct: bool = False
    """Whether the reserved concurrency was changed."""
    reserved: int | None = None
    """... and what it was; none: there was none."""


class ResumeWorkerParams(Params):
    """Which function, and what it was before."""

    function: FunctionRef
    """As in `pause_worker`."""
    before: Before
    """Its facts: `${actions.<id of the step>.before}`."""
    patience: Duration = Field(timedelta(minutes=10), le=timedelta(days=1))
    """How long to wait until every mapping is enabled; then people are asked."""


@handler(
    effect=Effect.EXACTLY_ONCE,
    via=Via.SET_STATE,
    changes=True,
    permissions=(
        "lambda:ListEventSourceMappings",
        "lambda:UpdateEventSourceMapping",
        "lambda:GetFunctionConcurrency",
        "lambda:PutFunctionConcurrency",
        "lambda:DeleteFunctionConcurrency",
    ),
    limits={"switches": 5},
    timeout="2m",
)
async def resume_worker(ctx: ActionContext, params: ResumeWorkerParams) -> Outcome:
    """Start the AI worker again after `pause_worker`: the reserved concurrency and the mappings that it changed, as they were."""
    feeds, before = ctx.can.feeds, params.before
    if feeds is None:
        raise Refused("nothing here knows Lambda")
    mappings = {mapping.id: mapping for mapping in await feeds.mappings(params.function)}
    if gone := sorted(set(before.mappings) - mappings.keys()):
        return Failed(f"{params.function} has no event source mapping {', '.join(gone)}", {"gone": gone})
    reserved = await feeds.reserved(params.function) if before.direct else None
    # Whoever has set another value since meant it.
    restores = before.direct and reserved == 0 and before.reserved != 0
    off = [mappings[one] for one in before.mappings if mappings[one].state != "Enabled"]
    facts = _facts(params, mappings) | ({"reserved": reserved} if before.direct else {})
    if ctx.dry_run:
        return Done(f"would enable {len(off)} mappings of {params.function}{_said(before, restores=restores)}", facts)
    if not off and not restores and ctx.recall("since") is None:
        return NoOp(f"{params.function} is as it was before", facts)
    if ctx.recall("since") is None:
        ctx.within_limit("switches", len(off) + restores)
        await ctx.checkpoint("since", ctx.clock.now().isoformat())
    if restores:
        await feeds.reserve(params.function, before.reserved)
        failpoint("resume.reserved")
    for mapping in off:
        if mapping.state == "Disabled":
            await feeds.switch(mapping.id, on=True)
            failpoint("resume.enabled")
    return await _see(ctx, feeds, params)


async def _see(ctx: ActionContext, feeds: Feeds, params: ResumeWorkerParams) -> Outcome:
    """Wait until every mapping that was enabled is so again."""
    mappings, now = {mapping.id: mapping for mapping in await feeds.mappings(params.function)}, ctx.clock.now()
    states = {one: mappings[one].state if one in mappings else "gone" for one in params.before.mappings}
    slow = ", ".join(f"{one} is {state}" for one, state in states.items() if state != "Enabled")
    if not slow:
        return Done(f"{params.function} is as it was before", _facts(params, mappings))
    if now - datetime.fromisoformat(ctx.recall("since") or now.isoformat()) >= params.patience:
        return Escalate(f"{params.function} is not started: {slow}", _facts(params, mappings))
    return Wait(now + _LOOK, slow, _facts(params, mappings))


def _facts(params: ResumeWorkerParams, mappings: dict[str, FeedMapping]) -> dict[str, Any]:
    return {"function": params.function, "states": {mapping.id: mapping.state for mapping in mappings.values()}}


def _said(before: Before, *, restores: bool) -> str:
    amount = "none" if before.reserved is None else str(before.reserved)
    return f", and set its reserved concurrency to {amount}" if restores else ""
