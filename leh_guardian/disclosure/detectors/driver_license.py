"""Owns driver's licences (운전면허번호): RR-YY-NNNNNN-CC; the one rule: twelve bare digits are one only beside a word.

RR is the region that gave it, 11-26 and 28, or its name on old ones (서울 99-123456-78); how CC is computed is not published, so
every AWS account id that begins with 11-26 has the same form. Source: Korean National Police Agency's table of regions.
"""

from __future__ import annotations

import re
from typing import Final

from leh_guardian.disclosure.found import Tier
from leh_guardian.disclosure.labels import Label
from leh_guardian.disclosure.numbers import Number, Shape

SHAPES: Final = ((2, 2, 6, 2), (12,), (2, 6, 2), (2, 10), (2, 2, 8), (4, 6, 2))
_REGIONS: Final = frozenset([*map(str, range(11, 27)), "28"])
_OWN: Final = frozenset({(2, 2, 6, 2), (2, 6, 2)})
"""Shapes that are believed without a word."""
_OLD: Final = 10
"""Digits of a licence that begins with a region's name."""
_NAMES: Final = re.compile(
    r"(?:서울|부산|경기|경기남부|경기북부|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산)[-\s]?\Z"
)


def could_be(digits: str) -> bool:
    """Tell whether digits alone let a number be a licence's."""
    return digits[:2] in _REGIONS or len(digits) == _OLD


def word(_: str, shape: Shape) -> Label | None:
    """Return what digits of a shape must be called."""
    return None if shape in _OWN else Label.DRIVER


def judge(number: Number) -> Tier | None:
    """Tell whether a number is a driver's licence's."""
    if number.shape == (2, 6, 2):
        named = _NAMES.search(number.text, max(0, number.start - 6), number.start)
        return Tier.CONFIRMED if named and not number.glued else None
    if number.called(Label.DRIVER):
        return Tier.CONFIRMED
    if number.shape != (2, 2, 6, 2) or number.glued or number.gaps != "---":
        # With spaces or dots it could be anything.
        return Tier.PROBABLE if _spaced(number) else None
    return Tier.PROBABLE if number.label in {Label.NONE, Label.RESIDENT, Label.ID} else None


def _spaced(number: Number) -> bool:
    return (
        number.shape == (2, 2, 6, 2) and not number.glued and number.gaps in {"", "..."} and number.label is Label.NONE
    )
