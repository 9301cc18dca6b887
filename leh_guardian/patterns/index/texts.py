"""Prefixes and suffixes: which of many begin, or end, a text?

Rule kept: one bisection, however many prefixes there are. In a sorted list, all prefixes of a text that are longer than
what it shares with its left neighbour are no prefixes of it; the rest are prefixes of that neighbour, and each
knows its own longest prefix among the others.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping

from leh_guardian.patterns.index.tree import Finder, Node, value_by_value


class _Text:
    """One text to look for, and the longest other one that it begins with."""

    __slots__ = ("nodes", "shorter", "text")

    def __init__(self, text: str, node: Node, shorter: _Text | None) -> None:
        self.text = text
        self.nodes = (node,)
        self.shorter = shorter


def prefixes(table: Mapping[str, Node]) -> Finder:
    """Look up by the beginning of a text."""
    find = _finder(table)
    return value_by_value(lambda value: find(value) if isinstance(value, str) else None)


def suffixes(table: Mapping[str, Node]) -> Finder:
    """Look up by the end of a text."""
    find = _finder({text[::-1]: node for text, node in table.items()})
    return value_by_value(lambda value: find(value[::-1]) if isinstance(value, str) else None)


def folded(table: Mapping[str, Node]) -> Finder:
    """Look up by a text in any case."""
    found = {text: (node,) for text, node in table.items()}.get
    return value_by_value(lambda value: found(value.casefold()) if isinstance(value, str) else None)


def folded_prefixes(table: Mapping[str, Node]) -> Finder:
    """Look up by the beginning of a text, in any case."""
    find = _finder(table)
    return value_by_value(lambda value: find(value.casefold()) if isinstance(value, str) else None)


def folded_suffixes(table: Mapping[str, Node]) -> Finder:
    """Look up by the end of a text, in any case."""
    find = _finder({text[::-1]: node for text, node in table.items()})
    return value_by_value(lambda value: find(value.casefold()[::-1]) if isinstance(value, str) else None)


def _finder(table: Mapping[str, Node]) -> Callable[[str], tuple[Node, ...] | None]:
    texts = sorted(table)
    chain: list[_Text] = []
    rows: list[_Text] = []
    for text in texts:
        while chain and not text.startswith(chain[-1].text):
            chain.pop()
        chain.append(_Text(text, table[text], chain[-1] if chain else None))
        rows.append(chain[-1])

    def find(value: str) -> tuple[Node, ...] | None:
        at = bisect_right(texts, value)
        row = rows[at - 1] if at else None
        while row is not None and not value.startswith(row.text):
            row = row.shorter
        nodes: tuple[Node, ...] = ()
        while row is not None:
            nodes += row.nodes
            row = row.shorter
        return nodes

    return find
