"""The shipped limits on made-up use: every attack is found, honest days but for bulk uploads hardly ever, and no honest case is stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from leh_guardian.model.spend.limits import Budget, Tier
from leh_guardian.rules.budget import check_budget
from tests.spending.detectors import by_limits, cohort_of, on_attacks, on_honest, own_history
from tests.spending.families import ATTACKS, BIN, Story, stories

LENGTHS = (60 // BIN, 24 * 60 // BIN, 30 * 24 * 60 // BIN)


@pytest.fixture(scope="module")
def told() -> list[Story]:
    """Stories of a seed."""
    return list(stories(11, 60, 6))


@pytest.fixture(scope="module")
def budget() -> Budget:
    """What is shipped."""
    file = Path(__file__).parents[2] / "rules" / "budget.yaml"
    found = check_budget(file.read_bytes(), file.name).budget
    assert found is not None
    return found


def test_the_same_seed_tells_the_same_stories(told: list[Story]) -> None:
    """And another seed others."""
    assert list(stories(11, 60, 6)) == told
    assert list(stories(12, 60, 6)) != told


def test_every_attack_is_parked_before_half_of_it_is_spent(told: list[Story], budget: Budget) -> None:
    """New cases too, in which a case's own history is blind."""
    honest = [one for one in told if one.attack_from is None]
    park = by_limits(budget.limits, Tier.PARK, cohort_of(honest))
    for family in ATTACKS:
        found = on_attacks([one for one in told if one.family == family], park, LENGTHS)
        assert found.found == 1.0, family
        assert found.spent < 0.5, family
    blind = on_attacks([one for one in told if one.family == "mass, new case"], own_history(1_000_000), LENGTHS)
    assert blind.found == 0


def test_honest_cases_are_stopped_by_no_cap(told: list[Story], budget: Budget) -> None:
    """Bulk uploads are parked at times, and let go on when they are judged; hard caps stop nobody honest here."""
    honest = [one for one in told if one.attack_from is None]
    cohort = cohort_of(honest)
    assert on_honest(honest, by_limits(budget.limits, Tier.HARD, cohort), LENGTHS)[0] == 0
    _, bulk, others = on_honest(honest, by_limits(budget.limits, Tier.PARK, cohort), LENGTHS)
    assert bulk < 0.5
    assert others < 2
