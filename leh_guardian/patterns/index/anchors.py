"""What an event must hold for an operator to be satisfied: the anchors that a pattern is filed under.

Rule kept: an anchor may be found in vain, but where the operator is satisfied it is found without fail.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from leh_guardian.patterns.fields import Field
from leh_guardian.patterns.ignore_case import AnyCase
from leh_guardian.patterns.operators import (
    Cidr,
    EqualsIgnoreCase,
    Exact,
    ExactAddress,
    Numeric,
    Operator,
    Prefix,
    PrefixIgnoreCase,
    Suffix,
    SuffixIgnoreCase,
    Wildcard,
)

GRAM_LENGTHS = (6, 3, 1)
"""How many characters of a wildcard's text are looked for, as its pieces allow."""
_MAX_GRAMS = 32
"""How many places of a wildcard are considered."""


class Kind(IntEnum):
    """How a value is looked up; the cheaper first."""

    EXACT = 0
    PREFIX = 1
    SUFFIX = 2
    FOLDED = 3
    FOLDED_PREFIX = 4
    FOLDED_SUFFIX = 5
    BLOCK = 6
    RANGE = 7
    GRAM = 8
    TEST = 9
    """Any other condition that many share."""
    PRESENT = 10


class Anchor(NamedTuple):
    """One thing to look for."""

    kind: Kind
    key: Hashable
    proof: bool
    """Whether finding it shows that the operator is satisfied."""


Choice = tuple[Anchor, ...]
"""Anchors of which any one may be chosen."""


def anchors_of(field: Field) -> tuple[Choice, ...] | None:
    """Give the choices for a field: from each, one anchor must be looked for. None if nothing tells."""
    choices: list[Choice] = []
    for operator in field.operators:
        of_operator = _CHOICES.get(type(operator))
        found = of_operator(operator) if of_operator else ()
        if not found:
            return None
        choices += found
    return tuple(choices)


def _sure(kind: Kind, key: Hashable) -> Sequence[Choice]:
    return [(Anchor(kind, key, proof=True),)]


def _folded(kind: Kind, text: AnyCase) -> Sequence[Choice]:
    return [] if text.folded is None else [(Anchor(kind, text.folded, proof=False),)]


def _of_cidr(operator: Cidr) -> Sequence[Choice]:
    block = operator.block
    return _sure(Kind.BLOCK, (block.version, block.host_bits, block.network))


def _of_wildcard(operator: Wildcard) -> Sequence[Choice]:
    pieces = operator.pieces
    if len(pieces) == 1:
        return _sure(Kind.EXACT, pieces[0])
    choice = [
        Anchor(kind, text, proof=False) for kind, text in ((Kind.PREFIX, pieces[0]), (Kind.SUFFIX, pieces[-1])) if text
    ]
    grams = {gram for piece in pieces for gram in _grams(piece)}
    # The longer ones first: they say more.
    best = sorted(grams, key=lambda gram: (-len(gram), gram))[:_MAX_GRAMS]
    choice += (Anchor(Kind.GRAM, gram, proof=False) for gram in best)
    return [tuple(choice)] if choice else []


def _grams(piece: str) -> Sequence[str]:
    length = next((length for length in GRAM_LENGTHS if length <= len(piece)), 0)
    return [piece[at : at + length] for at in range(len(piece) - length + 1)] if length else []


# Operators without an entry (the negations, and presence) are satisfied by too much to be looked for.
_CHOICES: dict[type[Operator], Callable[[Any], Sequence[Choice]]] = {
    Exact: lambda operator: [(Anchor(Kind.EXACT, key, proof=True),) for key in operator.keys],
    ExactAddress: lambda operator: _sure(Kind.BLOCK, (operator.address[0], 0, operator.address[1])),
    Cidr: _of_cidr,
    Numeric: lambda operator: _sure(Kind.RANGE, operator),
    Prefix: lambda operator: _sure(Kind.PREFIX, operator.text),
    Suffix: lambda operator: _sure(Kind.SUFFIX, operator.text),
    EqualsIgnoreCase: lambda operator: _folded(Kind.FOLDED, operator.text),
    PrefixIgnoreCase: lambda operator: _folded(Kind.FOLDED_PREFIX, operator.text),
    SuffixIgnoreCase: lambda operator: _folded(Kind.FOLDED_SUFFIX, operator.text),
    Wildcard: _of_wildcard,
}
