"""Owns the table of detectors of too much use; the one rule: all of them see the same made-up cases, the shipped limits among them."""

from __future__ import annotations

from pathlib import Path

from leh_guardian.model.spend.limits import Tier
from leh_guardian.rules.budget import check_budget
from tests.benchmarks.report import table
from tests.spending import detectors
from tests.spending.families import ATTACKS, BIN, stories

_SHIPPED = Path(__file__).parents[2] / "rules" / "budget.yaml"
_LENGTHS = (60 // BIN, 24 * 60 // BIN, 30 * 24 * 60 // BIN)


def measure_detectors(seed: int, honest: int, attacks: int) -> None:
    """Print how the shipped limits and simpler ones do on honest cases and on attacks."""
    told = list(stories(seed, honest, attacks))
    plain = [one for one in told if one.attack_from is None]
    budget = check_budget(_SHIPPED.read_bytes(), _SHIPPED.name).budget
    assert budget is not None
    cohort = detectors.cohort_of(plain)
    limits = budget.limits
    compared = {
        "fixed 3M/24h": detectors.fixed(3_000_000, 24),
        "fixed 10M/24h": detectors.fixed(10_000_000, 24),
        "own history, >1M/h": detectors.own_history(1_000_000),
        "shipped: warn": detectors.by_limits(limits, Tier.WARN, cohort),
        "shipped: park": detectors.by_limits(limits, Tier.PARK, cohort),
        "shipped: hard": detectors.by_limits(limits, Tier.HARD, cohort),
    }
    print(f"\nToo much use: {honest} honest cases of 42 days, {attacks} attacks of each family, seed {seed}.")
    print("Attacks: found, minutes until then, share of its tokens used by then (medians).")
    rows = []
    for name, detector in compared.items():
        days, bulk, others = detectors.on_honest(plain, detector, _LENGTHS)
        row = [name, f"{days:.1f}", f"{bulk:.0%}", f"{others:.2f}"]
        for family in ATTACKS:
            of_family = [one for one in told if one.family == family]
            found = detectors.on_attacks(of_family, detector, _LENGTHS)
            row.append(f"{found.found:.0%} {found.delay:.0f} m {found.spent:.0%}" if found.found else "0%")
        rows.append(row)
    table(("", "honest days tripped/1000", "bulk uploads", "other days/1000", *ATTACKS), rows)
