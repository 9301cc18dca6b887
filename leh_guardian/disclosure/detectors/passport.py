"""Owns passports (여권번호): M12345678, and M123A4567 since 2021; the one rule: alone it is believed in capitals only.

M ordinary, S single journey, R resident abroad, O official, D diplomatic, G government's. The old form is that of many product
codes, so eight digits that are a day of this century are left, and so is whatever a word calls something else. Source: Ministry
of Foreign Affairs, new passport series of December 2021.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from leh_guardian.disclosure.found import Hit, Kind, Tier
from leh_guardian.disclosure.labels import Label, label_in

SIGN: Final = re.compile(r"[MSRODG][0-9]{3}[0-9A-Z][0-9]{4}")
"""Every passport that stands alone has this."""
NAMES: Final = ("여권", "passport", "Passport", "PASSPORT")
_FORM: Final = re.compile(
    r"[MSRODGmsrodg][ -]?(?:[0-9]{8}|[0-9]{3}[A-Za-z][0-9]{4}|[0-9]{4}[ -][0-9]{4}|[0-9]{3}[ -]?[A-Za-z][ -]?[0-9]{4})(?![A-Za-z0-9])"
)
_WORDLIKE: Final = re.compile(r"[A-Za-z0-9]\Z|[A-Za-z0-9][_.-]\Z")
_DAY: Final = re.compile(r".20[0-3][0-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")


def find(text: str, key: Label) -> Iterator[Hit]:
    """Yield the passports of a folded text."""
    small = text.lower()
    for found in _FORM.finditer(text):
        start, end = found.span()
        label = label_in(small, start, end, key)
        glued = _WORDLIKE.search(text, max(0, start - 2), start) is not None
        if glued and not (text[start - 1] in "_-" and label is Label.PASSPORT):
            continue
        if label is Label.PASSPORT:
            yield Hit(Kind.KR_PASSPORT, Tier.CONFIRMED, start, end)
        elif label in {Label.NONE, Label.RESIDENT, Label.PHONE} and _stands_alone(text, start, end):
            yield Hit(Kind.KR_PASSPORT, Tier.PROBABLE, start, end)


def _stands_alone(text: str, start: int, end: int) -> bool:
    value = text[start:end]
    return bool(SIGN.fullmatch(value)) and not _DAY.fullmatch(value) and text[end : end + 1] not in {"-", "_"}
