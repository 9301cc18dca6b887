"""Owns how much a case may use in an hour before anybody is asked; the one rule: what is refused would have crossed a limit.

The worker reserves against it before each call (docs/breaker.md), so many workers at once do not run past a limit before their
records of use have come. A clock hour is no longer than any limit's window, so what an hour allows never is less than the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from leh_guardian.model.spend.limits import Budget, Scope, SpendLimit, Tier, Unit

STEP: Final = Decimal("0.1")
"""Part of the whole hour by which an allowance must differ before it is written: it is changed a few times an hour at most."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a case has used in a limit's window, what was accepted when its circuit closed left out."""

    earlier: Mapping[Unit, Decimal]
    """Before the present hour: what is used in it is reserved."""
    all: Mapping[Unit, Decimal]
    """Until now."""


def stopping(budget: Budget) -> Iterator[SpendLimit]:
    """Yield the limits that stop a case by an amount of tokens or money alone."""
    for limit in budget.limits:
        stops = limit.scope is Scope.CASE and limit.tier is not Tier.WARN and not limit.deviates
        if stops and len(limit.most) == 1 and Unit.ATTEMPTS not in limit.most:
            yield limit


def whole_hour(budget: Budget | None) -> int | None:
    """Return the tokens that a case may use in an hour of which nothing else is known; None where no limit in tokens stops cases.

    Money alone says nothing of tokens before it is known which models a case uses.
    """
    tokens = [limit.most[Unit.TOKENS] for limit in stopping(budget) if Unit.TOKENS in limit.most] if budget else []
    return int(min(tokens)) if tokens else None


def this_hour(whole: int, used: Sequence[tuple[SpendLimit, Before]]) -> int:
    """Return the tokens that a case may use in the present hour, by what it used before it in the windows of limits."""
    left = Decimal(whole)
    for limit, before in used:
        if Unit.TOKENS in limit.most:
            left = min(left, limit.most[Unit.TOKENS] - before.earlier[Unit.TOKENS])
        elif before.all[Unit.USD]:
            # Its own tokens a dollar, until now: nobody knows which models it will use.
            rate = before.all[Unit.TOKENS] / before.all[Unit.USD]
            left = min(left, (limit.most[Unit.USD] - before.earlier[Unit.USD]) * rate)
    return max(0, int(left))


def differs(granted: int, wanted: int, whole: int) -> bool:
    """Tell whether an allowance is worth writing."""
    return abs(granted - wanted) >= max(1, int(whole * STEP))
