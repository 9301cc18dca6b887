"""One walk over a decoded event, along the paths that patterns use.

Rule kept: the walk follows a trie of used paths only, so its cost is bounded by the part of the event that patterns
name. Objects are read on a short way; what else there is (arrays, keys with dots) waits, and is read
on its own stack, so that the event may be nested to any depth.
"""

from __future__ import annotations

from typing import Any

from leh_guardian.patterns.trie import Node
from leh_guardian.patterns.values import Value, canonical

_SCALARS = frozenset({str, int, float, bool, type(None)})
_Waiting = list[tuple[Node, object, int]]


class Many:
    """The leaves at one path, where it is not simply one: each value with its place."""

    __slots__ = ("places", "values")

    def __init__(self, values: list[Value], places: list[int]) -> None:
        self.values = values
        self.places = places


class Leaves:
    """What a walk found: the leaf at each used path, or the leaves.

    A place is a number: 0 is the event itself, any other an object or array that is an element of an array. Scalars in
    an array have the place of the array. Arrays of one element make no places: nothing can be inconsistent in them.
    """

    __slots__ = ("array_of", "found", "owner_of")

    def __init__(self) -> None:
        self.found: dict[str, Value | Many] = {}
        self.array_of: list[int] = [-1]
        """The array that each place is an element of."""
        self.owner_of: list[int] = []
        """The place that each array stands in; empty if no array of objects was crossed."""

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
        stack.append((node, element, len(leaves.array_of)))
        leaves.array_of.append(array)
