"""Owns fingerprints; the one rule: they are keyed, since an unkeyed digest of a number with few possible values is the number.

There are some 10^9 resident registration numbers that can exist: a plain SHA-256 of one is undone in minutes.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Final

from leh_guardian.disclosure.found import Kind

SHORTEST_KEY: Final = 16
"""Bytes. A shorter key could be guessed together with the value."""
_DIGITS: Final = 24
"""Hexadecimal digits of a fingerprint: 96 bits, so that two values of one report never share one by chance."""
_AS_WRITTEN: Final = frozenset(
    {
        Kind.PASSWORD,
        Kind.JWT,
        Kind.AWS_ACCESS_KEY,
        Kind.AWS_SECRET_KEY,
        Kind.OPENAI_KEY,
        Kind.SLACK_TOKEN,
        Kind.GITHUB_TOKEN,
    }
)
_ARMOUR: Final = re.compile(r"-----(?:BEGIN|END)[^-]{0,60}-----|\\{1,4}[nr]|[^A-Za-z0-9+/=]")
_SEPARATORS: Final = re.compile(r"[^0-9A-Za-z]")


class Seal:
    """The key of a report: equal values have equal fingerprints under one key, and none can be computed without it."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes | None = None) -> None:
        if key is not None and len(key) < SHORTEST_KEY:
            raise ValueError(f"the key of fingerprints needs {SHORTEST_KEY} bytes or more")
        self._key = key or secrets.token_bytes(32)

    def __repr__(self) -> str:
        return "Seal(…)"

    def fingerprint(self, kind: Kind, value: str) -> str:
        """Return what stands for a value; however a number is punctuated, it is the same number."""
        text = f"{kind}\0{canonical(kind, value)}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, "sha256").hex()[:_DIGITS]


def canonical(kind: Kind, value: str) -> str:
    """Return a value without what people and formats vary in writing it."""
    if kind in _AS_WRITTEN:
        return value
    if kind is Kind.PRIVATE_KEY:
        return _ARMOUR.sub("", value)
    plain = _SEPARATORS.sub("", value).upper()
    if kind is Kind.PHONE:
        return "0" + plain.removeprefix("00").removeprefix("82").removeprefix("0")
    return plain
