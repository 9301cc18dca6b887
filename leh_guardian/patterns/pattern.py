"""A compiled event pattern: does an event match, and why or why not.

Rule kept: ``matches`` and ``explain`` ask the same two questions of the same leaves (has every field its leaf; are
they consistent within arrays), so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leh_guardian.patterns.compiler import compile_alternatives
from leh_guardian.patterns.explanation import AlternativeExplanation, Explanation, FieldExplanation
from leh_guardian.patterns.fields import Alternative, Field
from leh_guardian.patterns.leaves import Leaves
from leh_guardian.patterns.satisfaction import satisfied
from leh_guardian.patterns.trie import Node, build_trie
from leh_guardian.patterns.values import MISSING, plain
from leh_guardian.patterns.walk import find_leaves


def compile_pattern(pattern: str | bytes | dict[str, Any]) -> Pattern:
    """Compile an event pattern.

    Text is JSON, and is the better source: doubled keys and the spelling of numbers are seen only there. A dict is
    what a YAML loader gives.

    Raises:
        PatternError: with EventBridge's reason and the place of the fault.
    """
    return Pattern(compile_alternatives(pattern))


class Pattern:
    """An event pattern of Amazon EventBridge, ready to match. Made by ``compile_pattern``; never changes."""

    __slots__ = ("_trie", "alternatives", "paths")

    def __init__(self, alternatives: tuple[Alternative, ...]) -> None:
        self.alternatives = alternatives
        """The pattern with every ``$or`` multiplied out; one of them must hold."""
        self.paths = tuple(sorted({field.path for alternative in alternatives for field in alternative.fields}))
        """The event paths in use, arrays left out of them, for example ``detail.state.value``."""
        self._trie: Node | None = None

    def __repr__(self) -> str:
        return f"<Pattern on {', '.join(self.paths)}>"

    def matches(self, event: dict[str, Any]) -> bool:
        """Tell whether the event, as ``json.loads`` or ``orjson.loads`` gives it, matches.

        Any JSON value may be given; what is not an object matches no pattern.
        """
        leaves = self._find_leaves(event)
        return leaves is not None and any(satisfied(one.fields, leaves) for one in self.alternatives)

    def explain(self, event: dict[str, Any]) -> Explanation:
        """Tell field by field what was expected and what was seen."""
        leaves = self._find_leaves(event)
        return Explanation(tuple(_explain(alternative.fields, leaves) for alternative in self.alternatives))

    def _find_leaves(self, event: object) -> Leaves | None:
        # Made when first needed: a pattern that is only indexed needs no trie of its own.
        if self._trie is None:
            self._trie = build_trie(self.paths)
        return find_leaves(event, self._trie)


def _found(field: Field, leaves: Leaves) -> bool:
    """Tell whether the field is satisfied, taken by itself."""
    return any(map(field.matches, leaves.values(field.path) or (MISSING,)))


def _explain(fields: Sequence[Field], leaves: Leaves | None) -> AlternativeExplanation:
    matched = leaves is not None and satisfied(fields, leaves)
    explained = tuple(
        FieldExplanation(
            path=field.path,
            matched=matched or (leaves is not None and _found(field, leaves)),
            expected=field.expected,
            seen=() if leaves is None else _seen(field, leaves),
        )
        for field in fields
    )
    return AlternativeExplanation(matched, explained)


def _seen(field: Field, leaves: Leaves) -> tuple[str | int | float | bool | None, ...]:
    """Give the values at the field's path in the order of the event, whatever order the walk took."""
    leaves_in_order = sorted(
        zip(leaves.places(field.path), leaves.values(field.path), strict=True), key=lambda leaf: leaf[0]
    )
    return tuple(plain(value) for _, value in leaves_in_order)
