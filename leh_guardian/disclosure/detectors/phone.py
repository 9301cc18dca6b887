"""Owns telephone numbers: mobile ones in all forms, landlines of people; the one rule: a company's number is nobody's.

Mobile: 010 with eight digits, 011 016 017 018 019 with seven or eight, also as +82 10 and 0082 10. Landlines (02, 031-064, 070, 050x)
are mostly a company's and are reported only where a word says whose they are; 15xx, 16xx and 18xx never. Source: the numbering
plan of the Ministry of Science and ICT.
"""

from __future__ import annotations

import re
from typing import Final

from leh_guardian.disclosure.found import Tier
from leh_guardian.disclosure.labels import Label
from leh_guardian.disclosure.numbers import Number, Shape

SHAPES: Final = (
    *((3, 4, 4), (3, 3, 4), (11,), (10,), (3, 8), (3, 7), (7, 4), (6, 4), (2, 4, 4), (2, 3, 4), (4, 4, 4), (4, 3, 4)),
    *(
        (2, 2, 4, 4),
        (2, 2, 3, 4),
        (2, 3, 4, 4),
        (2, 1, 2, 4, 4),
        (4, 2, 4, 4),
        (2, 2, 8),
        (2, 10),
        (2, 11),
        (12,),
        (14,),
    ),
    *((2, 3, 8), (4, 10), (2, 6, 4), (4, 8)),
)
_MOBILE: Final = re.compile(r"01(?:0[0-9]{8}|[16789][0-9]{7,8})")
_LANDLINE: Final = re.compile(r"0(?:2|[3-6][0-9]|70|50[0-9])[0-9]{7,8}")
_COUNTRY: Final = re.compile(r"(?:00)?820?(?=[1-9])")


def could_be(digits: str) -> bool:
    """Tell whether digits alone let a number be a telephone's."""
    return digits.startswith(("0", "82"))


def word(digits: str, _: Shape) -> Label | None:
    """Return what digits must be called: landlines are a company's unless somebody's home is named."""
    return None if _MOBILE.fullmatch(_at_home(digits)) else Label.LANDLINE


def judge(number: Number) -> Tier | None:
    """Tell whether a number is a person's telephone."""
    abroad = _COUNTRY.match(number.digits)
    digits = _at_home(number.digits)
    named = number.called(Label.PHONE, Label.LANDLINE)
    if not _MOBILE.fullmatch(digits):
        return _judge_landline(number, digits)
    if named:
        return Tier.CONFIRMED
    if number.glued or number.gaps.strip("-.()+"):
        return None
    if number.bare and abroad and number.text[number.start - 1 : number.start] != "+":
        return None
    if number.bare:
        return Tier.PROBABLE if number.label not in {Label.OTHER, Label.BANK} and _common(digits) else None
    return Tier.CONFIRMED if number.label is not Label.OTHER and digits.startswith("010") else Tier.PROBABLE


def _at_home(digits: str) -> str:
    """Return digits as they are dialled within Korea."""
    abroad = _COUNTRY.match(digits)
    return "0" + digits[abroad.end() :] if abroad else digits


def _common(digits: str) -> bool:
    """Tell whether bare digits are those of today's mobile numbers."""
    return digits.startswith("010")


def _judge_landline(number: Number, digits: str) -> Tier | None:
    its = number.called(Label.LANDLINE) and _LANDLINE.fullmatch(digits) and not number.bare and not number.glued
    return Tier.PROBABLE if its else None
