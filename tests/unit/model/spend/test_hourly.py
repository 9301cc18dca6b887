"""What a case may use in an hour: never less than what would cross a limit, and what it used before counts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from leh_guardian.model.spend.hourly import Before, differs, stopping, this_hour, whole_hour
from leh_guardian.model.spend.limits import Budget, Scope, SpendLimit, Tier, Unit
from leh_guardian.model.spend.prices import Prices

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def limit(tier: Tier = Tier.PARK, over: timedelta = HOUR, scope: Scope = Scope.CASE, **more: object) -> SpendLimit:
    """A limit; amounts by their units."""
    most = {unit: Decimal(str(more.pop(unit.value))) for unit in Unit if unit.value in more}
    return SpendLimit(tier, scope, over, most, **more)  # type: ignore[arg-type]


def before(earlier: float = 0, now: float = 0, usd: float = 0, usd_now: float = 0) -> Before:
    """What was used before this hour, and in it."""
    first = {Unit.TOKENS: Decimal(str(earlier)), Unit.USD: Decimal(str(usd))}
    return Before(first, {Unit.TOKENS: Decimal(str(earlier + now)), Unit.USD: Decimal(str(usd + usd_now))})


LIMITS = (
    limit(Tier.WARN, tokens=10),
    limit(tokens=1000),
    limit(over=DAY, tokens=5000),
    limit(Tier.HARD, over=DAY, usd=50),
    limit(tokens=20, deviates=True),
    limit(tokens=30, scope=Scope.USER),
    limit(tokens=40, usd=1),
    limit(attempts=5),
)


def test_only_limits_that_stop_a_case_by_an_amount_count() -> None:
    """No warning, none of others, none that asks what is usual, and none that asks for two amounts at once."""
    assert list(stopping(Budget(Prices({}), LIMITS))) == [LIMITS[1], LIMITS[2], LIMITS[3]]
    assert whole_hour(Budget(Prices({}), LIMITS)) == 1000


def test_money_alone_limits_no_unknown_case() -> None:
    """Without a limit in tokens, or without a budget, nothing is reserved."""
    assert whole_hour(Budget(Prices({}), (LIMITS[3],))) is None
    assert whole_hour(None) is None


@pytest.mark.parametrize(
    ("used", "left"),
    [
        ([], 1000),
        ([(LIMITS[2], before(3000, now=900))], 1000),
        ([(LIMITS[2], before(4600, now=900))], 400),
        ([(LIMITS[1], before(300)), (LIMITS[2], before(4600))], 400),
        ([(LIMITS[1], before(700)), (LIMITS[2], before(4600))], 300),
        ([(LIMITS[2], before(9000))], 0),
        # 100 tokens a dollar, half of them in this hour: 10 dollars are left of what was not used before it.
        ([(LIMITS[3], before(4000, now=1000, usd=40, usd_now=10))], 1000),
        ([(LIMITS[3], before(400, now=100, usd=40, usd_now=10))], 100),
        ([(LIMITS[3], before(400, usd=60))], 0),
        ([(LIMITS[3], before(400))], 1000),
    ],
)
def test_what_was_used_before_the_hour_makes_it_smaller(used: list[tuple[SpendLimit, Before]], left: int) -> None:
    """Use in the hour itself is reserved by the worker, and not taken off twice; money is counted in the case's own tokens."""
    assert this_hour(1000, used) == left


def test_a_small_difference_is_not_worth_a_write() -> None:
    """A tenth of an hour is."""
    assert [differs(1000, wanted, 1000) for wanted in (1000, 901, 900, 1100, 0)] == [False, False, True, True, True]
    assert not differs(3, 3, 5)
    assert differs(1, 0, 5)
