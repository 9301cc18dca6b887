"""The leaves at one path, where there are several.

Rule kept: what is asked of many leaves again and again (which values are there, where is this value, what is in that
element) is worked out once for an event, so that a thousand patterns over an array of ten thousand stay affordable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import TypeVar

from leh_guardian.patterns.fields import Field
from leh_guardian.patterns.values import Value

T = TypeVar("T", bound=Hashable)


class Many:
    """Values with their places; see ``leaves.Leaves`` for what a place is."""

    __slots__ = ("_at_value", "_distinct", "_in_element", "_satisfying", "places", "values")

    def __init__(self, values: list[Value], places: list[int]) -> None:
        self.values = values
        self.places = places
        self._distinct: frozenset[Value] | None = None
        self._satisfying: dict[Field, bool] = {}
        self._at_value: dict[Value, list[int]] | None = None
        self._in_element: dict[int, list[int]] | None = None

    @property
    def distinct(self) -> frozenset[Value]:
        """The values, each once."""
        if self._distinct is None:
            self._distinct = frozenset(self.values)
        return self._distinct

    def satisfies(self, field: Field) -> bool:
        """Tell whether any value satisfies the field."""
        if field.exact_keys is not None:
            return not field.exact_keys.isdisjoint(self.distinct)
        known = self._satisfying.get(field)
        if known is None:
            known = self._satisfying[field] = any(map(field.matches, self.distinct))
        return known

    def at_value(self, value: Value) -> Sequence[int]:
        """Give the positions of a value among the values."""
        if self._at_value is None:
            self._at_value = _positions(self.values)
        return self._at_value.get(value, ())

    def in_element(self, place: int, outermost: Sequence[int]) -> Sequence[int]:
        """Give the positions of the values within an element of an outermost array."""
        if self._in_element is None:
            self._in_element = _positions([outermost[place] for place in self.places])
        return self._in_element.get(place, ())


def _positions(items: Sequence[T]) -> dict[T, list[int]]:
    found: defaultdict[T, list[int]] = defaultdict(list)
    for position, item in enumerate(items):
        found[item].append(position)
    return dict(found)
