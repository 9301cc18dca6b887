"""Owns how much must be read, and the drawing of it; the one rule: a sample says what it can and cannot have missed.

n lines without a finding bound the rate of leaking lines (the rule of three: 3/n at 95 %). Leaks cluster in one endpoint, so each
stratum (log group, action, day) gets the same number of places, and the whole is weighed back. One pass, each line with the
same chance within its stratum (Vitter's algorithm R), from a seed that the report states.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from random import Random
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
RECALL: Final = 0.9
"""What share of the lines that disclose something the detectors are taken to find.

Measured over lines that they were not made with, of every kind as many (`tests/unit/disclosure/test_recall.py`): as they are, and as
the worker's log filter leaves them, without a word of Hangul.
"""


def needed(confidence: float, rate: float, recall: float = 1.0) -> int:
    """Return how many lines must be drawn to meet at least one leak with `confidence`, if `rate` of all lines leak.

    `recall` is the share of leaks that the detectors find. All three are shares of 1.
    """
    if not (0 < confidence < 1 and 0 < rate < 1 and 0 < recall <= 1):
        raise ValueError("confidence and rate lie between 0 and 1, recall above 0 and at most 1")
    return math.ceil(math.log1p(-confidence) / math.log1p(-rate * recall))


def upper_bound(confidence: float, drawn: int, found: int = 0, recall: float = 1.0) -> float:
    """Return the largest rate of leaking lines that `found` of `drawn` lines do not refute (Clopper and Pearson, one-sided)."""
    if not (0 < confidence < 1 and 0 < recall <= 1 and 0 <= found <= drawn):
        raise ValueError("confidence lies between 0 and 1, recall above 0 and at most 1, found within drawn")
    if found == drawn:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):  # halving: exact to the last digit of a float
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(found, drawn, middle) > 1 - confidence else (low, middle)
    return min(1.0, high / recall)


def _at_most(found: int, drawn: int, rate: float) -> float:
    """Return the chance of `found` hits or fewer in `drawn` lines."""
    if not 0 < rate < 1:
        return float(rate <= 0)
    terms = (
        math.lgamma(drawn + 1)
        - math.lgamma(k + 1)
        - math.lgamma(drawn - k + 1)
        + k * math.log(rate)
        + (drawn - k) * math.log1p(-rate)
        for k in range(found + 1)
    )
    return math.fsum(map(math.exp, terms))


class Strata(Generic[Item]):
    """A sample of at most `places` items of each stratum, drawn in one pass."""

    def __init__(self, places: int, seed: int) -> None:
        if places < 1:
            raise ValueError("a stratum needs a place")
        self._places, self._random = places, Random(seed)  # noqa: S311 - a sample that can be drawn again, no secret
        self._seen: dict[Hashable, int] = {}
        self._kept: dict[Hashable, list[Item]] = {}

    def add(self, stratum: Hashable, item: Item) -> None:
        """Offer one more item."""
        seen = self._seen[stratum] = self._seen.get(stratum, 0) + 1
        kept = self._kept.setdefault(stratum, [])
        if len(kept) < self._places:
            kept.append(item)
        elif (place := self._random.randrange(seen)) < self._places:
            kept[place] = item

    @property
    def seen(self) -> dict[Hashable, int]:
        """Return how many items each stratum has."""
        return dict(self._seen)

    @property
    def kept(self) -> dict[Hashable, list[Item]]:
        """Return the items drawn of each stratum."""
        return {stratum: list(items) for stratum, items in self._kept.items()}

    def estimate(self, found: dict[Hashable, int]) -> float:
        """Return the rate of leaking items in the whole, of how many of each stratum's drawn ones leak."""
        whole = sum(self._seen.values())
        leaking = sum(self._seen[stratum] * hits / len(self._kept[stratum]) for stratum, hits in found.items())
        return leaking / whole if whole else 0.0
