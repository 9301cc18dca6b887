"""Owns the counting of long listings; the one rule: a million entries cost the memory of one page, and half a listing says so."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leh_guardian.ports.checks import Page, Stored

NextPage = Callable[[tuple[str, ...] | None], Awaitable[Page]]


@dataclass(slots=True)
class Tally:
    """What is counted of a listing."""

    bound: datetime | None
    """What is older is overdue; None: nothing is."""
    count: int = 0
    bytes: int = 0
    overdue: int = 0
    overdue_bytes: int = 0
    oldest: Stored | None = None

    def add(self, one: Stored, since: datetime | None = None) -> None:
        """Count an entry, by the instant from which on its time counts."""
        at = since or one.at
        self.count += 1
        self.bytes += one.size
        if self.oldest is None or one.at < self.oldest.at:
            self.oldest = one
        if self.bound is not None and at < self.bound:
            self.overdue += 1
            self.overdue_bytes += one.size

    def measured(self, name: str) -> dict[str, Any]:
        """Return its numbers by name."""
        return {
            f"{name}_count": self.count,
            f"{name}_bytes": self.bytes,
            f"{name}_overdue": self.overdue,
            f"{name}_overdue_bytes": self.overdue_bytes,
            f"{name}_oldest_at": self.oldest.at.isoformat() if self.oldest else None,
        }


def digest(key: str) -> str:
    """Return by what an object's key is told apart: whoever uploads chooses it, and it may name people."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(slots=True)
class Purse:
    """What all listings of one check may cost together."""

    pages: int
    until: float
    """By `monotonic`."""
    monotonic: Callable[[], float]

    def spend(self) -> bool:
        """Take a page, if there is one left and time for it."""
        self.pages -= 1
        return self.pages >= 0 and self.monotonic() < self.until


async def read(page: NextPage, purse: Purse, take: Callable[[Iterable[Stored]], None]) -> bool:
    """Hand each page of a listing to `take`; returns whether that was all of it."""
    after: tuple[str, ...] | None = None
    while purse.spend():
        found = await page(after)
        take(found.found)
        if found.following is None:
            return True
        after = found.following
    return False


class Versions:
    """Versions, counted as they come: whether one is noncurrent, and since when, is told by the one before it."""

    def __init__(self, old: datetime | None, markers_old: datetime | None, kept: int) -> None:
        self.noncurrent = Tally(old)
        self.markers = Tally(markers_old)
        """Delete markers behind which no version is left."""
        self._kept = kept
        self._newer: Stored | None = None
        self._alone: Stored | None = None
        self._behind = 0

    def take(self, page: Iterable[Stored]) -> None:
        """Count a page."""
        for one in page:
            if self._newer is not None and self._newer.key == one.key:
                self._alone = None
                self._behind += 1
                # S3 counts from when it was succeeded; the newest ones that the rule keeps are not due.
                since = self._newer.at if self._behind > self._kept else datetime.max.replace(tzinfo=one.at.tzinfo)
                self.noncurrent.add(one, since)
            else:
                self._close()
                self._behind = 0
                self._alone = one if one.marker else None
            self._newer = one

    def end(self) -> None:
        """Count what only the listing's end decides."""
        self._close()

    def _close(self) -> None:
        if self._alone is not None:
            self.markers.add(self._alone)
        self._alone = None


def bound(days: int | None, grace: timedelta, now: datetime) -> datetime | None:
    """Return before which instant a thing must have begun to be overdue after `days`.

    S3 rounds up to the next midnight UTC ("Days", S3 User Guide), which is one more day at most.
    """
    return None if days is None else now - timedelta(days=days + 1) - grace
