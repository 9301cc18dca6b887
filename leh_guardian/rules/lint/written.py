"""Owns the way back from a compiled pattern to its text; the one rule: where the two cannot be matched up, nothing is claimed.

The compiler multiplies `$or` out and forgets places. Here the same walk is made again with places only: for each alternative,
where each of its fields stands, and which branch of which `$or` it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from leh_guardian.patterns import Alternative, Field, Pattern
from leh_guardian.rules.diagnostics import Path
from leh_guardian.rules.lint.selection import Selection, select

_OR: Final = "$or"


@dataclass(slots=True)
class _Draft:
    places: dict[str, Path] = field(default_factory=dict)
    """By dotted path: the keys that lead to the field's list. Arrays of indexes are those of `$or` branches."""
    chosen: dict[Path, int] = field(default_factory=dict)
    """By the place of a `$or`: the branch."""

    def copy(self) -> _Draft:
        return _Draft(dict(self.places), dict(self.chosen))


@dataclass(frozen=True, slots=True)
class Written:
    """One alternative of a pattern, and where it stands in the rule file."""

    alternative: Alternative
    places: Mapping[str, Path]
    chosen: Mapping[Path, int]
    selection: Selection
    """The event types that it selects."""

    def fields(self) -> Sequence[tuple[Field, Path]]:
        """Return the fields, each with its place."""
        return [(one, self.places[one.path]) for one in self.alternative.fields]


@dataclass(frozen=True, slots=True)
class Overwritten:
    """A field that a later one of the same path takes the place of."""

    place: Path
    by: Path


def find_places(written: Mapping[str, Any], pattern: Pattern, at: Path) -> tuple[list[Written], list[Overwritten]]:
    """Return the alternatives of `pattern`, which was compiled from `written` at `at`, with their places.

    None are returned where `$or` is the name of a field: then nothing here holds.
    """
    lost: dict[tuple[Path, Path], None] = {}
    drafts = _read_object([_Draft()], written, at, "", lost)
    if len(drafts) != len(pattern.alternatives):
        return [], []
    found = [
        Written(alternative, draft.places, draft.chosen, select(alternative))
        for alternative, draft in zip(pattern.alternatives, drafts, strict=True)
        if len(alternative.fields) == len(draft.places) and all(one.path in draft.places for one in alternative.fields)
    ]
    return (found, [Overwritten(*pair) for pair in lost]) if len(found) == len(drafts) else ([], [])


def _read_object(
    drafts: list[_Draft], members: Mapping[str, Any], at: Path, prefix: str, lost: dict[tuple[Path, Path], None]
) -> list[_Draft]:
    for name, value in members.items():
        here, path = (*at, name), f"{prefix}{name}"
        if name == _OR and isinstance(value, list) and all(isinstance(branch, Mapping) for branch in value):
            drafts = _read_or(drafts, value, here, prefix, lost)
        elif isinstance(value, (dict, Mapping)):  # nearly always a dict, and to ask the abstract class takes its time
            drafts = _read_object(drafts, value, here, f"{path}.", lost)
        else:
            for draft in drafts:
                if path in draft.places:
                    lost[draft.places[path], here] = None
                draft.places[path] = here
    return drafts


def _read_or(
    drafts: list[_Draft], branches: list[Mapping[str, Any]], at: Path, prefix: str, lost: dict[tuple[Path, Path], None]
) -> list[_Draft]:
    expanded: list[_Draft] = []
    for index, branch in enumerate(branches):
        copies = [draft.copy() for draft in drafts]
        for copy in copies:
            copy.chosen[at] = index
        expanded += _read_object(copies, branch, (*at, index), prefix, lost)
    return expanded
