"""Owns the numbers by which people decide on a refund; the one rule: it proposes an amount and moves no money.

Runbook C3. What is counted is what the work cost by `budget.yaml`, not what a customer was billed: the two are joined by people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError, Refused
from leh_guardian.evidence.names import is_id
from leh_guardian.fields import Duration
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.model.spend import wording as say
from leh_guardian.model.spend.circuit import Circuit, Verdict
from leh_guardian.model.spend.limits import Scope, Unit
from leh_guardian.model.spend.wording import Cost
from leh_guardian.model.text import shown
from leh_guardian.ports import Use
from leh_guardian.registry import Effect, Params, handler

_DAY: Final = timedelta(days=1)
_MINUTES: Final = timedelta(hours=26)
"""How far back use is known to the minute."""
_MOST: Final = 200_000
_LISTING: Final = 60.0
_UNKNOWN: Final = "unknown"
"""The model of what was counted without one."""
_TOLD: Final = 3
"""Models that the message names; all of them are in the facts."""
Models = Mapping[str, Mapping[Unit, Decimal]]


class BillingReviewParams(Params):
    """Whose bill."""

    scope: Literal["case", "user"] = "case"
    """Whether it is a case's or an account's."""
    key: str = Field(min_length=1, max_length=200)
    """The id of the case or the account."""
    window: Duration = Field(timedelta(hours=24), ge=timedelta(hours=1), le=timedelta(days=7))
    """How long before the circuit opened the use in question began."""
    usual: Duration = Field(timedelta(days=14), ge=timedelta(days=1), le=timedelta(days=21))
    """How long before that its usual use is looked at."""


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=("s3:ListBucketVersions", "s3:ListBucket"),
    timeout="3m",
)
async def billing_review(ctx: ActionContext, params: BillingReviewParams) -> Outcome:
    """Measure what a case or an account used before and after its circuit opened, and propose a refund: numbers, no booking."""
    if not is_id(params.key):
        return Failed(ctx.said(say.no_id(Scope(params.scope), params.key)))
    use = ctx.can.use
    if use is None:
        raise Refused("nothing here knows what was used")
    scope, now = Scope(params.scope), ctx.clock.now()
    circuit = await ctx.can.circuits.get(scope, params.key) if ctx.can.circuits else None
    opened = circuit.opened_at if circuit else None
    begins = (opened or now) - params.window
    before = await use.between(scope, params.key, begins, opened or now)
    after = await use.between(scope, params.key, opened, now) if opened else None
    usual = await _usual(use, scope, params, begins)
    models = (
        await use.by_model(scope, params.key, begins, opened or now),
        await use.by_model(scope, params.key, opened, now) if opened else None,
    )
    repeated = await _repeated(ctx, params.key, begins) if scope is Scope.CASE else None
    facts = _facts(params, circuit, now, begins, before, after, usual, models, repeated)
    then, dearest = _cost(after) if after else None, _dearest(models)
    told, others = dearest[:_TOLD], max(0, len(dearest) - _TOLD)
    brief = say.brief(facts["proposed_usd"], _cost(before), then, _cents(usual[Unit.USD]), told, others)
    return Done(ctx.said(say.proposes(scope, params.key, facts["proposed_usd"])), facts | ctx.briefly(brief))


async def _usual(use: Use, scope: Scope, params: BillingReviewParams, until: datetime) -> Mapping[Unit, Decimal]:
    """Return what it used a day before the window."""
    used = await use.between(scope, params.key, until - params.usual, until)
    days = Decimal(params.usual / _DAY)
    return {unit: amount / days for unit, amount in used.items()}


async def _repeated(ctx: ActionContext, case: str, since: datetime) -> dict[str, Any] | None:
    """Return how many objects were stored since, and how many of them had a content that was there already; None: unknown."""
    if ctx.can.objects is None or ctx.can.evidence_bucket is None:
        return None
    try:
        stored = await ctx.can.objects.versions(ctx.can.evidence_bucket, f"cases/{case}/raw/", since, _MOST, _LISTING)
    except HandlerError as error:
        return {"unread": shown(str(error), 300)}
    contents = [version.etag for version in stored.versions if version.etag]
    return {"stored": len(contents), "repeated": len(contents) - len(set(contents)), "whole": stored.whole}


def _facts(
    params: BillingReviewParams,
    circuit: Circuit | None,
    now: datetime,
    begins: datetime,
    before: Mapping[Unit, Decimal],
    after: Mapping[Unit, Decimal] | None,
    usual: Mapping[Unit, Decimal],
    models: tuple[Models, Models | None],
    repeated: dict[str, Any] | None,
) -> dict[str, Any]:
    opened = circuit.opened_at if circuit else None
    verdict = circuit.verdict if circuit else None
    usd = before[Unit.USD] + (after[Unit.USD] if after else 0)
    excess = max(Decimal(0), usd - usual[Unit.USD] * Decimal((now - begins) / _DAY))
    stored = (repeated or {}).get("stored") or 0
    share = Decimal((repeated or {}).get("repeated", 0)) / stored if stored else Decimal(0)
    # An attack is nobody's use; of what somebody did want, only what was done twice is in question.
    proposed = excess if verdict is Verdict.ATTACK else usd * share
    return {
        params.scope: params.key,
        "verdict": verdict.value if verdict else None,
        "from": begins.isoformat(),
        "opened_at": opened.isoformat() if opened else None,
        "to": now.isoformat(),
        "exact_to": "minute" if now - begins <= _MINUTES else "hour",
        "before": _amounts(before),
        "after": _amounts(after) if after else None,
        "usual_a_day": _amounts(usual),
        "excess_usd": _cents(excess),
        "duplicates": repeated,
        "duplicates_usd": _cents(usd * share),
        "proposed_usd": _cents(proposed),
        "by_model": {"before": _named(models[0]), "after": _named(models[1]) if models[1] is not None else None},
        "says": "cost by budget.yaml, not what was billed",
    }


def _dearest(models: tuple[Models, Models | None]) -> list[Cost]:
    """Return what each model cost, before and after together, the dearest first."""
    usd, tokens = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
    for part in models:
        for model, used in (part or {}).items():
            usd[model] += used[Unit.USD]
            tokens[model] += used[Unit.TOKENS]
    most = sorted(usd, key=lambda model: (-usd[model], model))
    return [Cost(_cents(usd[one]), int(tokens[one]), shown(one, 60) or _UNKNOWN) for one in most]


def _cost(used: Mapping[Unit, Decimal]) -> Cost:
    return Cost(_cents(used[Unit.USD]), int(used[Unit.TOKENS]))


def _named(models: Models) -> dict[str, dict[str, float | int]]:
    return {shown(model, 200) or _UNKNOWN: _amounts(used) for model, used in models.items()}


def _amounts(used: Mapping[Unit, Decimal]) -> dict[str, float | int]:
    return {
        "tokens": int(used[Unit.TOKENS]),
        "usd": _cents(used[Unit.USD]),
        "attempts": int(used[Unit.ATTEMPTS]),
    }


def _cents(usd: Decimal) -> float:
    return float(round(usd, 2))
