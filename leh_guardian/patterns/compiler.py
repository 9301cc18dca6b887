"""From a written pattern to its alternatives: objects into paths, ``$or`` into alternatives.

Rule kept: the order of writing decides. Fields are written into every alternative open at that point, and where a
path is written twice the last writing holds, whether doubled, dotted or inside a ``$or`` (event-ruler,
JsonRuleCompiler; that the last key wins was seen on AWS).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from leh_guardian.patterns.complexity import refuse_complex_wildcards
from leh_guardian.patterns.document import MAX_DEPTH, Members, Node, read_document, render
from leh_guardian.patterns.errors import OrShapeError, PatternError, Where
from leh_guardian.patterns.fields import Alternative, Field
from leh_guardian.patterns.grammar import read_operator

MAX_ALTERNATIVES = 1000
"""How many combinations the ``$or`` of one pattern may make: the limit of the service."""

_OR = "$or"

# Field names that, found in a branch, show that the author's "$or" is no operator (event-ruler, Constants).
_RESERVED_IN_OR = frozenset({
    "exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "exists", "numeric", "cidr",
    "=", "<", "<=", ">", ">=",
    "regex", "not-wildcard", "not-equals-ignore-case",
    "date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
    "ip-address-in-range", "ip-address-not-in-range",
})  # fmt: skip

_Draft = dict[str, Field]


def compile_alternatives(pattern: str | bytes | Mapping[str, object]) -> tuple[Alternative, ...]:
    """Read and check a pattern.

    Raises:
        PatternError: with EventBridge's reason, if EventBridge would refuse the pattern.
    """
    document = read_document(pattern)
    if not isinstance(document, Members):
        raise PatternError("Filter is not an object")
    compiler = _Compiler(or_is_operator=True)
    try:
        drafts = compiler.read_object([{}], document, _Place())
    except OrShapeError as as_operator:
        compiler = _Compiler(or_is_operator=False)
        drafts = _compile_with_or_as_field(compiler, document, as_operator)
    for field in {id(field): field for draft in drafts for field in draft.values()}.values():
        if field.exact_keys is None:  # exact values have no wildcards
            refuse_complex_wildcards(field.operators, compiler.where_of[id(field)])
    return tuple(Alternative.of(draft.values()) for draft in drafts)


def _compile_with_or_as_field(compiler: _Compiler, document: Members, as_operator: OrShapeError) -> list[_Draft]:
    # "$or" is an ordinary field name where it cannot be the operator. If that fails as well,
    # EventBridge tells the first reason; the second one helps whoever meant a field.
    try:
        return compiler.read_object([{}], document, _Place())
    except PatternError as as_field:
        raise PatternError(f'{as_operator} (with "$or" as a field name: {as_field})', as_operator.path) from None


class _Place(NamedTuple):
    """Where the compiler is: in the text, in the event, and whether inside a ``$or``."""

    where: Where = ()
    path: str | None = None
    in_or: bool = False

    def step(self, name: str) -> _Place:
        path = name if self.path is None else f"{self.path}.{name}"
        return _Place((*self.where, name), path, self.in_or)

    def branch(self, position: int) -> _Place:
        return _Place((*self.where, _OR, position), self.path, in_or=True)


@dataclass(frozen=True, slots=True)
class _Compiler:
    or_is_operator: bool
    where_of: dict[int, Where] = dataclasses.field(default_factory=dict)
    """Where each field, by its identity, was written."""

    def read_object(self, drafts: list[_Draft], members: Members, place: _Place) -> list[_Draft]:
        """Write the object's fields into the drafts, and give the drafts that it leaves."""
        if not members.pairs:
            raise PatternError("Empty objects are not allowed", place.where)
        if len(place.where) > MAX_DEPTH:
            raise PatternError(f"Event pattern is nested more than {MAX_DEPTH} levels deep", place.where)
        for name, node in members.pairs:
            if self.or_is_operator and name == _OR:
                drafts = self._read_or(drafts, node, place)
            else:
                drafts = self._read_member(drafts, name, node, place)
        return drafts

    def _read_member(self, drafts: list[_Draft], name: str, node: Node, place: _Place) -> list[_Draft]:
        inner = place.step(name)
        if place.in_or and name in _RESERVED_IN_OR:
            raise OrShapeError(f"{name} is Ruler reserved fieldName which cannot be used inside $or.", inner.where)
        if isinstance(node, Members):
            return self.read_object(drafts, node, inner)
        if not isinstance(node, list):
            raise PatternError(f'"{name}" must be an object or an array', inner.where)
        field = _read_field(node, inner)
        self.where_of[id(field)] = inner.where
        for draft in drafts:
            draft[field.path] = field
        return drafts

    def _read_or(self, drafts: list[_Draft], branches: Node, place: _Place) -> list[_Draft]:
        where = (*place.where, _OR)
        if not isinstance(branches, list):
            raise OrShapeError("It must be an Array followed with $or.", where)
        expanded: list[_Draft] = []
        for position, branch in enumerate(branches):
            if not isinstance(branch, Members):
                raise OrShapeError("Only JSON object is allowed in array of $or relationship.", (*where, position))
            expanded += self.read_object([dict(draft) for draft in drafts], branch, place.branch(position))
            if len(expanded) > MAX_ALTERNATIVES:
                raise PatternError(f"Rule is too complex: $or makes more than {MAX_ALTERNATIVES} combinations", where)
        if len(branches) < 2:
            raise OrShapeError("There must have at least 2 Objects in $or relationship.", where)
        return expanded


def _read_field(values: list[Node], place: _Place) -> Field:
    path = place.path or ""
    if path.count(".") >= MAX_DEPTH:
        raise PatternError(f"Path has more than {MAX_DEPTH} steps", place.where)
    if not values:
        raise PatternError("Empty arrays are not allowed", place.where)
    if all(type(node) is str for node in values):
        return _field_of_texts(path, tuple(values))
    operators = tuple(read_operator(node, (*place.where, position)) for position, node in enumerate(values))
    return Field(path, operators, tuple(map(render, values)))


@lru_cache(maxsize=4096)
def _field_of_texts(path: str, texts: tuple[str, ...]) -> Field:
    """Return the field that lists texts: the rules of a folder ask for the same few, and a text is never refused."""
    return Field(path, tuple(read_operator(text, ()) for text in texts), tuple(map(render, texts)))
