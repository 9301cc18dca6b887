"""Owns the cheap first look at a text; the one rule: it may let too much through and never too little.

Most lines hold nothing, and most of what a scan costs is to see that. A text is looked at as bytes: one pass of `translate` makes
letters of one kind alike, so that "nine digits, whatever parts them" and "forty letters of base64" are literals, and literals are
found ten times as fast as expressions match. Escapes of JSON within a text hide nothing: backslashes count as nothing here.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.disclosure.detectors import password, private_key, tokens

# What a text could hold, as flags: plain numbers, since an enum's operators would cost more than the looks themselves.
NUMBER: Final = 1
PASSPORT: Final = 2
TOKEN: Final = 4
PASSWORD: Final = 8
SECRET_KEY: Final = 16
PRIVATE_KEY: Final = 32
ANYTHING: Final = 63


def alike(*groups: tuple[bytes, bytes]) -> bytes:
    """Return a table in which the letters of each group are its sign, and all others a blank."""
    table = bytearray(b" " * 256)
    for letters, sign in groups:
        for letter in letters:
            table[letter] = sign[0]
    return bytes(table)


_DIGIT: Final = b"0123456789"
_CAPITALS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS: Final = alike((_DIGIT, b"0"), (b".", b"."))
_PARTING: Final = b"- /_()+~\\"
"""What may stand between the digits of a number besides a dot (`numbers.STRETCH`), and what escapes it."""
SHORTEST_NUMBER: Final = 9
"""Digits of the shortest number that is looked for."""
_NINE: Final = "0" * SHORTEST_NUMBER
_PASSPORTS: Final = alike((_CAPITALS, b"A"), (b"MSRODG", b"M"), (_DIGIT, b"0"))
_BASE64: Final = alike((_DIGIT + _CAPITALS + _CAPITALS.lower() + b"/+", b"a"))
_FORTY: Final = "a" * 40
_GITHUB: Final = tuple(sign for sign in tokens.SIGNS if sign.startswith("gh"))
_KOREAN_PASSWORDS: Final = tuple(sign for sign in password.SIGNS if not sign.isascii())


def signs_of(text: str, among: int = ANYTHING) -> int:
    """Return what a folded text could hold, as flags; looked for is only what is `among` them.

    A part of a text has no sign that the whole has not: whoever knows the whole's asks for those.
    """
    raw = text.encode("utf-8", "surrogatepass")
    foreign = len(raw) != len(text)
    signs = NUMBER if among & NUMBER and _could_be_number(raw) else 0
    if among == NUMBER:
        return signs
    small = text.lower()
    if among & PASSWORD and _could_be_password(text, small, foreign):
        signs |= PASSWORD
    if among & TOKEN and _could_be_token(text):
        signs |= TOKEN
    if among & PASSPORT and _could_be_passport(small, raw, foreign):
        signs |= PASSPORT
    if len(raw) >= len(_FORTY) and among & (SECRET_KEY | PRIVATE_KEY):
        escaped = "\\" in text
        # An escape before it would hang on it, and a slash within it may be escaped.
        letters = raw.translate(_BASE64, b"\\" if escaped else b"").decode("latin-1")
        if _FORTY in letters and (escaped or len(_FORTY) in map(len, letters.split())):
            signs |= SECRET_KEY
        if private_key.SIGN in text:
            signs |= PRIVATE_KEY
    return signs


def _could_be_number(raw: bytes) -> bool:
    """Tell whether nine digits stand together, whatever parts them.

    Parted by dots they count only beside four of them without a dot, as each number that is known has: an address of the network,
    which is in nearly every line of an audit log, has not.
    """
    digits = raw.translate(_DIGITS, _PARTING).decode("latin-1")
    if _NINE in digits:
        return True
    return (".0000" in digits or "0000." in digits) and _NINE in digits.replace(".", "")


def _could_be_password(text: str, small: str, foreign: bool) -> bool:
    # A single letter is found at once, two take their time.
    return (
        "pass" in small
        or ("w" in small and "pw" in small)
        # ſ is a letter of a name where capitals do not matter.
        or (foreign and "ſ" in text)
        or ("*" in text and "***" in text)
        or ("@" in text and ("://" in text or ":\\" in text))
        or (foreign and any(map(text.__contains__, _KOREAN_PASSWORDS)))
    )


def _could_be_token(text: str) -> bool:
    """Tell whether one of the tokens' signs is there; each of them has one of the letters that are asked for first."""
    return (
        ("J" in text and "eyJ" in text)
        or "sk-" in text
        or ("IA" in text and ("AKIA" in text or "ASIA" in text or "ABIA" in text))
        or "ACCA" in text
        or ("x" in text and ("xox" in text or "xapp-" in text))
        or ("gh" in text and any(map(text.__contains__, _GITHUB)))
        or "hub_pat_" in text
    )


def _could_be_passport(small: str, raw: bytes, foreign: bool) -> bool:
    letters = raw.translate(_PASSPORTS).decode("latin-1")
    return (
        "M00000000" in letters
        or "000A0000" in letters
        or "000M0000" in letters
        or "passport" in small
        or (foreign and "여권" in small)
    )
