"""Single values, blocks of addresses, inner texts of wildcards, shared conditions, presence: one table each.

Rule kept: the work for a value is bounded by the value itself (its length, the masks there are), never by how many
patterns share the table; only of conditions that nothing else tells apart is each different one tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping

from leh_guardian.patterns.address import parse_address
from leh_guardian.patterns.fields import Field
from leh_guardian.patterns.index.anchors import GRAM_LENGTHS
from leh_guardian.patterns.index.tree import Finder, Node, value_by_value
from leh_guardian.patterns.values import Value


def exact(table: Mapping[Hashable, Node]) -> Finder:
    """Look up by the value itself."""
    return value_by_value({value: (node,) for value, node in table.items()}.get)


def blocks(table: Mapping[tuple[int, int, int], Node]) -> Finder:
    """Look up by the blocks that an address lies in; a single address is a block without host bits."""
    by_version: defaultdict[int, defaultdict[int, dict[int, Node]]] = defaultdict(lambda: defaultdict(dict))
    for (version, host_bits, network), node in table.items():
        by_version[version][host_bits][network] = node
    masks = {version: tuple(by_bits.items()) for version, by_bits in by_version.items()}

    def find(value: Value) -> tuple[Node, ...] | None:
        address = parse_address(value) if isinstance(value, str) else None
        if address is None:
            return None
        version, number = address
        return tuple(
            networks[number >> host_bits]
            for host_bits, networks in masks.get(version, ())
            if number >> host_bits in networks
        )

    return value_by_value(find)


def grams(table: Mapping[str, Node]) -> Finder:
    """Look up by every run of so many characters in a text."""
    lengths = [length for length in GRAM_LENGTHS if any(len(gram) == length for gram in table)]

    def find(value: Value) -> tuple[Node, ...] | None:
        if not isinstance(value, str):
            return None
        found = [
            gram
            for length in lengths
            for at in range(len(value) - length + 1)
            if (gram := value[at : at + length]) in table
        ]
        return tuple(table[gram] for gram in dict.fromkeys(found)) if found else None

    return value_by_value(find)


def tests(table: Mapping[Field, Node]) -> Finder:
    """Look up by trying each condition."""
    nodes = tuple((field, field.matches, node) for field, node in table.items())
    return Finder(
        one=lambda value: tuple(node for _, test, node in nodes if test(value)),
        many=lambda many: [node for field, _, node in nodes if many.satisfies(field)],
    )


def present(table: Mapping[Hashable, Node]) -> Finder:
    """Find the same whatever the value."""
    nodes = tuple(table.values())
    return Finder(one=lambda _: nodes, many=lambda _: nodes)
