"""Alternatives of which nothing is left but an anything-but of plain values: which of many let a value pass?

Rule kept: one set difference. Such alternatives nearly all match nearly every event, so they are not looked for one by
one; those that refuse the value are taken away from all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence

from leh_guardian.patterns.fields import Field
from leh_guardian.patterns.index.tree import Entry, Finder, Node
from leh_guardian.patterns.many import Many
from leh_guardian.patterns.operators import AnythingBut, Exact
from leh_guardian.patterns.values import Value


def refused_by(field: Field) -> frozenset[Value] | None:
    """Give the values that the field refuses, if refusing them is all it does."""
    match field.operators:
        case (AnythingBut((Exact(keys),)),):
            return keys
        case _:
            return None


def refusals(group: Sequence[tuple[frozenset[Value], Entry]]) -> Finder:
    """Look up those that do not refuse a value."""
    refused_of: dict[Hashable, frozenset[Value]] = {}
    for refused, entry in group:
        for key in entry.keys:
            # One key with two alternatives here refuses what both refuse.
            refused_of[key] = refused_of[key] & refused if key in refused_of else refused
    refusing: defaultdict[Value, list[Hashable]] = defaultdict(list)
    for key, refused in refused_of.items():
        for value in refused:
            refusing[value].append(key)
    everyone = frozenset(refused_of)
    parts = tuple(entry for _, entry in group)

    def without(lost: Collection[Hashable]) -> tuple[Node, ...]:
        return (Node((Entry((), everyone.difference(lost), (), parts),), {}),)

    def of_many(many: Many) -> tuple[Node, ...]:
        # Lost is who refuses every one of the values.
        lost: set[Hashable] | None = None
        for value in many.distinct:
            refused = refusing.get(value, ())
            lost = set(refused) if lost is None else lost.intersection(refused)
            if not lost:
                break
        return without(lost or ())

    return Finder(one=lambda value: without(refusing.get(value, ())), many=of_many)
