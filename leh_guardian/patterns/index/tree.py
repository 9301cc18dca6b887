"""The tree that an index is, once built.

Rule kept: data only, made for the loop in ``lookup``: a node says where to look for which nodes come next, and which
patterns are to be judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Any, NamedTuple

from leh_guardian.patterns.fields import Field
from leh_guardian.patterns.values import Value

Lookup = Callable[[Any], "tuple[Node, ...] | None"]
"""Gives, for a value at some path, the nodes of all patterns that this value may satisfy there."""

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

    def __init__(self, entries: tuple[Entry, ...], by_path: dict[str, tuple[Lookup, ...]]) -> None:
        self.entries = entries
        self.by_path = by_path
        self.lookups = tuple(by_path.items())
