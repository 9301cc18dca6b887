"""Owns resident and foreigner registration numbers (주민등록번호, 외국인등록번호); the one rule: the day must have been.

YYMMDD-GNNNNNN. The check digit is evidence and no condition: numbers given since October 2020 are random after G. G says sex and
century; 9 and 0 (born before 1900) are believed only beside a word. Sources: Enforcement Rule of the Resident Registration Act,
art. 2; foreigners' numbers keep one of two check formulas.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.disclosure.checks import birth, foreigner_check, resident_check
from leh_guardian.disclosure.found import Tier
from leh_guardian.disclosure.labels import Label
from leh_guardian.disclosure.numbers import Number, Shape

SHAPES: Final = ((6, 7), (13,))
_OLDEST: Final = 111
"""Years. A bare number of somebody older is some other number, such as milliseconds since 1970."""
_NEUTRAL: Final = frozenset({Label.NONE, Label.RESIDENT})


def could_be_citizen(digits: str) -> bool:
    """Tell whether digits alone let a number be a citizen's."""
    return "01" <= digits[2:4] <= "12" and "01" <= digits[4:6] <= "31" and digits[6] not in "5678"


def could_be_foreigner(digits: str) -> bool:
    """Tell whether digits alone let a number be a foreigner's."""
    return "01" <= digits[2:4] <= "12" and "01" <= digits[4:6] <= "31" and digits[6] in "5678"


def word(digits: str, _: Shape) -> Label | None:
    """Return what digits must be called: of those born before 1900 nothing is believed without a word."""
    return Label.RESIDENT if digits[6] in "90" else None


def judge_citizen(number: Number) -> Tier | None:
    """Tell whether a number is a citizen's."""
    if number.digits[6] in "90" and not number.called(Label.RESIDENT):
        return None
    return _judge(number, checked=resident_check(number.digits))


def judge_foreigner(number: Number) -> Tier | None:
    """Tell whether a number is a foreigner's."""
    return _judge(number, checked=foreigner_check(number.digits))


def _judge(number: Number, *, checked: bool) -> Tier | None:
    born = birth(number.digits, number.today)
    if born is None:
        return None
    if number.called(Label.RESIDENT):
        return Tier.CONFIRMED
    if number.glued or not number.plain:
        return None
    if number.bare and (number.today.year - born.year > _OLDEST or (_milliseconds(number.digits) and not checked)):
        return None
    if number.label is not Label.NONE:
        # An order's number that has a date's form is one of many; with the right check digit one in ten of these.
        return Tier.PROBABLE if checked and not number.bare else None
    return Tier.CONFIRMED if checked and not number.bare else Tier.PROBABLE


def _milliseconds(digits: str) -> bool:
    """Tell whether it would be a time from 2020 to 2028."""
    return "1600" <= digits[:4] < "1850"
