"""Owns when use is too much; the one rule: a limit is an absolute amount, and being unlike oneself only ever comes on top of it.

Of detectors that were compared, those without a floor tripped at anything; a case's own history is blind for new cases, which
are then compared with all others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from statistics import median
from typing import Final

from leh_guardian.model.guards import Budget as Runs
from leh_guardian.model.spend.prices import Prices
from leh_guardian.model.window import plain

LEAST_HOURS: Final = 12
"""Hours of a case's own history in which it was active, before it is compared with itself."""
HISTORY: Final = timedelta(days=14)
_UNLIKE: Final = 3.5
"""Robust deviations from its own median (Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993)."""
_TO_SIGMA: Final = 1.4826
_LEAST_SPREAD: Final = 0.25
"""In logarithms: a case of always the same hour is not unlike itself at a quarter more."""


class Tier(StrEnum):
    """What follows on too much, the mildest first."""

    WARN = "warn"
    PARK = "park"
    HARD = "hard"

    @property
    def rank(self) -> int:
        """How grave it is."""
        return list(Tier).index(self)


class Scope(StrEnum):
    """Whose use is measured."""

    CASE = "case"
    USER = "user"
    FLEET = "fleet"


class Unit(StrEnum):
    """What of it is measured."""

    TOKENS = "tokens"
    USD = "usd"
    ATTEMPTS = "attempts"


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """How much may be used in a sliding window."""

    tier: Tier
    scope: Scope
    over: timedelta
    most: Mapping[Unit, Decimal]
    """More than each of these is too much."""
    deviates: bool = False
    """Whether it must be unlike what is usual, too."""

    def __str__(self) -> str:
        """Return it as it is told, such as case 1h: tokens > 1000000, unusual."""
        amounts = ", ".join(f"{unit} > {plain(most)}" for unit, most in self.most.items())
        hours = int(self.over.total_seconds() // 3600)
        over = f"{hours}h" if hours <= 48 else f"{hours // 24}d"
        return f"{self.scope} {over}: {amounts or 'the allowance is spent'}{', unusual' * self.deviates}"


@dataclass(frozen=True, slots=True)
class Budget:
    """What use costs, how much is too much, and how often a remedy may run on one target."""

    prices: Prices
    limits: tuple[SpendLimit, ...] = ()
    per_target: Mapping[str, tuple[Runs, ...]] = field(default_factory=dict)
    """{handler: how often it may run on one target}."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What hours of others are like: the cohort that a case without a history is compared with."""

    quantile: Decimal | None = None
    """Tokens that one in a thousand active hours of a case exceeds; None while too little is known."""
    told: bool = True
    """Whether the worker itself told of use within a day; believed until somebody has looked."""


def unlike(amount: Decimal, history: Sequence[Decimal], cohort: Decimal | None) -> tuple[bool, str]:
    """Tell whether an hour's `amount` is unlike what is usual, and why.

    Args:
        amount: of the hour.
        history: amounts of the case's own active hours, those of its alarms left out.
        cohort: what one in a thousand hours of all cases exceeds; None where nobody knows.
    """
    if len(history) < LEAST_HOURS:
        if cohort is None:
            return True, "a new case, and nothing to compare it with"
        return amount > cohort, f"a new case: 0.1 % of all hours are above {plain(cohort)}"
    logs = [math.log1p(float(one)) for one in history]
    middle = median(logs)
    spread = max(_TO_SIGMA * median([abs(one - middle) for one in logs]), _LEAST_SPREAD)
    deviation = (math.log1p(float(amount)) - middle) / spread
    return deviation > _UNLIKE, f"{deviation:.1f} robust deviations from its own {len(history)} hours"
