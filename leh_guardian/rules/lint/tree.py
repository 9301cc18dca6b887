"""Owns the walk down a shape; the one rule: a pattern looks through arrays, an expression does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter
from typing import Final

from leh_guardian.rules.expression_paths import INDEX
from leh_guardian.rules.shapes.envelope import ENVELOPE
from leh_guardian.rules.shapes.event_type import EventType
from leh_guardian.rules.shapes.kinds import MORE, OPEN, Leaf, Rows, Shape


@dataclass(frozen=True, slots=True)
class Miss:
    """There is no such way down."""

    depth: int
    """The number of steps that were found."""
    siblings: tuple[str, ...]
    """What there is instead; empty below a value."""
    elsewhere: str
    """A hint where a field of the same name is, if there is one."""
    array: bool = False
    """Whether an array is looked at as if it were an object, or the other way round."""


ANY_EVENT: Final[Mapping[str, Shape]] = {**ENVELOPE, "detail": OPEN}


@lru_cache(maxsize=4096)  # the rules of a folder ask the same few things
def find(event_type: EventType | None, steps: tuple[str, ...], *, through_rows: bool) -> Shape | Miss:
    """Return what is at the end of `steps` in an event, None for one of which nothing is known.

    Arrays at the end are looked into if arrays are looked through.
    """
    top: Shape = event_type.event if event_type else ANY_EVENT
    here = top
    for depth, step in enumerate(steps):
        if through_rows:
            here = _inside(here)
        if here is OPEN:
            return OPEN
        if isinstance(here, Rows) != (step == INDEX):
            return Miss(depth, names_below(here), "", array=True)
        if isinstance(here, Rows):
            here = here.of
        elif isinstance(here, Leaf) or (step not in here and MORE not in here):
            return Miss(depth, names_below(here), _elsewhere(top, step))
        else:
            here = here.get(step, OPEN)
    return _inside(here) if through_rows else here


def merge(misses: Sequence[Miss]) -> Miss:
    """Return the deepest of these, with what there is instead in any that is as deep."""
    depth = max(miss.depth for miss in misses)
    deepest = [miss for miss in misses if miss.depth == depth]
    siblings = dict.fromkeys(name for miss in deepest for name in miss.siblings)
    elsewhere = next((miss.elsewhere for miss in deepest if miss.elsewhere), "")
    return replace(deepest[0], siblings=tuple(siblings), elsewhere=elsewhere)


def names_below(shape: Shape) -> tuple[str, ...]:
    """Return the names of the fields at `shape`, those of an array's elements included."""
    inner = _inside(shape)
    return tuple(name for name in inner if name != MORE) if isinstance(inner, Mapping) else ()


def _inside(shape: Shape) -> Shape:
    while isinstance(shape, Rows):
        shape = shape.of
    return shape


def _elsewhere(top: Shape, name: str) -> str:
    found = [(len(path), path) for path in _paths(top) if path[-1].lower() == name.lower()]
    shortest = min(found, key=itemgetter(0))[1] if found else ()  # of two as short the first, as the sender writes them
    return f"did you mean `{'.'.join(shortest)}`?" if shortest else ""


def _paths(shape: Shape, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    inner = _inside(shape)
    if isinstance(inner, Mapping):
        for name, below in inner.items():
            if name != MORE:
                yield (*above, name)
                yield from _paths(below, (*above, name))
