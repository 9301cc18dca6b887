"""One walk over a decoded event, along the paths that patterns use.

Rule kept: the walk follows a trie of used paths only, so its cost is bounded by the part of the event that patterns
name. Objects are read on a short way; what else there is (arrays, keys with dots) waits, and is read
on its own stack, so that the event may be nested to any depth.
"""

from __future__ import annotations

from typing import Any

from leh_guardian.patterns.leaves import Leaves
from leh_guardian.patterns.many import Many
from leh_guardian.patterns.trie import Node
from leh_guardian.patterns.values import Value, canonical

_SCALARS = frozenset({str, int, float, bool, type(None)})
_Waiting = list[tuple[Node, object, int]]


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
            _enter_object(node, value, place, stack, leaves)
        elif isinstance(value, list):
            _enter_array(node, value, place, stack, leaves)
        elif node.path is not None:
            leaves.add(node.path, canonical(value), place)


def _enter_object(node: Node, members: dict[str, Any], place: int, stack: _Waiting, leaves: Leaves) -> None:
    children = node.children
    # The smaller side leads.
    for name in children if len(children) <= len(members) else members:
        if name in members and name in children:
            child = children[name].alias_of or children[name]
            value = members[name]
            if isinstance(value, (dict, list)):
                stack.append((child, value, place))
            elif child.path is not None:
                scalar = value if value.__class__ is str else canonical(value)
                there = leaves.found.get(child.path)
                # The inner loop of arrays of objects: no call for what is usual there.
                if isinstance(there, Many):
                    there.values.append(scalar)
                    there.places.append(place)
                else:
                    leaves.add(child.path, scalar, place)


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
            array = leaves.new_array(place)
        inside = leaves.new_element(array, place)
        if isinstance(element, dict):
            _enter_object(node, element, inside, stack, leaves)
        else:
            stack.append((node, element, inside))
