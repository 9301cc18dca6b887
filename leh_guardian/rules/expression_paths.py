"""Owns the question where a JMESPath expression looks; the one rule: a path is as long as it is certain, and no longer.

The tree is jmespath's own (`ParsedResult.parsed`). What comes out of functions, comparisons, pipes and `{ }` is something new: what
follows it says nothing of the event any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

INDEX: Final = "[]"
"""The step from an array to its elements, however it is written."""

_PROJECTIONS: Final = {"projection", "value_projection", "filter_projection", "flatten"}
_MOST_PATHS: Final = 64

_Node = dict[str, Any]
_Paths = frozenset[tuple[str, ...]]


def find_paths(tree: _Node) -> _Paths:
    """Return the paths that the expression follows from the top, with INDEX where it goes into an array."""
    return _looks(tree).all


@dataclass(frozen=True, slots=True)
class _Looks:
    """The ways down that a part of an expression takes."""

    open: _Paths = frozenset()
    """Those that end at its result: what follows goes on from there."""
    done: _Paths = frozenset()
    """The others."""

    @property
    def all(self) -> _Paths:
        return self.open | self.done

    def step(self) -> _Looks:
        """Go on into the elements of an array."""
        return _Looks(frozenset((*path, INDEX) for path in self.open), self.done)

    def then(self, after: _Looks) -> _Looks:
        """Go on with what is evaluated on the result."""
        if not after.all or len(self.open) * len(after.all) > _MOST_PATHS:
            return _Looks(done=self.all)  # the ways up to here are true of it as well
        further, aside = (
            frozenset(path + tail for path in self.open for tail in tails) for tails in (after.open, after.done)
        )
        return _Looks(further, aside | self.done)


def _looks(node: _Node) -> _Looks:
    """Return where `node` looks, from what it is evaluated on."""
    return _READERS.get(node["type"], _something_new)(node)


def _field(node: _Node) -> _Looks:
    return _Looks(frozenset({(node["value"],)}))


def _itself(_: _Node) -> _Looks:
    return _Looks(frozenset({()}))


def _nowhere(_: _Node) -> _Looks:
    return _Looks()


def _subexpression(node: _Node) -> _Looks:
    first, *rest = node["children"]
    looks = _looks(first)
    for part in rest:
        looks = looks.then(_looks(part))
    return looks


def _indexed(node: _Node) -> _Looks:
    first, *indexes = node["children"]
    looks = _looks(first)
    if first["type"] in _PROJECTIONS:
        return _Looks(done=looks.all)
    for _ in indexes:
        looks = looks.step()
    return looks


def _projected(node: _Node) -> _Looks:
    left, right, *conditions = node["children"]
    elements = _looks(left)
    is_slice = left["type"] == "index_expression" and left["children"][-1]["type"] == "slice"
    if left["type"] != "flatten" and not is_slice:
        elements = elements.step()
    found = elements.then(_looks(right))
    asked = [elements.then(_looks(condition)).all for condition in conditions]
    return _Looks(found.open, found.done.union(*asked))


def _flattened(node: _Node) -> _Looks:
    (child,) = node["children"]
    return _Looks(done=_looks(child).all) if child["type"] in _PROJECTIONS else _looks(child).step()


def _one_of_two(node: _Node) -> _Looks:
    sides = [_looks(child) for child in node["children"]]
    return _Looks(sides[0].open | sides[1].open, sides[0].done | sides[1].done)


def _first_only(node: _Node) -> _Looks:
    return _Looks(done=_looks(node["children"][0]).all)


def _something_new(node: _Node) -> _Looks:
    found: _Paths = frozenset()
    return _Looks(done=found.union(*(_looks(child).all for child in node["children"])))


_READERS: Final[Mapping[str, Callable[[_Node], _Looks]]] = {
    "field": _field,
    "current": _itself,
    "identity": _itself,
    "expref": _nowhere,
    "literal": _nowhere,
    "subexpression": _subexpression,
    "index_expression": _indexed,
    "projection": _projected,
    "filter_projection": _projected,
    "flatten": _flattened,
    "or_expression": _one_of_two,
    "value_projection": _first_only,
    "pipe": _first_only,
}
