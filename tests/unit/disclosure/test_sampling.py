"""How much must be read, and the drawing of it."""

from __future__ import annotations

import pytest

from leh_guardian.disclosure.sampling import Strata, needed, upper_bound


@pytest.mark.parametrize(
    ("confidence", "rate", "recall", "lines"),
    [
        (0.95, 0.01, 1, 299),
        (0.95, 0.01, 0.9, 332),
        (0.95, 0.001, 1, 2995),
        (0.99, 0.0001, 1, 46050),
        (0.9, 0.01, 1, 230),
    ],
)
def test_needed(confidence: float, rate: float, recall: float, lines: int) -> None:
    """The table of the formula ln(1-c)/ln(1-p·r)."""
    assert abs(needed(confidence, rate, recall) - lines) <= 1


def test_upper_bound() -> None:
    """Nothing in n lines bounds the rate by the rule of three; the bound holds what was needed; findings raise it."""
    assert upper_bound(0.95, 3000) == pytest.approx(0.001, rel=0.01)
    assert upper_bound(0.95, needed(0.95, 0.01)) <= 0.01
    assert upper_bound(0.95, 300, recall=0.5) == pytest.approx(2 * upper_bound(0.95, 300))
    assert upper_bound(0.95, 10, 1) == pytest.approx(0.3942, abs=1e-4)  # Clopper and Pearson's table
    assert upper_bound(0.95, 0) == upper_bound(0.95, 5, 5) == 1


@pytest.mark.parametrize("bad", [(1.0, 0.1, 1.0), (0.9, 0.0, 1.0), (0.9, 0.1, 0.0)])
def test_shares(bad: tuple[float, float, float]) -> None:
    """What is no share is refused."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        needed(*bad)


def test_strata() -> None:
    """Every stratum is drawn from, small ones whole; the same seed draws the same; each item has about the same chance."""
    drawn = [0] * 100
    for seed in range(400):
        strata: Strata[int] = Strata(10, seed)
        for item in range(100):
            strata.add("large", item)
        strata.add("small", 7)
        for item in strata.kept["large"]:
            drawn[item] += 1
        assert strata.kept["small"] == [7]
    assert strata.seen == {"large": 100, "small": 1}
    assert sum(drawn) == 4000
    assert 15 < min(drawn) <= max(drawn) < 70
    assert strata.estimate({"large": 1, "small": 1}) == pytest.approx((100 / 10 + 1) / 101)
    with pytest.raises(ValueError, match="place"):
        Strata(0, 1)
