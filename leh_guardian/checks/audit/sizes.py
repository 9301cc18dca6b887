"""Owns how much of a log is read; the one rule: whatever way leaks lie in it, the stated confidence holds.

Lines are drawn from strata (a day, a kind of line). In proportion alone a small stratum would hardly be met, and leaks sit in one
endpoint; equally alone, leaks in the largest would be met too rarely. So each has its proportion of the whole's number, and never
fewer than find `part_rate` within it. Where leaks of rate p lie in any way, the chance to meet none is
prod((1 - p_s) ** n_s) <= exp(-sum(n_s * p_s)) <= exp(-n * p) as long as n_s >= n * N_s / N: that n is what `effective` gives back.

Windows of a log group and objects are read whole, and lines within one are alike: there the parts are what is drawn and counted.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from hashlib import blake2b
from typing import Final, TypeVar

from leh_guardian.disclosure.sampling import RECALL, needed, upper_bound

Key = TypeVar("Key", bound=Hashable)

_SIGMAS: Final = 4.0
"""How much more than its number a stratum's chance is set for: one in 30,000 comes out short, and then says so."""
_MORE: Final = 8
OTHERS: Final = ""
"""The kind of all kinds that are not told apart."""


@dataclass(frozen=True, slots=True)
class Design:
    """What a sample must prove; shares of 1."""

    confidence: float = 0.95
    rate: float = 0.001
    """Fewer of all lines than this."""
    part_rate: float = 0.01
    """... and fewer of a stratum's, of the windows, of the objects."""
    recall: float = RECALL
    """What share of leaks the detectors are taken to find."""
    whole_lines: int = 100_000
    """Up to so many rows all are read,"""
    whole_bytes: int = 32 << 20
    """and up to so much of a log group or below a prefix."""

    @property
    def lines(self) -> int:
        """How many lines are drawn of the whole."""
        return needed(self.confidence, self.rate, self.recall)

    @property
    def least(self) -> int:
        """How many are drawn of each stratum, and how many parts."""
        return needed(self.confidence, self.part_rate, self.recall)

    def bound(self, effective: int) -> float:
        """Return the rate that so many clean draws leave possible; without any it is 1."""
        return upper_bound(self.confidence, effective, 0, self.recall) if effective else 1.0


def allot(design: Design, there: Mapping[Key, int]) -> dict[Key, int]:
    """Return how many lines are to be drawn of each stratum: all of a small whole."""
    total = sum(there.values())
    if total <= design.whole_lines:
        return dict(there)
    return {
        key: min(number, max(design.least, math.ceil(design.lines * number / total))) for key, number in there.items()
    }


def allot_parts(design: Design, there: Mapping[Key, int]) -> dict[Key, int]:
    """Return how many parts are to be drawn of each day."""
    total = sum(there.values())
    return {key: min(number, math.ceil(design.least * number / total)) for key, number in there.items()}


def chance(wanted: int, there: int) -> float:
    """Return with what chance each line of a stratum is drawn, so that hardly ever fewer than `wanted` are."""
    return 1.0 if wanted >= there else min(1.0, (wanted + _SIGMAS * math.sqrt(wanted) + _MORE) / there)


def effective(there: Mapping[Key, int], drawn: Mapping[Key, int]) -> int | None:
    """Return as many evenly drawn ones as these draws are worth, however leaks may lie; None: all were drawn."""
    total = sum(there.values())
    parts = [drawn.get(key, 0) * total // number for key, number in there.items() if drawn.get(key, 0) < number]
    return min(parts, default=None)


def estimate(there: Mapping[Key, int], drawn: Mapping[Key, int], leaking: Mapping[Key, int]) -> float:
    """Return the rate of leaking ones in the whole."""
    total = sum(there.values())
    found = sum(there[key] * number / drawn[key] for key, number in leaking.items() if drawn.get(key))
    return found / total if total else 0.0


def kinds_apart(there: Mapping[tuple[str, str], int], most: int) -> list[str]:
    """Return the kinds that are told apart, the most frequent first, so that there are about `most` strata."""
    days = {day for day, _ in there}
    totals: dict[str, int] = {}
    for (_, kind), number in there.items():
        totals[kind] = totals.get(kind, 0) + number
    apart = sorted(totals, key=lambda kind: (-totals[kind], kind))
    room = max(1, most // max(1, len(days)))
    return apart if len(apart) <= room else apart[: room - 1]


def ranked(seed: str, *names: object) -> int:
    """Return a number of 64 bits that the seed and the names tell: what is drawn by it can be drawn again."""
    text = "\0".join((seed, *map(str, names))).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest())


def percent(share: float) -> str:
    """Return a share as people read it: 0.1 %; rounded up, so that it never promises more than is true."""
    exact = Decimal(f"{share * 100:.9f}")
    return f"{Context(prec=3, rounding=ROUND_CEILING).plus(exact).normalize():f} %"
