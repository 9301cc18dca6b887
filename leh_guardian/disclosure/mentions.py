"""Owns what is said of passwords without one being told; the one rule: it must be sure, and what it does not know is looked at.

`password_hash`, `"password": null` and `010-****-5678` are in lines by the thousand, and each has a sign that passwords have. What
follows such a sign is compared with forms in which the detector (`detectors.password`) finds nothing, whether it reads a text or a
field. What is given are the bytes of UTF-8 as letters (Latin-1); lines end with LF, and `QUOTE` is a quotation mark that was escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

QUOTE: Final = "\x0e"
_NAME: Final = "(?i:pass(?:word|wd|phrase|code)?|pwd|pw(?!d))"
_GOES_ON: Final = "(?i:word|wd|phrase|code|confirm|check|again|repeat|new|old|current|plain|raw|value|input)"
"""How the rest of a name begins, and what may follow a name that still is a password's."""
_NONE: Final = "(?i:null|none|true|false)"
_CHANGE: Final = "(?i:change[_-]?(?:me|it|this))"
_NOTHING: Final = (
    rf"\*{{3,}}|\[[a-zA-Z]{{0,20}}\]|<[a-zA-Z_ -]{{0,30}}>|\$\{{[a-zA-Z0-9_.]{{0,40}}\}}|{_NONE}|{_CHANGE}"
)
"""Masks, placeholders, and values that are none."""
_HASH: Final = r"\$(?:2[aby]|argon2i?d?|[56])\$"
_UNTOLD: Final = re.compile(
    # The name goes on; or what follows gives no value.
    rf"{_NAME}[_-]?(?!{_GOES_ON})[a-zA-Z]|{_NAME}[\"'{QUOTE}]?[,\]}})>.;/&?!\n]"
    rf"|{_NAME}[\"']?[:=] ?{_NONE}(?=\}}{{0,4}}(?:,? |,?\n|,\"))"
    rf"|{_NAME}\"?[:=] ?\"(?:{_NOTHING}|{_HASH}[!#-\[\]-~]{{0,200}})?\"|{_NAME}(?:: ?\"?|=){_HASH}"
)
_MASKED: Final = re.compile(
    rf"(?:\*{{4,}}|\*{{3}})(?:-(?=\*)|-?[0-9]{{3}}|@|[\"'`{QUOTE}]?[,}}\])\n])"
    # 값 and 확인, which may follow a name, begin with these two.
    r"|\*{4,}(?: (?=[^A-Za-z0-9\"' *\xea\xed])|[\x80-\xe9\xeb\xec\xee-\xff])"
)
_ADDRESS: Final = re.compile("://[^ \t\n:/@\"'<>?#]{0,400}:[^ \t\n/@\"'<>]{3,800}@")
"""More letters than the detector's: a letter of Hangul is three bytes."""
_ENCRYPTION: Final = "암호화".encode().decode("latin-1")
_KOREAN: Final = tuple(name.encode().decode("latin-1") for name in ("비밀", "비번", "암호", "패스"))


def could_tell(flat: str, small: str) -> Iterator[int]:
    """Yield where passwords could be told; `small` is `flat` in small letters."""
    for name in ("pass", "pw"):
        yield from (at for at in places(small, name) if _UNTOLD.match(flat, at) is None)
    for name in _KOREAN:
        yield from (at for at in places(flat, name) if not flat.startswith(_ENCRYPTION, at))
    yield from (at for at in places(flat, "://") if _ADDRESS.match(flat, at))
    yield from _unmasked(flat)


def _unmasked(flat: str) -> Iterator[int]:
    """Yield where the stars stand of a name that was masked, and not of a value."""
    at = flat.find("***")
    while at >= 0:
        masked = _MASKED.match(flat, at)
        if masked is None:
            yield at
        at = flat.find("***", masked.end() if masked else at + 3)


def places(text: str, sign: str) -> Iterator[int]:
    """Yield where a sign stands."""
    at = text.find(sign)
    while at >= 0:
        yield at
        at = text.find(sign, at + 1)
