"""Owns payment cards: 14 to 16 digits of an issuer's range that pass Luhn; the one rule: one in ten numbers passes Luhn by chance.

So a bare run needs an issuer's range as well, and no word that calls it something else. Cards for use in Korea alone begin
with 9. Sources: ISO/IEC 7812-1; the networks' published ranges.
"""

from __future__ import annotations

import re
from typing import Final

from leh_guardian.disclosure.checks import luhn
from leh_guardian.disclosure.found import Tier
from leh_guardian.disclosure.labels import Label
from leh_guardian.disclosure.numbers import Number, Shape

SHAPES: Final = ((4, 4, 4, 4), (16,), (4, 6, 5), (15,), (4, 6, 4), (14,), (8, 8), (4, 12), (6, 10))
_ISSUERS: Final = re.compile(
    r"(?:4[0-9]{15}|5[0-9]{15}|2[2-7][0-9]{14}|35[0-9]{14}|6[0-9]{15}|9[0-9]{15}|3[47][0-9]{13}|3[068][0-9]{12})"
)


def could_be(digits: str) -> bool:
    """Tell whether digits alone let a number be a card's."""
    return _ISSUERS.fullmatch(digits) is not None and luhn(digits)


def word(_: str, __: Shape) -> None:
    """Return what digits must be called: nothing."""
    return


def judge(number: Number) -> Tier | None:
    """Tell whether a number is a card's."""
    if number.called(Label.CARD):
        return Tier.CONFIRMED
    if number.glued or not number.plain:
        return None
    if number.bare:
        return Tier.PROBABLE if number.label is Label.NONE else None
    return Tier.PROBABLE if number.label in {Label.OTHER, Label.ID} else Tier.CONFIRMED
