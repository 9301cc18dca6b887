"""Owns what a scan says: kinds, tiers and findings; the one rule: none of them holds the value, so none can show it."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What was found; the names are a contract with outside programs."""

    KR_RRN = "kr_rrn"
    KR_FRN = "kr_frn"
    KR_DRIVER_LICENSE = "kr_driver_license"
    KR_PASSPORT = "kr_passport"
    PHONE = "phone"
    CARD = "card"
    BANK_ACCOUNT = "bank_account"
    KR_BRN = "kr_brn"
    PASSWORD = "password"  # noqa: S105 - a kind's name
    JWT = "jwt"
    AWS_ACCESS_KEY = "aws_access_key"
    AWS_SECRET_KEY = "aws_secret_key"  # noqa: S105 - a kind's name
    OPENAI_KEY = "openai_key"
    PRIVATE_KEY = "private_key"
    SLACK_TOKEN = "slack_token"  # noqa: S105 - a kind's name
    GITHUB_TOKEN = "github_token"  # noqa: S105 - a kind's name


SECRETS: Final = frozenset(
    {
        Kind.JWT,
        Kind.AWS_ACCESS_KEY,
        Kind.AWS_SECRET_KEY,
        Kind.OPENAI_KEY,
        Kind.PRIVATE_KEY,
        Kind.SLACK_TOKEN,
        Kind.GITHUB_TOKEN,
    }
)
"""Kinds told by their own form, which therefore outrank what a name beside them says."""


class Tier(StrEnum):
    """How sure it is: `confirmed` by a word beside it, or by form and checksum together; `probable` by form alone."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"


@dataclass(frozen=True, slots=True)
class Hit:
    """A detector's finding: `start` and `end` in the text that it was given."""

    kind: Kind
    tier: Tier
    start: int
    end: int

    @property
    def rank(self) -> int:
        """Return which of two overlapping hits stays: the smaller rank."""
        if self.kind in SECRETS:
            return 0
        if self.kind is Kind.PASSWORD:
            return 1
        return 2 if self.tier is Tier.CONFIRMED else 3


@dataclass(frozen=True, slots=True)
class Found:
    """A finding: `offset` and `length` in code points of the text or line that was scanned; `field` its JSON path."""

    kind: Kind
    tier: Tier
    offset: int
    length: int
    fingerprint: str
    field: str | None = None


def without_overlaps(hits: list[Hit]) -> list[Hit]:
    """Return the hits in the order of the text; of those that overlap, the surest."""
    taken: list[Hit] = []
    starts: list[int] = []
    for hit in sorted(hits, key=lambda hit: (hit.rank, hit.start - hit.end, hit.start)):
        at = bisect(starts, hit.start)
        if (at == 0 or taken[at - 1].end <= hit.start) and (at == len(taken) or hit.end <= taken[at].start):
            taken.insert(at, hit)
            starts.insert(at, hit.start)
    return taken
