"""Owns the pausing of a case's AI work, and its going on; the one rule: the worker's copy is written before it is said to be done."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.model.outcome import Done, NoOp, Outcome
from leh_guardian.model.spend.circuit import Circuit, State, Verdict
from leh_guardian.model.spend.limits import Scope, Tier
from leh_guardian.registry import Effect, Params, Via, handler


def _instant(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


class CircuitBreakerParams(Params):
    """Whose circuit, and what is known of it."""

    scope: Literal["case", "user"] = "case"
    """Whether it is a case's or an account's."""
    key: str = Field(min_length=1, max_length=500)
    """The id of the case or the account."""
    tier: Literal["park", "hard"] | None = None
    """That too much was used: park opens the circuit until it is judged or has cooled down, hard until a person closes it."""
    verdict: Literal["legitimate", "suspicious", "attack"] | None = None
    """In place of `tier`: what the use was. What is legitimate goes on, unless a hard limit was crossed."""
    opened_at: Annotated[datetime | None, BeforeValidator(_instant)] = None
    """Beside `verdict`: the opening that was judged, `${actions.….opened_at}` of the step that opened it; a later one is not meant."""
    reason: str = Field("", max_length=1000)
    """Why, for the record and the worker's log."""


@handler(
    effect=Effect.EXACTLY_ONCE,
    via=Via.CONDITIONAL_WRITE,
    changes=True,
    permissions=("dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    limits={"circuits": 1},
    timeout="30s",
)
async def circuit_breaker(ctx: ActionContext, params: CircuitBreakerParams) -> Outcome:
    """Pause the AI work of a case or an account, or let it go on where its use was judged legitimate."""
    circuits = ctx.can.circuits
    if circuits is None:
        raise Refused("circuits are not available here")
    if (params.tier is None) == (params.verdict is None):
        raise Refused("give either `tier` (too much was used) or `verdict` (what the use was)")
    scope = Scope(params.scope)
    if ctx.dry_run:
        return _would(await circuits.get(scope, params.key), params)
    ctx.within_limit("circuits", 1)
    if params.tier is not None:
        after = await circuits.trip(scope, params.key, Tier(params.tier), params.reason, ctx.action_id)
    else:
        after = await circuits.judge(scope, params.key, Verdict(str(params.verdict)), params.reason, params.opened_at)
    await circuits.publish(after)
    told = _facts(after)
    # An earlier attempt of this action may have done it.
    done = after.cause == ctx.action_id if params.tier is not None else after.verdict == params.verdict
    if not done:
        return NoOp(f"the circuit of {scope} {params.key} stays {after.state} ({after.reason})", told)
    return Done(f"the circuit of {scope} {params.key} is {after.state}: {after.reason}", told)


def _would(circuit: Circuit, params: CircuitBreakerParams) -> Outcome:
    told = _facts(circuit)
    if params.tier is not None and circuit.state in {State.CLOSED, State.HALF_OPEN, State.SHADOW}:
        return Done(f"would open the circuit of {params.scope} {params.key}: {params.reason}", told)
    if params.verdict is not None and circuit.state is State.OPEN:
        return Done(f"would take {params.scope} {params.key} for {params.verdict}", told)
    return NoOp(f"the circuit of {params.scope} {params.key} is {circuit.state}", told)


def _facts(circuit: Circuit) -> dict[str, Any]:
    return {
        "state": circuit.state.value,
        "version": circuit.version,
        "hard": circuit.hard,
        "until": circuit.until.isoformat() if circuit.until else None,
        "opened_at": circuit.opened_at.isoformat() if circuit.opened_at else None,
    }
