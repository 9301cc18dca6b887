"""Numeric ranges: which of many hold a number?

Rule kept: memory stays within n log n however the ranges overlap. The bounds cut the number line into pieces (each
bound, and each gap between two); a binary tree stands on the pieces, and a range is filed with the few tree nodes that
make it up. A number falls into one piece, and the tree nodes above that piece have all ranges that hold it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping

from leh_guardian.patterns.index.tree import Finder, Node, value_by_value
from leh_guardian.patterns.operators import Numeric
from leh_guardian.patterns.values import Value


def ranges(table: Mapping[Numeric, Node]) -> Finder:
    """Look up by a number."""
    bounds = sorted({bound for one in table for bound in (one.low, one.high)})
    pieces = 2 * len(bounds) + 1
    filed: defaultdict[int, list[Node]] = defaultdict(list)
    for one, node in table.items():
        first = 2 * bisect_left(bounds, one.low) + (2 if one.above else 1)
        last = 2 * bisect_left(bounds, one.high) + (0 if one.below else 1)
        for at in _cover(first + pieces, last + pieces + 1):
            filed[at].append(node)
    groups = {at: tuple(nodes) for at, nodes in filed.items()}
    by_piece = [_above(piece + pieces, groups) for piece in range(pieces)]

    def find(value: Value) -> tuple[Node, ...] | None:
        if not isinstance(value, (int, float)):
            return None
        at = bisect_left(bounds, value)
        exact = at < len(bounds) and bounds[at] == value
        nodes: tuple[Node, ...] = ()
        for group in by_piece[2 * at + exact]:
            nodes += group
        return nodes

    return value_by_value(find)


def _cover(left: int, right: int) -> list[int]:
    """Give the nodes of the tree that make up the leaves from left up to right."""
    cover: list[int] = []
    while left < right:
        if left & 1:
            cover.append(left)
            left += 1
        if right & 1:
            right -= 1
            cover.append(right)
        left >>= 1
        right >>= 1
    return cover


def _above(at: int, groups: Mapping[int, tuple[Node, ...]]) -> tuple[tuple[Node, ...], ...]:
    found = []
    while at:
        if at in groups:
            found.append(groups[at])
        at >>= 1
    return tuple(found)
