"""Which alternatives share what: how the field is chosen by which an alternative is filed.

Rule kept: counts say how many patterns share an anchor, for nothing is known of the events to come; the fewest win.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from leh_guardian.patterns.fields import Alternative, Field
from leh_guardian.patterns.index.anchors import Anchor, Choice, Kind
from leh_guardian.patterns.operators import Numeric


class Open(NamedTuple):
    """An alternative on its way down."""

    keys: tuple[Hashable, ...]
    alternative: Alternative
    conditions: tuple[Field, ...]
    """Fields that the way has not shown yet."""
    anchors: tuple[tuple[Field, tuple[Choice, ...]], ...]
    """Fields by which the way may go on."""


class Chosen(NamedTuple):
    """The field to file an alternative by."""

    score: float
    """How many others one meets there, summed over the anchors."""
    field: Field
    anchors: tuple[Anchor, ...]


class Crowd:
    """How many alternatives share what."""

    def __init__(self, opened: Sequence[Open]) -> None:
        self._sharing: Counter[tuple[str, Kind, Hashable]] = Counter()
        self.paths: Counter[str] = Counter()
        self._bounds: dict[str, tuple[list[float], list[float]]] = {}
        numerics: defaultdict[str, list[Numeric]] = defaultdict(list)
        for one in opened:
            self.paths.update(field.path for field in one.conditions)
            for field, choices in one.anchors:
                for choice in choices:
                    for anchor in choice:
                        self._sharing[field.path, anchor.kind, anchor.key] += 1
                        if anchor.kind is Kind.RANGE:
                            numerics[field.path].append(anchor.key)  # type: ignore[arg-type]
        for path, found in numerics.items():
            self._bounds[path] = (sorted(one.low for one in found), sorted(one.high for one in found))

    def best(self, one: Open) -> Chosen | None:
        """Choose the field by which the alternative meets the fewest others."""
        best: Chosen | None = None
        for field, choices in one.anchors:
            score = 0.0
            anchors = []
            for choice in choices:
                weight, anchor = min((self._weight(field.path, anchor), anchor) for anchor in choice)
                score += weight
                anchors.append(anchor)
            if best is None or score < best.score:
                best = Chosen(score, field, tuple(anchors))
        return best

    def _weight(self, path: str, anchor: Anchor) -> float:
        # Among equals the cheaper look-up wins.
        cost = anchor.kind / 10
        if anchor.kind is not Kind.RANGE:
            return self._sharing[path, anchor.kind, anchor.key] + cost
        # How many ranges hold its bounds: what a number near it would find.
        lows, highs = self._bounds[path]
        bounds = [bound for bound in (anchor.key.low, anchor.key.high) if abs(bound) < sys.float_info.max]  # type: ignore[attr-defined]
        holding = [bisect_right(lows, bound) - bisect_left(highs, bound) for bound in bounds]
        return sum(holding) / max(len(holding), 1) + cost
