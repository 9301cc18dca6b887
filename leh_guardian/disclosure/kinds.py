"""Owns which kinds of numbers there are; the one rule: the order is that in which they are asked."""

from __future__ import annotations

from typing import Final

from leh_guardian.disclosure.detectors import bank_account, business, card, driver_license, phone, resident
from leh_guardian.disclosure.found import Kind
from leh_guardian.disclosure.numbers import Judged, table_of

SHAPES: Final = table_of(
    (Judged(Kind.KR_RRN, resident.could_be_citizen, resident.word, resident.judge_citizen), resident.SHAPES),
    (Judged(Kind.KR_FRN, resident.could_be_foreigner, resident.word, resident.judge_foreigner), resident.SHAPES),
    (Judged(Kind.CARD, card.could_be, card.word, card.judge), card.SHAPES),
    (Judged(Kind.PHONE, phone.could_be, phone.word, phone.judge), phone.SHAPES),
    (
        Judged(Kind.KR_DRIVER_LICENSE, driver_license.could_be, driver_license.word, driver_license.judge),
        driver_license.SHAPES,
    ),
    (Judged(Kind.KR_BRN, business.could_be, business.word, business.judge), business.SHAPES),
    free=bank_account.judge,
)
"""Which kinds a number's groups could be."""
