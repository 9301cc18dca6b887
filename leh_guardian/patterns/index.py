"""Many patterns at once.

Rule kept: an event is walked once however many patterns there are, and a pattern is looked at only if the event has
one of the exact values, or at least the path, that the pattern cannot do without.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from leh_guardian.patterns.fields import Alternative, Field
from leh_guardian.patterns.pattern import Pattern, satisfied
from leh_guardian.patterns.values import Value
from leh_guardian.patterns.walk import Leaves, build_trie, find_leaves

K = TypeVar("K", bound=Hashable)

_Entry = tuple[K, tuple[Field, ...]]

# Where values tell equally much, these come first: every event has them once, as plain text.
_CHEAP = ("source", "detail-type")


class PatternIndex(Generic[K]):
    """Patterns by key; ``match`` gives the keys of those that match."""

    def __init__(self, patterns: Mapping[K, Pattern]) -> None:
        self._trie = build_trie(sorted({path for pattern in patterns.values() for path in pattern.paths}))
        self._by_value: defaultdict[str, defaultdict[Value, list[_Entry[K]]]] = defaultdict(lambda: defaultdict(list))
        self._by_path: defaultdict[str, list[_Entry[K]]] = defaultdict(list)
        self._always: list[_Entry[K]] = []
        entries = [(key, alternative) for key, pattern in patterns.items() for alternative in pattern.alternatives]
        crowd = _crowd(alternative for _, alternative in entries)
        for key, alternative in entries:
            self._file(key, alternative, crowd)

    def match(self, event: dict[str, Any]) -> set[K]:
        """Give the keys of the patterns that the event matches: those whose ``matches`` says so."""
        matched: set[K] = set()
        leaves = find_leaves(event, self._trie)
        if leaves is None:
            return matched
        for key, fields in self._candidates(leaves):
            if key not in matched and satisfied(fields, leaves):
                matched.add(key)
        return matched

    def _file(self, key: K, alternative: Alternative, crowd: Counter[tuple[str, Value | None]]) -> None:
        entry = (key, alternative.fields)
        exact = [field for field in alternative.fields if field.exact_keys]
        needed = [field for field in alternative.fields if not field.may_be_absent]
        if exact:
            chosen = min(exact, key=lambda field: (_crowd_at(field, crowd), field.path not in _CHEAP, field.path))
            for value in chosen.exact_keys or ():
                self._by_value[chosen.path][value].append(entry)
        elif needed:
            chosen = min(needed, key=lambda field: (crowd[field.path, None], field.path))
            self._by_path[chosen.path].append(entry)
        else:
            self._always.append(entry)

    def _candidates(self, leaves: Leaves) -> Iterator[_Entry[K]]:
        yield from self._always
        for path, values in leaves.values.items():
            if path in self._by_path:
                yield from self._by_path[path]
            if path in self._by_value:
                by_value = self._by_value[path]
                for value in set(values):
                    yield from by_value.get(value, ())


def _crowd(alternatives: Iterable[Alternative]) -> Counter[tuple[str, Value | None]]:
    """Count the alternatives that name each exact value of each path, and (with None) each path at all."""
    crowd: Counter[tuple[str, Value | None]] = Counter()
    for alternative in alternatives:
        for field in alternative.fields:
            crowd[field.path, None] += 1
            crowd.update((field.path, value) for value in field.exact_keys or ())
    return crowd


def _crowd_at(field: Field, crowd: Counter[tuple[str, Value | None]]) -> int:
    return sum(crowd[field.path, value] for value in field.exact_keys or ())
