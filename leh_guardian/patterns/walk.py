"""One walk over a decoded event, along the paths that patterns use.

Rule kept: the walk follows a trie of used paths only, so its cost is bounded by the part of the event that patterns
name. Objects are read on a short way; what else there is (arrays, keys with dots) waits, and is read
on its own stack, so that the event may be nested to any depth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from leh_guardian.patterns.many import Many
from leh_guardian.patterns.trie import Node
from leh_guardian.patterns.values import Value, canonical

_SCALARS = frozenset({str, int, float, bool, type(None)})
_Waiting = list[tuple[Node, object, int]]


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


def find_leaves(event: object, trie: Node) -> Leaves | None:
    """Walk the event; None if it is no object, for such an event matches nothing."""
    if not isinstance(event, dict):
        return None
    leaves = Leaves()
    waiting: _Waiting = []
    _read_object(trie, event, leaves.found, waiting)
    if waiting:
        waiting.reverse()
        _read_waiting(waiting, leaves)
    return leaves


def _read_object(node: Node, members: dict[str, Any], found: dict[str, Value | Many], waiting: _Waiting) -> None:
    # The inner loop of all matching. It calls itself no deeper than the trie goes (document.MAX_DEPTH).
    child_at = node.children.get
    for name, value in members.items():
        child = child_at(name)
        if child is None:
            continue
        kind = value.__class__
        if kind is dict:
            if child.children:
                _read_object(child, value, found, waiting)
            elif child.alias_of is not None:
                waiting.append((child.alias_of, value, 0))
        elif child.alias_of is not None or kind not in _SCALARS:
            waiting.append((child.alias_of or child, value, 0))
        elif child.path is not None:
            found[child.path] = value if kind is str else canonical(value)


def _read_waiting(stack: _Waiting, leaves: Leaves) -> None:
    while stack:
        node, value, place = stack.pop()
        if isinstance(value, dict):
            _enter_object(node, value, place, stack)
        elif isinstance(value, list):
            _enter_array(node, value, place, stack, leaves)
        elif node.path is not None:
            leaves.add(node.path, canonical(value), place)


def _enter_object(node: Node, members: dict[str, object], place: int, stack: _Waiting) -> None:
    children = node.children
    # The smaller side leads.
    for name in children if len(children) <= len(members) else members:
        if name in members and name in children:
            child = children[name]
            stack.append((child.alias_of or child, members[name], place))


def _enter_array(node: Node, elements: list[object], place: int, stack: _Waiting, leaves: Leaves) -> None:
    array = -1
    for element in elements:
        if not isinstance(element, (dict, list)):
            if node.path is not None:
                leaves.add(node.path, canonical(element), place)
            continue
        if len(elements) == 1:
            stack.append((node, element, place))
            continue
        if array < 0:
            array = len(leaves.owner_of)
            leaves.owner_of.append(place)
        inside = len(leaves.array_of)
        stack.append((node, element, inside))
        leaves.array_of.append(array)
        leaves.outermost.append(leaves.outermost[place] or inside)
