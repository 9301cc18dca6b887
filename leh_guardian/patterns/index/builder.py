"""Building the tree: each pattern is filed under what the fewest others share with it.

Rule kept: building is bounded. A level files an alternative at one field, and a field is used once. Below the first level
an alternative is filed under no more than ``_MAX_VALUES`` values of a field, and all together no more than ``_GROWTH``
times on average; what is left over is judged one by one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from leh_guardian.patterns.fields import Alternative, Field
from leh_guardian.patterns.index import tables, texts
from leh_guardian.patterns.index.anchors import Choice, Kind, anchors_of
from leh_guardian.patterns.index.crowd import Crowd, Open
from leh_guardian.patterns.index.ranges import ranges
from leh_guardian.patterns.index.refusals import refusals, refused_by
from leh_guardian.patterns.index.tree import Entry, Finder, Node
from leh_guardian.patterns.values import Value

_FEW = 6
"""So many alternatives are judged one by one."""
_MAX_DEPTH = 12
"""So many levels are built; patterns that need more differ in nothing that could be looked for."""
_MAX_VALUES = 16
"""Below the first level a field of more values is not filed by: lists would be multiplied with lists."""
_GROWTH = 8
"""So many times, on average, an alternative may be filed below the first level."""

_LOOKUPS: dict[Kind, Callable[[Mapping[Any, Node]], Finder]] = {
    Kind.EXACT: tables.exact,
    Kind.PREFIX: texts.prefixes,
    Kind.SUFFIX: texts.suffixes,
    Kind.FOLDED: texts.folded,
    Kind.FOLDED_PREFIX: texts.folded_prefixes,
    Kind.FOLDED_SUFFIX: texts.folded_suffixes,
    Kind.BLOCK: tables.blocks,
    Kind.RANGE: ranges,
    Kind.GRAM: tables.grams,
    Kind.TEST: tables.tests,
    Kind.PRESENT: tables.present,
}


_Filing = defaultdict[tuple[str, Kind], defaultdict[Hashable, list[Open]]]


def build_tree(alternatives: Mapping[Alternative, Iterable[Hashable]]) -> Node:
    """Build the tree over these alternatives."""
    known: dict[int, tuple[Choice, ...] | None] = {}
    opened = []
    for alternative, keys in alternatives.items():
        anchors = []
        for field in alternative.fields:
            if id(field) not in known:
                known[id(field)] = anchors_of(field)
            choices = known[id(field)]
            if choices is not None:
                anchors.append((field, choices))
        opened.append(Open(tuple(keys), alternative, alternative.fields, tuple(anchors)))
    return _Builder().build(opened, 0)


class _Builder:
    def __init__(self) -> None:
        self._room = 0

    def build(self, opened: Sequence[Open], depth: int) -> Node:
        if len(opened) <= _FEW or depth > _MAX_DEPTH or (depth and self._room <= 0):
            return _leaf(opened, {})
        crowd = Crowd(opened)
        filing: _Filing = defaultdict(lambda: defaultdict(list))
        rest = []
        for one in opened:
            chosen = crowd.best(one)
            if chosen is None or (depth and chosen.score >= len(opened)):
                rest.append(one)
                continue
            below = _without(one, chosen.field, shown=all(anchor.proof for anchor in chosen.anchors))
            for anchor in chosen.anchors:
                filing[chosen.field.path, anchor.kind][anchor.key].append(below)
        rest = _file_by_tests(rest, filing)
        if depth == 0:
            rest = _file_by_presence(rest, crowd, filing)
        filed = sum(len(bucket) for table in filing.values() for bucket in table.values())
        self._room += -filed if depth else _GROWTH * len(opened)
        by_path: defaultdict[str, list[Finder]] = defaultdict(list)
        for (path, kind), table in filing.items():
            nodes = {key: self.build(bucket, depth + 1) for key, bucket in table.items()}
            by_path[path].append(_LOOKUPS[kind](nodes))
        return _leaf(rest, by_path)


def _leaf(rest: Sequence[Open], by_path: Mapping[str, Sequence[Finder]]) -> Node:
    """Make a node in which these are left to be judged, one by one or, where they only refuse a value, at once."""
    lookups = {path: list(there) for path, there in by_path.items()}
    refusing: defaultdict[str, list[tuple[frozenset[Value], Entry]]] = defaultdict(list)
    entries = []
    for one in rest:
        refused = refused_by(one.conditions[0]) if len(one.conditions) == 1 and len(rest) > _FEW else None
        if refused is None:
            entries.append(_entry(one))
        else:
            refusing[one.conditions[0].path].append((refused, _entry(one)))
    for path, group in refusing.items():
        lookups.setdefault(path, []).append(refusals(group))
    return Node(tuple(entries), lookups)


def _without(one: Open, field: Field, *, shown: bool) -> Open:
    """Give what is left of the alternative when the field has been used, and shown to be satisfied or not."""
    conditions = tuple(other for other in one.conditions if other is not field) if shown else one.conditions
    anchors = tuple(
        (other, choices) for other, choices in one.anchors if other is not field and len(choices) <= _MAX_VALUES
    )
    return one._replace(conditions=conditions, anchors=anchors)


def _file_by_tests(rest: Sequence[Open], filing: _Filing) -> list[Open]:
    """File under a condition what shares it with many others, so that it is tried once; give what shares none."""
    sharing = Counter(field for one in rest for field in one.conditions if not field.may_be_absent)
    unshared = []
    for one in rest:
        field = max(one.conditions, key=lambda field: sharing[field], default=None)
        if field is None or sharing[field] <= _FEW:
            unshared.append(one)
        else:
            filing[field.path, Kind.TEST][field].append(_without(one, field, shown=True))
    return unshared


def _file_by_presence(
    rest: Sequence[Open],
    crowd: Crowd,
    filing: _Filing,
) -> list[Open]:
    """File what has no anchor at the rarest path that it needs; give what needs no path at all."""
    always = []
    for one in rest:
        needed = [field.path for field in one.conditions if not field.may_be_absent]
        if needed:
            filing[min(needed, key=lambda path: (crowd.paths[path], path)), Kind.PRESENT][None].append(one)
        else:
            always.append(one)
    return always


def _entry(one: Open) -> Entry:
    ordered = sorted(one.conditions, key=lambda field: (field.exact_keys is None, field.path.count("."), field.path))
    return Entry(tuple((field.path, field.matches, field) for field in ordered), one.keys, one.alternative.fields)
