"""The tree that an index is, once built.

Rule kept: data only, made for the loop in ``lookup``: a node says where to look for which nodes come next, and which
patterns are to be judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from leh_guardian.patterns.fields import Field
from leh_guardian.patterns.many import Many
from leh_guardian.patterns.values import Value

Lookup = Callable[[Any], "tuple[Node, ...] | None"]
"""Gives, for a value at some path, the nodes of all patterns that this value may satisfy there."""


class Finder(NamedTuple):
    """A look-up for one value, and the same for many."""

    one: Lookup
    many: Callable[[Many], Iterable[Node]]


def value_by_value(one: Lookup) -> Finder:
    """Make a finder that asks for each of many values."""
    return Finder(one, lambda many: [node for value in many.distinct for node in one(value) or ()])


Condition = tuple[str, Callable[[Value], bool], Field]
"""A path, what its value must pass, and the field that says so."""


class Entry(NamedTuple):
    """Patterns to be judged: one alternative, and all the keys under which it was given."""

    conditions: tuple[Condition, ...]
    """What the way to this entry has not shown yet."""
    keys: Collection[Hashable]
    fields: tuple[Field, ...]
    """All of the alternative, for an event in which arrays of objects have to be consistent."""
    parts: tuple[Entry, ...] = ()
    """Where several alternatives were judged at once: each of them, to be judged by itself in such an event."""


class Node:
    """A step of the way."""

    __slots__ = ("by_path", "entries", "lookups")

    def __init__(self, entries: tuple[Entry, ...], finders: Mapping[str, Sequence[Finder]]) -> None:
        self.entries = entries
        self.by_path = {
            path: (path, tuple(finder.one for finder in there), tuple(finder.many for finder in there))
            for path, there in finders.items()
        }
        self.lookups = tuple(self.by_path.values())
        """For each path: how to look up its one value, in so many ways, and how to look up many."""
