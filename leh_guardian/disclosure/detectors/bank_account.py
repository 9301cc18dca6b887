"""Owns bank accounts (계좌번호): 10 to 16 digits however grouped; the one rule: only a word beside them makes them one.

Each bank has its own form, all of them met among order numbers. Twelve bare digits called `account` and nothing more are an AWS
account's.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.disclosure.found import Tier
from leh_guardian.disclosure.labels import Label
from leh_guardian.disclosure.numbers import Number, Shape

AWS: Final = (12,)
"""The shape of AWS's account ids, too: `account` alone says which of the two only of others."""


def could_be(shape: Shape) -> bool:
    """Tell whether groups could be an account's beside a word."""
    return 10 <= sum(shape) <= 16 and not _is_time(shape)


def judge(number: Number) -> Tier | None:
    """Tell whether a number is a bank account's."""
    if (
        not 10 <= len(number.digits) <= 16
        or number.gaps.strip("-.")
        or number.text[number.end : number.end + 1] == "원"
    ):
        return None
    if number.label is Label.ACCOUNT and (number.shape == AWS or number.glued):
        return None
    if not number.called(Label.BANK, Label.ACCOUNT) or _is_time(number.shape):
        return None
    return Tier.CONFIRMED if number.label is Label.BANK and not number.glued else Tier.PROBABLE


def _is_time(shape: Shape) -> bool:
    """Tell whether groups are a date and a time, or a number's many small parts."""
    return shape[:3] == (4, 2, 2) or max(shape) < 4
