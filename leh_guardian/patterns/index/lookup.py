"""The index itself: the walk down the tree.

Rule kept: the answers are those of ``Pattern.matches``, whatever way leads to them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from leh_guardian.patterns.fields import Alternative, Field
from leh_guardian.patterns.index.builder import build_tree
from leh_guardian.patterns.index.tree import Entry
from leh_guardian.patterns.leaves import Leaves
from leh_guardian.patterns.many import Many
from leh_guardian.patterns.pattern import Pattern
from leh_guardian.patterns.satisfaction import satisfied
from leh_guardian.patterns.trie import build_trie
from leh_guardian.patterns.values import MISSING
from leh_guardian.patterns.walk import find_leaves

K = TypeVar("K", bound=Hashable)

MAX_INDEXED = 100_000
"""So many alternatives are indexed, at about 3 KB each, patterns included."""


class PatternIndex(Generic[K]):
    """Patterns by key; ``match`` gives the keys of those that match.

    An event costs what it holds at the paths in use, and the patterns that share with it what they cannot do without.
    Bounds, whatever the patterns and the event are:

    * Patterns that say the same are one. A condition that many share, where nothing better tells them apart, is
      tried once for all; ``anything-but`` of plain values is one set difference for all.
    * Building and memory grow with the patterns' text: each value of a list is filed once at the first level, and
      below it an alternative at most eight times on average; numeric ranges take n log n. Beyond MAX_INDEXED
      alternatives (``$or`` can make 1000 of one pattern) the patterns with the most are not indexed but judged one by one.
    * A text costs its own length, once for all its wildcards. An array costs its elements, once for all patterns, and
      a pattern on it the elements that have its values.
    * What is left linear in the number of patterns: those of which the event has everything that could be looked
      for, among them all that match; and where ``exists: false`` is asked within an array of objects, such a pattern
      costs the whole array.
    """

    __slots__ = ("_apart", "_gates", "_root", "_trie")

    def __init__(self, patterns: Mapping[K, Pattern]) -> None:
        keys_of: defaultdict[Alternative, dict[Hashable, None]] = defaultdict(dict)
        self._apart: list[tuple[K, tuple[Alternative, ...], tuple[Field, ...]]] = []
        for key, pattern in sorted(patterns.items(), key=lambda item: len(item[1].alternatives)):
            if len(keys_of) + len(pattern.alternatives) > MAX_INDEXED:
                self._apart.append((key, pattern.alternatives, _common(pattern.alternatives)))
                continue
            for alternative in pattern.alternatives:
                keys_of[alternative][key] = None
        self._trie = build_trie(sorted({path for pattern in patterns.values() for path in pattern.paths}))
        self._gates = () if self._apart else _gates(keys_of)
        self._root = build_tree(keys_of)

    def match(self, event: dict[str, Any]) -> set[K]:
        """Give the keys of the patterns that the event matches: those whose ``matches`` says so."""
        matched: set[Hashable] = set()
        leaves = None if self._shut_out(event) else find_leaves(event, self._trie)
        if leaves is not None:
            self._descend(leaves, matched)
            for key, alternatives, common in self._apart:
                if satisfied(common, leaves) and any(satisfied(one.fields, leaves) for one in alternatives):
                    matched.add(key)
        return cast("set[K]", matched)

    def _shut_out(self, event: dict[str, Any]) -> bool:
        """Tell whether one look at the top of the event shows that nothing can match."""
        if self._gates and isinstance(event, dict):
            for name, allowed in self._gates:
                value = event.get(name)
                if isinstance(value, str) and value not in allowed:
                    return True
        return False

    def _descend(self, leaves: Leaves, matched: set[Hashable]) -> None:
        found = leaves.found
        stack = [self._root]
        while stack:
            node = stack.pop()
            if node.entries:
                _judge(node.entries, leaves, matched)
            lookups = node.lookups
            if len(lookups) > len(found):
                lookups = tuple(node.by_path[path] for path in found if path in node.by_path)
            for path, ones, manys in lookups:
                value = found.get(path)
                if value is None:
                    continue
                if isinstance(value, Many):
                    # Several values may lead to one node; it is visited once.
                    stack += {inner for find in manys for inner in find(value)}
                    continue
                for find in ones:
                    nodes = find(value)
                    if nodes:
                        stack += nodes


def _judge(entries: tuple[Entry, ...], leaves: Leaves, matched: set[Hashable]) -> None:
    value_at = leaves.found.get
    crossed = leaves.owner_of
    for entry in entries:
        for path, test, field in entry.conditions:
            value = value_at(path, MISSING)
            if value.__class__ is Many:
                # Within arrays of objects an absence depends on the other fields, which are asked below.
                if not value.satisfies(field) and not (crossed and field.may_be_absent):
                    break
            elif not test(value):  # type: ignore[arg-type]  # it is not Many
                break
        else:
            if not crossed:
                matched.update(entry.keys)
                continue
            for one in entry.parts or (entry,):
                if not matched.issuperset(one.keys) and satisfied(one.fields, leaves):
                    matched.update(one.keys)


def _common(alternatives: Sequence[Alternative]) -> tuple[Field, ...]:
    """Give what all alternatives ask for. An absence is left out: whether it holds depends on the other fields."""
    shared = set(alternatives[0].fields).intersection(*(one.fields for one in alternatives))
    return tuple(field for field in shared if not field.may_be_absent)


def _gates(alternatives: Mapping[Alternative, object]) -> tuple[tuple[str, frozenset[Any]], ...]:
    """Give the top-level fields whose one value decides for most events that nothing can match."""
    gates = []
    for name in ("source", "detail-type"):
        keys = [
            field.exact_keys
            for alternative in alternatives
            for field in alternative.fields
            if field.path == name and field.exact_keys
        ]
        if keys and len(keys) == len(alternatives):
            gates.append((name, frozenset().union(*keys)))
    return tuple(gates)
