"""Owns the wait for a fix; the one rule: a deployment counts once it is in effect, however it was heard of.

Three ways to hear of one, none of them sure: an event of CloudTrail's (best effort), an operator's word, and what Lambda says
of the function now against what it said at the beginning. The canary that follows is the proof.
"""

from __future__ import annotations

from datetime import datetime

from leh_guardian.context import ActionContext
from leh_guardian.errors import AccessDenied, NotFound, Refused
from leh_guardian.model.deployment import Deployment, function_name
from leh_guardian.model.text import shown
from leh_guardian.ports import FunctionState
from leh_guardian.reprocess.progress import Progress


async def remember_baseline(ctx: ActionContext, function: str, progress: Progress) -> None:
    """Remember what Lambda says of the function before the fix; nothing where it cannot be asked."""
    state = await _state(ctx, function)
    if state is not None:
        progress.baseline = {"version": state.version, "code": state.code}


async def look_for_fix(ctx: ActionContext, function: str, progress: Progress) -> tuple[bool, str]:
    """Return whether the function was deployed since the incident began and is in effect, and how that is known or what is lacking."""
    begin = datetime.fromisoformat(str(ctx.incident["began_at"]))
    state = await _state(ctx, function)
    how = _seen(state, progress, begin) or await _told(ctx, function, begin)
    if not how:
        blind = (
            "" if state is not None else "; Lambda cannot be asked, so only an event or an operator's word will tell"
        )
        return False, f"waits for a deployment of {function}{blind}"
    if state is not None and not state.settled:
        return (
            False,
            f"{function} was deployed ({how}), and is not in effect yet: {shown(state.why or 'no reason given', 200)}",
        )
    return True, how


async def _state(ctx: ActionContext, function: str) -> FunctionState | None:
    if ctx.can.functions is None:
        return None
    try:
        return await ctx.can.functions.state(function)
    except (AccessDenied, NotFound, Refused) as error:
        # Somebody may still tell; that it cannot be looked at is told by the wait.
        ctx.log.warning("the function cannot be looked at", function=function, error=str(error))
        return None


def _seen(state: FunctionState | None, progress: Progress, begin: datetime) -> str:
    if state is None:
        return ""
    before = progress.baseline
    if before is not None and (state.code != before["code"] or state.version != before["version"]):
        return f"its code is another than at the beginning, version {state.version}"
    if state.modified_at > begin:
        return f"changed at {state.modified_at.isoformat(timespec='seconds')}"
    return ""


async def _told(ctx: ActionContext, function: str, begin: datetime) -> str:
    named = function_name(function)
    if named is None or ctx.can.deployments is None:
        return ""
    name, alias = named
    heard = [one for one in await ctx.can.deployments.since(name, begin) if one.answers(alias)]
    return _words(heard[-1]) if heard else ""


def _words(deployment: Deployment) -> str:
    by = f"{deployment.source} said so" if deployment.by_person else deployment.what
    return f"{by} at {deployment.at.isoformat(timespec='seconds')}"
