"""Owns handlers of each effect class whose effects can be counted; the one rule: only the test launcher registers them."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
import anyio
from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused, Unavailable
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.registry import Effect, Params, Via, handler

_DEADLINE = 5.0


@dataclass
class Outside:
    """Where the effects take place."""

    url: str = ""


OUTSIDE = Outside()


class SubjectParams(Params):
    """Whom it is done to."""

    subject: str = Field(min_length=1)
    """Anything; effects are counted by it."""


async def _post(path: str, ctx: ActionContext, subject: str) -> None:
    """Ask the outside world for an effect; the action's id goes along as the idempotency key."""
    headers = {"Idempotency-Key": str(ctx.action_id), "Subject": subject}
    try:
        with anyio.fail_after(_DEADLINE):
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"{OUTSIDE.url}/{path}", headers=headers, data=b"{}") as answer,
            ):
                status = answer.status
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unavailable(f"no answer: {type(error).__name__}") from error
    if status >= 500:
        raise Unavailable(f"answered {status}")
    if status >= 300:
        raise Refused(f"answered {status}")


@handler(effect=Effect.EXACTLY_ONCE, via=Via.IDEMPOTENCY_KEY, changes=True, limits={"subjects": 1}, timeout="10s")
async def charge(ctx: ActionContext, params: SubjectParams) -> Outcome:
    """Charge somebody, exactly once: the other side keeps the action's id with the effect."""
    if ctx.dry_run:
        return Done(f"would charge {params.subject}")
    await _post("charge", ctx, params.subject)
    return Done(f"charged {params.subject}")


@handler(
    effect=Effect.AT_MOST_ONCE,
    changes=True,
    residual="A crash between the call and its settlement leaves it unknown.",
    limits={"subjects": 1},
    timeout="10s",
)
async def call_once(ctx: ActionContext, params: SubjectParams) -> Outcome:
    """Do something that has no key and must never be repeated."""
    if ctx.dry_run:
        return Done(f"would call {params.subject}")
    await _post("once", ctx, params.subject)
    return Done(f"called {params.subject}")


@handler(effect=Effect.READS, changes=False)
async def finished(ctx: ActionContext, params: SubjectParams) -> Outcome:
    """Look whether an upload is one that is finished: its name says so."""
    await anyio.sleep(0.05)
    if params.subject.startswith("followed-"):
        return Done(f"{params.subject} is finished")
    return Failed(f"{params.subject} is not there")


HANDLERS = (charge, call_once, finished)
