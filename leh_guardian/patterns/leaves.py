"""What a walk over an event found: the leaves at the paths in use, and where in its arrays they are.

Rule kept: an event without arrays of objects pays for none of this: one dict from path to value, and an empty list that
says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from leh_guardian.patterns.many import Many
from leh_guardian.patterns.values import Value


class Shape(NamedTuple):
    """Where the leaves at a path are."""

    nested: bool
    """Whether any is in an element of an array of several objects."""
    array: int | None
    """The one outermost array that all of them are in, if there is one."""
    flat: bool
    """Whether none of them is in an array within an array."""


class Leaves:
    """What a walk found: the leaf at each used path, or the leaves.

    A place is a number: 0 is the event itself, any other an object or array that is an element of an array. Scalars in
    an array have the place of the array. Arrays of one element make no places: nothing can be inconsistent in them.
    """

    __slots__ = ("_shapes", "array_of", "found", "outermost", "owner_of")

    def __init__(self) -> None:
        self.found: dict[str, Value | Many] = {}
        self.array_of: list[int] = [-1]
        """The array that each place is an element of."""
        self.owner_of: list[int] = []
        """The place that each array stands in; empty if no array of objects was crossed."""
        self.outermost: list[int] = [0]
        """For each place, the element of an outermost array that it is, or is in."""
        self._shapes: dict[str, Shape] = {}

    def values(self, path: str) -> list[Value]:
        """Give the values at a path."""
        found = self.found.get(path)
        if found is None:
            return []
        return found.values if isinstance(found, Many) else [found]

    def places(self, path: str) -> list[int]:
        """Give the places of the values at a path, in the same order."""
        found = self.found.get(path)
        if found is None:
            return []
        return found.places if isinstance(found, Many) else [0]

    def shape(self, path: str) -> Shape:
        """Tell where the leaves at a path are."""
        if path not in self._shapes:
            places = set(self.places(path))
            arrays = {self.array_of[self.outermost[place]] for place in places}
            self._shapes[path] = Shape(
                nested=any(places),
                array=arrays.pop() if len(arrays) == 1 and all(places) else None,
                flat=all(place == self.outermost[place] for place in places),
            )
        return self._shapes[path]

    def within(self, element: int, paths: Iterable[str]) -> Leaves:
        """Give the leaves at these paths, which are Many, that are in an element of an outermost array."""
        part = Leaves()
        part.array_of, part.owner_of, part.outermost = self.array_of, self.owner_of, self.outermost
        for path in paths:
            many = self.found[path]
            if isinstance(many, Many):
                at = many.in_element(element, self.outermost)
                part.found[path] = Many([many.values[n] for n in at], [many.places[n] for n in at])
        return part

    def new_array(self, place: int) -> int:
        """Number an array of several objects that stands at a place."""
        self.owner_of.append(place)
        return len(self.owner_of) - 1

    def new_element(self, array: int, place: int) -> int:
        """Number an element of an array that stands at a place; the number is a place itself."""
        inside = len(self.array_of)
        self.array_of.append(array)
        self.outermost.append(self.outermost[place] or inside)
        return inside

    def add(self, path: str, value: Value, place: int) -> None:
        """Note a leaf."""
        found = self.found.get(path)
        if isinstance(found, Many):
            found.values.append(value)
            found.places.append(place)
        elif found is not None:
            self.found[path] = Many([found, value], [0, place])
        else:
            self.found[path] = Many([value], [place]) if place else value
