"""One walk over a decoded event, along the paths that patterns use.

Rule kept: the walk follows a trie of used paths only and keeps its own stack, so its cost is bounded by the part of
the event that patterns name, and the event may be nested to any depth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from leh_guardian.patterns.values import Value, canonical


@dataclass(slots=True)
class Node:
    """A step of the trie of used paths.

    ``children`` holds every node beneath, by its dotted way from here: an event may write ``{"a": {"b": 1}}`` as
    ``{"a.b": 1}``, and both are the path ``a.b``.
    """

    children: dict[str, Node] = field(default_factory=dict)
    path: str | None = None
    """The path that ends here, if a pattern uses it."""


@dataclass(slots=True)
class Leaves:
    """What a walk found: the leaves at each used path, each with its place.

    A place is a number: 0 is the event itself, any other an object or array that is an element of an array. Scalars in
    an array have the place of the array. Arrays of one element make no places: nothing can be inconsistent in them.
    """

    values: defaultdict[str, list[Value]] = field(default_factory=lambda: defaultdict(list))
    places: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    array_of: list[int] = field(default_factory=lambda: [-1])
    """The array that each place is an element of."""
    owner_of: list[int] = field(default_factory=list)
    """The place that each array stands in."""

    def add(self, path: str, raw: object, place: int) -> None:
        """Note a leaf."""
        self.values[path].append(canonical(raw))
        self.places[path].append(place)


def build_trie(paths: Iterable[str]) -> Node:
    """Make the trie of these paths. Pattern paths are short (document.MAX_DEPTH), so the square below is small."""
    root = Node()
    for path in paths:
        steps = path.split(".")
        trail = [root]
        for step in steps:
            trail.append(trail[-1].children.setdefault(step, Node()))
        for start, node in enumerate(trail):
            for end in range(start + 2, len(trail)):
                node.children[".".join(steps[start:end])] = trail[end]
        trail[-1].path = path
    return root


def find_leaves(event: object, trie: Node) -> Leaves | None:
    """Walk the event; None if it is no object, for such an event matches nothing."""
    if not isinstance(event, dict):
        return None
    leaves = Leaves()
    stack: list[tuple[Node, object, int]] = [(trie, event, 0)]
    while stack:
        node, value, place = stack.pop()
        if isinstance(value, dict):
            _enter_object(node, value, place, stack)
        elif isinstance(value, list):
            _enter_array(node, value, place, stack, leaves)
        elif node.path is not None:
            leaves.add(node.path, value, place)
    return leaves


def _enter_object(node: Node, value: dict[str, object], place: int, stack: list[tuple[Node, object, int]]) -> None:
    children = node.children
    # The smaller side leads.
    if len(children) <= len(value):
        for name, child in children.items():
            if name in value:
                stack.append((child, value[name], place))
    else:
        for name, inner in value.items():
            if name in children:
                stack.append((children[name], inner, place))


def _enter_array(
    node: Node, elements: list[object], place: int, stack: list[tuple[Node, object, int]], leaves: Leaves
) -> None:
    array = -1
    for element in elements:
        if not isinstance(element, dict | list):
            if node.path is not None:
                leaves.add(node.path, element, place)
            continue
        if len(elements) == 1:
            stack.append((node, element, place))
            continue
        if array < 0:
            array = len(leaves.owner_of)
            leaves.owner_of.append(place)
        stack.append((node, element, len(leaves.array_of)))
        leaves.array_of.append(array)
