"""Owns secrets told by their first letters: JWT, AWS, OpenAI, Slack and GitHub keys; the one rule: the issuer's prefix is enough.

Sources: RFC 7519; AWS IAM's unique identifiers (AKIA long-term, ASIA temporary, ABIA bearer, ACCA context-specific; base32
letters); OpenAI's key forms (sk-, sk-proj-, sk-svcacct-, sk-admin-); Slack's token types; GitHub's token formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from leh_guardian.disclosure.found import Hit, Kind, Tier

SIGNS: Final = (
    *("eyJ", "AKIA", "ASIA", "ABIA", "ACCA", "sk-", "xox", "xapp-"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
)
"""Each of these secrets has one of them."""
_LEFT: Final = r"(?<![A-Za-z0-9])"
_FORMS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    # Begun anew within itself it would be looked through again and again.
    (
        Kind.JWT,
        re.compile(
            r"(?<![A-Za-z0-9-])(?<![A-Za-z0-9-]_)eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_.-]+)?"
        ),
    ),
    (Kind.AWS_ACCESS_KEY, re.compile(rf"{_LEFT}(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{{16}}(?![A-Za-z0-9])")),
    (
        Kind.OPENAI_KEY,
        re.compile(
            rf"{_LEFT}sk-(?!ant-)(?=[A-Za-z_-]{{0,200}}[0-9])(?:[A-Za-z0-9]{{20,}}|[A-Za-z0-9_-]{{32,}}|(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{{16,}})"
        ),
    ),
    (
        Kind.SLACK_TOKEN,
        re.compile(
            rf"{_LEFT}(?:xox[abeoprs]-(?=[A-Za-z-]{{0,40}}[0-9])[A-Za-z0-9.-]{{10,}}|xapp-(?=[A-Za-z-]{{0,40}}[0-9])[A-Za-z0-9-]{{10,}})"
        ),
    ),
    (
        Kind.GITHUB_TOKEN,
        re.compile(rf"{_LEFT}(?:gh[pousr]_[A-Za-z0-9]{{30,}}|github_pat_[A-Za-z0-9_]{{22,}})"),
    ),
)
_ENDS: Final = "."
"""What a sentence ends with and a token does not."""
_END, _FEWEST = 16, 4
"""The last letters of a token are so many different ones at least; of one that is masked or made up they are all x."""


def find(text: str) -> Iterator[Hit]:
    """Yield the keys and tokens of a text."""
    for kind, form in _FORMS:
        for found in form.finditer(text):
            value = found[0].rstrip(_ENDS)
            if len(set(value[-_END:])) >= _FEWEST:
                yield Hit(kind, Tier.CONFIRMED, found.start(), found.start() + len(value))
