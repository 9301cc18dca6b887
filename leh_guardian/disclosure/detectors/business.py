"""Owns business registration numbers (사업자등록번호): 3-2-5 with a check digit; the one rule: no check digit, no finding.

One in ten numbers of ten digits passes, so bare digits need a word. Business data: of low weight, but asked for.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.disclosure.checks import business_check
from leh_guardian.disclosure.found import Tier
from leh_guardian.disclosure.labels import Label
from leh_guardian.disclosure.numbers import Number, Shape

_OWN: Final = (3, 2, 5)
SHAPES: Final = (_OWN, (10,), (5, 5), (3, 7))

could_be = business_check


def word(_: str, shape: Shape) -> Label | None:
    """Return what digits of a shape must be called."""
    return None if shape == _OWN else Label.BUSINESS


def judge(number: Number) -> Tier | None:
    """Tell whether a number is a business's."""
    if number.called(Label.BUSINESS):
        return Tier.CONFIRMED
    if number.shape != _OWN or number.glued or not number.plain:
        return None
    return Tier.PROBABLE if number.label in {Label.NONE, Label.COMPANY, Label.RESIDENT, Label.ID} else None
