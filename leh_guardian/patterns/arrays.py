"""Array consistency: fields that are found in one array must be found in one element of it.

Rule kept: the question is decided jointly over all fields, and in linear time. Arrays of an event form a tree, and
arrays side by side do not concern each other; so each element can be judged by itself, given which fields are
to be satisfied within it. What is to be satisfied is handed down the tree, and the judgement is handed up.

``exists: false`` asks for no leaf consistent with the elements chosen so far, where fields choose in the order of their
paths (event-ruler, StructuredFinder). So an absence can be handed into an array only if an earlier field chooses the
element there.

Two choices are not tried, for only freakish events offer them: a field satisfied outside an array does not choose an
element in it as well (which could help a later absence), and where one object holds two arrays at the same path, one
nested and one under a dotted key, a field keeps to the first that satisfies it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from leh_guardian.patterns.fields import Field
from leh_guardian.patterns.leaves import Leaves

_Fields = int
"""A set of fields, as the bits of an integer; the lowest bit is the first path."""


@dataclass(slots=True)
class _Demand:
    """What an element must give: each of these fields by a leaf, or by absence; a field in both, either way."""

    leaf: _Fields = 0
    absence: _Fields = 0


class _Terrain:
    """Where in the event's arrays the leaves of some fields are."""

    def __init__(self, fields: Sequence[Field], leaves: Leaves) -> None:
        self._array_of = leaves.array_of
        self._owner_of = leaves.owner_of
        self.arrays_in: defaultdict[int, dict[int, None]] = defaultdict(dict)
        """Arrays with any such leaf, by the place they stand in; a dict for a set in order."""
        self.elements: set[int] = set()
        """Elements with any such leaf."""
        self.leaf_here: defaultdict[int, _Fields] = defaultdict(int)
        self.hit_here: defaultdict[int, _Fields] = defaultdict(int)
        self.leaf_beneath: defaultdict[int, _Fields] = defaultdict(int)
        self.hit_beneath: defaultdict[int, _Fields] = defaultdict(int)
        for index, field in enumerate(fields):
            for value, place in zip(leaves.values(field.path), leaves.places(field.path), strict=True):
                self._mark(self.leaf_here, self.leaf_beneath, place, 1 << index)
                if field.matches(value):
                    self._mark(self.hit_here, self.hit_beneath, place, 1 << index)

    def _mark(
        self, here: defaultdict[int, _Fields], beneath: defaultdict[int, _Fields], place: int, field: _Fields
    ) -> None:
        here[place] |= field
        while place:
            array = self._array_of[place]
            self.elements.add(place)
            if beneath[array] & field:
                return  # an earlier leaf has marked the rest of the way up
            beneath[array] |= field
            place = self._owner_of[array]
            self.arrays_in[place][array] = None

    def hand_down(self, place: int, demand: _Demand, count: int) -> dict[int, _Demand] | None:
        """Share out what a place must give among the arrays in it; None if it cannot give it."""
        handed: dict[int, _Demand] = {}
        for index in range(count):
            field = 1 << index
            if not (demand.leaf | demand.absence) & field or demand.leaf & self.hit_here[place] & field:
                continue
            arrays = [array for array in self.arrays_in[place] if self.leaf_beneath[array] & field]
            may_lack = demand.absence & field and not self.leaf_here[place] & field
            if may_lack and all(array in handed for array in arrays):
                for array in arrays:
                    handed[array].absence |= field
                    handed[array].leaf |= field & demand.leaf & self.hit_beneath[array]
                continue
            target = next((array for array in arrays if demand.leaf & self.hit_beneath[array] & field), None)
            if target is None:
                return None
            handed.setdefault(target, _Demand()).leaf |= field
        return handed


def consistent(fields: Sequence[Field], leaves: Leaves) -> bool:
    """Tell whether some choice of one element per array satisfies all fields together."""
    terrain = _Terrain(fields, leaves)
    everything = _Demand(leaf=(1 << len(fields)) - 1)
    for index, field in enumerate(fields):
        everything.absence |= field.may_be_absent << index

    # Down: a place is always numbered before the places inside it.
    top = terrain.hand_down(0, everything, len(fields))
    if top is None:
        return False
    demands, handed_by = dict(top), {0: top}
    order = sorted(terrain.elements)
    for place in order:
        demand = demands.get(leaves.array_of[place])
        handed = None if demand is None else terrain.hand_down(place, demand, len(fields))
        if handed is not None:
            demands |= handed
            handed_by[place] = handed

    # Up: an element is good if each array in it that must give something has a good element.
    good_arrays: set[int] = set()
    for place in reversed(order):
        if place in handed_by and handed_by[place].keys() <= good_arrays:
            good_arrays.add(leaves.array_of[place])
    return top.keys() <= good_arrays
