"""Owns the cheap first look at a text; the one rule: it may let too much through and never too little.

Most lines hold nothing, and most of what a scan costs is to see that. Literal words are looked for before any expression runs.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.disclosure.detectors import aws_secret, passport, password, private_key, tokens
from leh_guardian.disclosure.folding import ODD

# What a text could hold, as flags: plain numbers, since an enum's operators would cost more than the looks themselves.
PASSPORT: Final = 2
TOKEN: Final = 4
PASSWORD: Final = 8
SECRET_KEY: Final = 16
PRIVATE_KEY: Final = 32

_SHORTEST_SECRET_KEY: Final = 40


def is_odd(text: str) -> bool:
    """Tell whether a text must be folded before it can be looked at."""
    return ("%" in text or "\\u" in text or not text.isascii()) and ODD.search(text) is not None


def signs_of(text: str) -> int:
    """Return what a folded text could hold besides numbers, as flags."""
    signs = 0
    if passport.SIGN.search(text) or any(map(text.__contains__, passport.NAMES)):
        signs |= PASSPORT
    if any(map(text.__contains__, tokens.HINTS)) and any(map(text.__contains__, tokens.SIGNS)):
        signs |= TOKEN
    if any(map(text.lower().__contains__, password.SIGNS)) or ("://" in text and "@" in text):
        signs |= PASSWORD
    if len(text) >= _SHORTEST_SECRET_KEY:
        if aws_secret.FORM.search(text):
            signs |= SECRET_KEY
        if private_key.SIGN in text:
            signs |= PRIVATE_KEY
    return signs
