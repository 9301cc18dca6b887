"""Owns AWS secret access keys: 40 letters of base64; the one rule: capitals and small letters, or it is a digest.

The form has no prefix. A word beside it, or an access key in the same text, confirms it; alone it is probable. A name that calls
it a digest or a signature is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from leh_guardian.disclosure.found import Hit, Kind, Tier

FORM: Final = re.compile(r"(?<![A-Za-z0-9/+_.%-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_.%-])")
_NAMES: Final = re.compile(r"(?i)secret|aws|access|credential|(?<![a-z])sk(?![a-z])|시크릿|비밀 ?키|액세스")
_OTHERS: Final = re.compile(
    r"(?i)hash|digest|etag|checksum|signature|(?<![a-z])(?:sig|sha\d{0,3}|md5|nonce|csrf|state|commit|cursor|page|pagination|next|request|trace|version|(?:[a-z]+_)?id)(?![a-z])"
)
_BEFORE: Final = 48


def find(text: str, key: str, *, beside_access_key: bool) -> Iterator[Hit]:
    """Yield the secret keys of a text; `key` is the name of its field."""
    for found in FORM.finditer(text):
        value = found[0]
        if not _is_random(value):
            continue
        digits = any(map(str.isdigit, value))
        before = f"{key} {text[max(0, found.start() - _BEFORE) : found.start()]}"
        if beside_access_key or _NAMES.search(before):
            yield Hit(Kind.AWS_SECRET_KEY, Tier.CONFIRMED, *found.span())
        elif digits and not _OTHERS.search(before):
            yield Hit(Kind.AWS_SECRET_KEY, Tier.PROBABLE, *found.span())


def _is_random(value: str) -> bool:
    """Tell whether a value has the letters of a random key, and not those of a path or a digest."""
    capitals = sum(letter.isupper() for letter in value)
    small = sum(letter.islower() for letter in value)
    return capitals >= 4 and small >= 4 and value.count("/") <= 6 and len(set(value)) >= 16
