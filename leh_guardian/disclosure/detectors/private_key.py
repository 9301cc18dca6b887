"""Owns private keys in PEM (RFC 7468), within one text; the one rule: a header without a body is no key.

Keys over several lines are put together by `stream`; here a line break is a line break, an escaped one or a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from leh_guardian.disclosure.found import Hit, Kind, Tier

SIGN: Final = "PRIVATE KEY"
HEADER: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
FOOTER: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_BODY: Final = re.compile(r"(?:[^A-Za-z0-9+/=-]|\\{1,4}[nr]){0,8}(?:Proc-Type|Version|[A-Za-z0-9+/=]{16})")
_LONGEST: Final = 20_000
"""Characters: an RSA key of 16384 bits has 12,700."""
_REST: Final = re.compile(r"[A-Za-z0-9+/=\\\s:,-]+")


def find(text: str) -> Iterator[Hit]:
    """Yield the private keys of a text that have a body in it."""
    done = 0
    for header in HEADER.finditer(text):
        if header.start() < done or not _BODY.match(text, header.end()):
            continue
        footer = FOOTER.search(text, header.end(), header.end() + _LONGEST)
        rest = _REST.match(text, header.end(), header.end() + _LONGEST)
        done = footer.end() if footer else rest.end() if rest else header.end()
        yield Hit(Kind.PRIVATE_KEY, Tier.CONFIRMED, header.start(), done)
