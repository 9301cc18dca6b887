"""The trie of the event paths that patterns use.

Rule kept: an event may write ``{"a": {"b": 1}}`` as ``{"a.b": 1}``, and both are the path ``a.b``. So every way to
write a path leads through the trie; the ways with dots in a key are marked, for only they can lead to one leaf twice.
"""

from __future__ import annotations

from collections.abc import Iterable


class Node:
    """A step of the trie: the keys that lead on from here, and the path that ends here, if a pattern uses it."""

    __slots__ = ("alias_of", "children", "path")

    def __init__(self, alias_of: Node | None = None) -> None:
        self.children: dict[str, Node] = {}
        self.path: str | None = None
        self.alias_of = alias_of
        """The node that a key with dots in it leads to; such a node has nothing of its own."""


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
                node.children.setdefault(".".join(steps[start:end]), Node(alias_of=trail[end]))
        trail[-1].path = path
    return root
