"""What an event must hold for an operator to be satisfied: the anchors that a pattern is filed under.

Rule kept: an anchor may be found in vain, but where the operator is satisfied it is found without fail.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import IntEnum
from typing import NamedTuple

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
        found = _of_operator(operator)
        if not found:
            return None
        choices += found
    return tuple(choices)


def _of_operator(operator: Operator) -> Sequence[Choice]:  # noqa: PLR0911  one return for each kind of operator
    match operator:
        case Exact(keys):
            return [(Anchor(Kind.EXACT, key, proof=True),) for key in keys]
        case ExactAddress((version, number)):
            return [(Anchor(Kind.BLOCK, (version, 0, number), proof=True),)]
        case Cidr(block):
            return [(Anchor(Kind.BLOCK, (block.version, block.host_bits, block.network), proof=True),)]
        case Numeric():
            return [(Anchor(Kind.RANGE, operator, proof=True),)]
        case Prefix(text):
            return [(Anchor(Kind.PREFIX, text, proof=True),)]
        case Suffix(text):
            return [(Anchor(Kind.SUFFIX, text, proof=True),)]
        case EqualsIgnoreCase(text):
            return _folded(Kind.FOLDED, text)
        case PrefixIgnoreCase(text):
            return _folded(Kind.FOLDED_PREFIX, text)
        case SuffixIgnoreCase(text):
            return _folded(Kind.FOLDED_SUFFIX, text)
        case Wildcard(pieces):
            return [_of_wildcard(pieces)] if any(pieces) else []
        case _:
            return []


def _folded(kind: Kind, text: AnyCase) -> Sequence[Choice]:
    return [] if text.folded is None else [(Anchor(kind, text.folded, proof=False),)]


def _of_wildcard(pieces: tuple[str, ...]) -> Choice:
    if len(pieces) == 1:
        return (Anchor(Kind.EXACT, pieces[0], proof=True),)
    choice = [
        Anchor(kind, text, proof=False) for kind, text in ((Kind.PREFIX, pieces[0]), (Kind.SUFFIX, pieces[-1])) if text
    ]
    grams = {gram for piece in pieces for gram in _grams(piece)}
    # The longer ones first: they say more.
    best = sorted(grams, key=lambda gram: (-len(gram), gram))[:_MAX_GRAMS]
    return (*choice, *(Anchor(Kind.GRAM, gram, proof=False) for gram in best))


def _grams(piece: str) -> Sequence[str]:
    length = next((length for length in GRAM_LENGTHS if length <= len(piece)), 0)
    return [piece[at : at + length] for at in range(len(piece) - length + 1)] if length else []
