"""When use is unlike what is usual."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from leh_guardian.model.spend.limits import Scope, SpendLimit, Tier, Unit, unlike


def hours(*amounts: float) -> list[Decimal]:
    """A history."""
    return [Decimal(str(amount)) for amount in amounts]


STEADY = hours(*([10_000] * 20))
LIVELY = hours(1000, 50_000, 2000, 80_000, 3000, 90_000, 4000, 100_000, 5000, 60_000, 500, 70_000)


@pytest.mark.parametrize(
    ("amount", "history", "cohort", "crossing"),
    [
        (12_000, STEADY, None, False),
        (1_000_000, STEADY, None, True),
        (150_000, LIVELY, None, False),
        (90_000_000_000, LIVELY, None, True),
        (500_000, STEADY[:11], Decimal(400_000), True),
        (300_000, STEADY[:11], Decimal(400_000), False),
        (1, [], None, True),
    ],
)
def test_a_case_is_compared_with_itself_or_with_others(
    amount: int, history: list[Decimal], cohort: Decimal | None, crossing: bool
) -> None:
    """With twelve hours of its own, by robust deviation; a new one with the cohort; with nothing at all the floor alone decides."""
    found, why = unlike(Decimal(amount), history, cohort)
    assert found is crossing
    assert why


def test_a_limit_says_what_it_is() -> None:
    """In the words of the incident."""
    limit = SpendLimit(Tier.PARK, Scope.CASE, timedelta(days=1), {Unit.TOKENS: Decimal(6_000_000)}, deviates=True)
    assert str(limit) == "case 24h: tokens > 6000000, unusual"
    assert (
        str(SpendLimit(Tier.WARN, Scope.FLEET, timedelta(days=30), {Unit.USD: Decimal("400.5")}))
        == "fleet 30d: usd > 400.5"
    )
    assert Tier.WARN.rank < Tier.PARK.rank < Tier.HARD.rank
