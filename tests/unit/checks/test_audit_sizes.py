"""How much of an audit log is read, and what it proves: tables, and the promise that they rest on for leaks that lie anyhow."""

from __future__ import annotations

import math
from random import Random

import pytest

from leh_guardian.checks.audit.sizes import (
    Design,
    allot,
    allot_parts,
    chance,
    effective,
    estimate,
    kinds_apart,
    percent,
    ranked,
)


@pytest.mark.parametrize(
    ("confidence", "rate", "recall", "lines"),
    [
        (0.90, 0.01, 1.0, 230),
        (0.95, 0.01, 1.0, 299),
        (0.99, 0.01, 1.0, 459),
        (0.95, 0.001, 1.0, 2995),
        (0.95, 0.001, 0.9, 3328),
        (0.99, 0.001, 1.0, 4603),
        (0.95, 0.0001, 1.0, 29956),
    ],
)
def test_the_number_of_lines(confidence: float, rate: float, recall: float, lines: int) -> None:
    """ln(1 - c) / ln(1 - p r), rounded up: one line fewer would prove less than is asked for."""
    design = Design(confidence=confidence, rate=rate, recall=recall)
    assert design.lines == lines
    assert design.bound(lines) <= rate < design.bound(lines - 1)


def test_the_rule_of_three() -> None:
    """At 95 % a clean sample of n leaves a rate of about 3 / n possible; no sample leaves everything possible."""
    assert Design(recall=1.0).bound(1000) == pytest.approx(3 / 1000, rel=0.01)
    assert Design().bound(0) == 1.0


SMALL = Design(whole_lines=1000)  # 3,328 lines of the whole, 332 of a stratum


@pytest.mark.parametrize(
    ("there", "drawn"),
    [
        ({}, {}),
        ({"a": 600, "b": 400}, {"a": 600, "b": 400}),
        ({"a": 1001}, {"a": 1001}),
        ({"a": 1_000_000}, {"a": 3328}),
        ({"a": 900_000, "b": 100_000}, {"a": 2996, "b": 333}),
        ({"a": 999_900, "b": 100}, {"a": 3328, "b": 100}),
        ({"a": 999_000, "b": 1000}, {"a": 3325, "b": 332}),
    ],
    ids=[
        "nothing",
        "small",
        "fewer than the number",
        "one",
        "in proportion",
        "a rare kind whole",
        "a rare kind's least",
    ],
)
def test_lines_of_strata(there: dict[str, int], drawn: dict[str, int]) -> None:
    """A small whole is read whole; else each stratum has its proportion, and never fewer than find 1 % within it."""
    assert allot(SMALL, there) == drawn


@pytest.mark.parametrize("seed", range(30))
def test_what_is_drawn_is_enough_however_leaks_lie(seed: int) -> None:
    """For any strata and any leaks of the stated rate in them, the chance to meet none is at most what the confidence leaves."""
    random = Random(seed)
    there = {str(n): int(10 ** random.uniform(1, 6)) for n in range(random.randint(1, 40))}
    drawn = allot(SMALL, there)
    worth = effective(there, drawn)
    assert worth is None or SMALL.bound(worth) <= SMALL.rate
    leaking = math.ceil(SMALL.rate * sum(there.values()))
    for first in (max(there, key=lambda key: there[key]), random.choice(list(there))):
        left, missed = leaking, 1.0
        for key in sorted(there, key=lambda key: (key != first, random.random())):
            here = min(left, there[key])
            left -= here
            missed *= (1 - SMALL.recall * here / there[key]) ** drawn[key]
        assert missed <= 1 - SMALL.confidence + 1e-9


@pytest.mark.parametrize(
    ("there", "drawn", "worth"),
    [
        ({"a": 10, "b": 10}, {"a": 10, "b": 10}, None),
        ({"a": 1000}, {"a": 100}, 100),
        ({"a": 900, "b": 100}, {"a": 90, "b": 100}, 100),
        ({"a": 900, "b": 100}, {"a": 90, "b": 5}, 50),
        ({"a": 900, "b": 100}, {"a": 90}, 0),
    ],
    ids=["all", "one", "a stratum whole", "the weakest tells", "a stratum not met"],
)
def test_what_draws_are_worth(there: dict[str, int], drawn: dict[str, int], worth: int | None) -> None:
    """As many as an even draw would need for the same promise: the stratum that was drawn too thinly decides."""
    assert effective(there, drawn) == worth


def test_parts_of_days() -> None:
    """Windows and objects are drawn from each day, in proportion, none left out."""
    assert allot_parts(Design(), {"mon": 10_000, "tue": 10, "wed": 1}) == {"mon": 332, "tue": 1, "wed": 1}
    assert allot_parts(Design(), {}) == {}


def test_the_chance_of_a_line() -> None:
    """It is set for somewhat more than is wanted, and is 1 where all are wanted."""
    assert chance(10, 10) == 1.0
    assert 0.01 < chance(100, 10_000) < 0.02
    random = Random(4)
    assert all(sum(random.random() < chance(100, 3000) for _ in range(3000)) >= 100 for _ in range(50))


def test_the_estimate_is_weighed_back() -> None:
    """A rare kind that is read whole counts as what it is of the whole, not of the sample."""
    assert estimate({"a": 9900, "b": 100}, {"a": 100, "b": 100}, {"b": 50}) == pytest.approx(0.005)


def test_kinds_that_are_told_apart() -> None:
    """All where there is room, else the most frequent; one place is for the others."""
    there = {(day, f"k{n}"): 100 - n for day in ("mon", "tue") for n in range(10)}
    assert len(kinds_apart(there, 300)) == 10
    assert kinds_apart(there, 8) == ["k0", "k1", "k2"]
    assert kinds_apart({}, 8) == []


def test_ranks_are_the_seeds() -> None:
    """Equal for equal seeds and names, lone surrogates in them too; names are not run together."""
    assert ranked("a", "b", "c") == ranked("a", "b", "c") != ranked("a", "bc")
    assert ranked("a", "\ud800") != ranked("b", "\ud800")


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.001, "0.1 %"), (0.95, "95 %"), (0.999, "99.9 %"), (0.0009991, "0.1 %"), (0.0123456, "1.24 %"), (1.0, "100 %")],
)
def test_shares_as_people_read_them(share: float, shown: str) -> None:
    """Rounded up: a bound that is told must hold."""
    assert percent(share) == shown
