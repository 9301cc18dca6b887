"""Owns the stop of the whole worker, where it does not know circuits; the one rule: nothing is stopped that would be lost.

A queue keeps its messages while its mapping is disabled. An event that invokes the function directly is kept by nobody but
the dead-letter queue or failure destination that is to catch it: without one this refuses. Every case stops, so let a person
approve it (`mode: propose`): `rules check` warns of a rule that would not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.fields import Duration, FunctionRef
from leh_guardian.model.outcome import Done, Escalate, NoOp, Outcome, Wait
from leh_guardian.ports.feeds import FeedMapping, Feeds
from leh_guardian.registry import Effect, Params, Via, handler
from leh_guardian.telemetry.failpoints import failpoint

_LOOK = timedelta(seconds=5)


class PauseWorkerParams(Params):
    """Which function, and how far."""

    function: FunctionRef
    """The worker's function, by name or ARN, with the alias that its triggers name."""
    direct: bool = False
    """Also stop what invokes it directly (S3, EventBridge), by a reserved concurrency of 0: only where a dead-letter queue or failure
    destination catches those events, from where `dlq_redrive` with `function` brings them back."""
    patience: Duration = Field(timedelta(minutes=10), le=timedelta(days=1))
    """How long to wait until every mapping is disabled; then people are asked."""


@handler(
    effect=Effect.EXACTLY_ONCE,
    via=Via.SET_STATE,
    changes=True,
    residual="A request held up in the network until after a resume stops the worker again. What runs already ends by itself.",
    permissions=(
        "lambda:ListEventSourceMappings",
        "lambda:UpdateEventSourceMapping",
        "lambda:GetFunctionConfiguration",
        "lambda:GetFunctionConcurrency",
        "lambda:PutFunctionConcurrency",
        "lambda:GetFunctionEventInvokeConfig",
    ),
    limits={"switches": 5},
    timeout="2m",
    approval=True,
)
async def pause_worker(ctx: ActionContext, params: PauseWorkerParams) -> Outcome:
    """Stop the whole AI worker, for all cases: disable its event source mappings and, if asked, hold off what invokes it directly."""
    feeds = ctx.can.feeds
    if feeds is None:
        raise Refused("nothing here knows Lambda")
    mappings, before = await feeds.mappings(params.function), ctx.recall("before")
    if before is None or ctx.dry_run:
        before = await _before(feeds, params, mappings)
        facts = _facts(params, before, mappings)
        count = len(before["mappings"]) + before["direct"]
        if ctx.dry_run:
            return Done(
                f"would disable {len(before['mappings'])} mappings of {params.function}{_direct(before)}", facts
            )
        if not count and all(mapping.state == "Disabled" for mapping in mappings):
            return NoOp(f"{params.function} is stopped already", facts)
        ctx.within_limit("switches", count)
        before["since"] = ctx.clock.now().isoformat()
        await ctx.checkpoint("before", before)
    if before["direct"] and await feeds.reserved(params.function) != 0:
        await feeds.reserve(params.function, 0)
        failpoint("pause.reserved")
    for mapping in mappings:
        if mapping.id in before["mappings"] and mapping.state == "Enabled":
            await feeds.switch(mapping.id, on=False)
            failpoint("pause.disabled")
    return await _see(ctx, feeds, params, before)


async def _before(feeds: Feeds, params: PauseWorkerParams, mappings: Sequence[FeedMapping]) -> dict[str, Any]:
    """Return what will be changed, and what it was.

    Raises:
        Refused: nothing feeds it that can be stopped, or events would be lost.
    """
    before: dict[str, Any] = {"mappings": [], "direct": False, "reserved": None, "catches": []}
    before["mappings"] = [
        mapping.id for mapping in mappings if mapping.state not in {"Disabled", "Disabling", "Deleting"}
    ]
    if not params.direct:
        if not mappings:
            raise Refused(
                f"no event source mapping feeds {params.function}: it is invoked directly. Name the alias that its mapping names, or"
                " say `direct: true`"
            )
        return before
    catch = await feeds.catch(params.function)
    if not catch.places:
        raise Refused(
            f"{params.function} has neither a dead-letter queue nor a failure destination: with a reserved concurrency of 0 its events"
            " would be lost. Give it one first"
        )
    reserved = await feeds.reserved(params.function)
    return before | {
        "direct": reserved != 0,
        "reserved": reserved,
        "catches": list(catch.places),
        "oldest_seconds": catch.oldest,
    }


async def _see(ctx: ActionContext, feeds: Feeds, params: PauseWorkerParams, before: dict[str, Any]) -> Outcome:
    """Wait until every mapping is disabled."""
    mappings, now = await feeds.mappings(params.function), ctx.clock.now()
    facts = _facts(params, before, mappings)
    if all(mapping.state == "Disabled" for mapping in mappings):
        return Done(f"{params.function} takes no work any more{_direct(before)}", facts)
    slow = ", ".join(f"{mapping.id} is {mapping.state}" for mapping in mappings if mapping.state != "Disabled")
    if now - datetime.fromisoformat(before["since"]) >= params.patience:
        return Escalate(f"{params.function} is not stopped: {slow}", facts)
    return Wait(now + _LOOK, slow, facts)


def _facts(params: PauseWorkerParams, before: dict[str, Any], mappings: Sequence[FeedMapping]) -> dict[str, Any]:
    """Return what `resume_worker` and people need: `before` as it is."""
    kept = {name: value for name, value in before.items() if name in {"mappings", "direct", "reserved"}}
    told = {name: value for name, value in before.items() if name in {"catches", "oldest_seconds"} and value}
    states = {mapping.id: mapping.state for mapping in mappings}
    return {"function": params.function, "before": kept, "states": states, **told}


def _direct(before: dict[str, Any]) -> str:
    return ", and its direct invocations are held off by a reserved concurrency of 0" if before["direct"] else ""
