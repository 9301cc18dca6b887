"""Owns the quick answer to "which of these patterns may match this event"; the one rule: it may name too many, never too few.

Each alternative is filed under the rarest text that it cannot do without, an exact value or a prefix. A thousand rules of a folder
mostly name a thousand alarms so, and each is then compared with none of the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from leh_guardian.patterns import Alternative, Field, Pattern
from leh_guardian.patterns.operators import Exact, Prefix

_Key = tuple[str, int | None, Any]
"""A path, the length of the prefix (None for a whole value), and the value."""


class Candidates:
    """Patterns by number."""

    def __init__(self, patterns: Mapping[int, Pattern]) -> None:
        self._filed: defaultdict[_Key, set[int]] = defaultdict(set)
        self._lengths: defaultdict[str, set[int | None]] = defaultdict(set)
        self._always: set[int] = set()
        alternatives = [(number, one) for number, pattern in patterns.items() for one in pattern.alternatives]
        crowd = Counter(key for _, one in alternatives for keys in _ways(one) for key in keys)
        for number, one in alternatives:
            ways = [(sum(crowd[key] for key in keys), keys) for keys in _ways(one)]
            if not ways:
                self._always.add(number)
                continue
            for key in min(ways, key=lambda way: way[0])[1]:
                self._filed[key].add(number)
                self._lengths[key[0]].add(key[1])

    def of(self, values: Mapping[str, Any]) -> set[int]:
        """Return the numbers of the patterns that may match an event with these values, by path."""
        found = set(self._always)
        for path, lengths in self._lengths.items():
            if path in values:
                value = values[path]
                for length in lengths:
                    if length is None or isinstance(value, str):
                        found |= self._filed.get((path, length, value[:length] if length is not None else value), set())
        return found


def _ways(alternative: Alternative) -> Iterator[list[_Key]]:
    """Yield, for each field that can serve, the keys of which a matching event must have one."""
    for field in alternative.fields:
        keys = _keys(field)
        if keys is not None:
            yield keys


def _keys(field: Field) -> list[_Key] | None:
    keys: list[_Key] = []
    for operator in field.operators:
        match operator:
            case Exact():
                keys += [(field.path, None, key) for key in operator.keys]
            case Prefix():
                keys.append((field.path, len(operator.text), operator.text))
            case _:
                return None
    return keys
