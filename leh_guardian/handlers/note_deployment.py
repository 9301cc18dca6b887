"""Owns the writing down of a deployment that an event tells of; the one rule: told twice is written down once."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.fields import ToldFunction
from leh_guardian.model.deployment import Deployment, function_name
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.model.text import shown
from leh_guardian.registry import Effect, Params, Via, handler

_OF_AN_ALIAS = "UpdateAlias"


class NoteDeploymentParams(Params):
    """What the event says."""

    function: ToldFunction
    """The function's name or ARN."""
    at: str = Field(max_length=60)
    """When, in ISO 8601: `${event.detail.eventTime}`."""
    source: str = Field(min_length=1, max_length=200)
    """The event's own id: `${event.detail.eventID}`."""
    what: str = Field("deployment", max_length=100)
    """The call: `${event.detail.eventName}`."""
    alias: str = Field("", max_length=130)
    """The alias that an `UpdateAlias` moved, empty for other calls."""


@handler(effect=Effect.EXACTLY_ONCE, via=Via.CONDITIONAL_WRITE, changes=False, timeout="30s")
async def note_deployment(ctx: ActionContext, params: NoteDeploymentParams) -> Outcome:
    """Write down that a Lambda function was deployed: `reprocess_evidence` waits for it. Nothing outside guardian changes."""
    if ctx.can.deployments is None:
        raise Refused("there is no memory of deployments")
    named = function_name(params.function)
    try:
        at = datetime.fromisoformat(params.at)
    except ValueError:
        at = None
    if named is None or at is None or at.tzinfo is None:
        return Failed(f"{shown(params.at, 60)!r} is no instant in ISO 8601 with a time zone")
    name, qualifier = named
    alias = params.alias if params.what.startswith(_OF_AN_ALIAS) else ""
    deployment = Deployment(name, at, params.what, params.source, alias or qualifier)
    about = {"function": name, "alias": deployment.alias, "at": at.isoformat()}
    if ctx.dry_run:
        return Done(f"would note that {name} was deployed", about)
    # Known already it may be by an attempt of this very action, whose answer was lost.
    new = await ctx.can.deployments.note(deployment)
    return Done(f"{name} was deployed ({shown(params.what, 100)})", {**about, "new": new})
