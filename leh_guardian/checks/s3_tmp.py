"""Owns the check of temporary files in S3: a rule expires them, and they really vanish; the one rule: half a listing proves nothing.

Peers look for any enabled rule on the bucket. That says neither that it covers the prefix nor that anything is deleted, so both are
looked at: the rules by what they cover, the objects by their age. Where versions are kept an expired object only becomes noncurrent,
and parts of uploads that were never finished are in no listing of objects: both cost like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from leh_guardian.checks import s3_wording as say
from leh_guardian.checks.lifecycle import Cover, cover
from leh_guardian.checks.result import CheckResult, Findings, Status, not_named
from leh_guardian.checks.tally import Purse, Tally, Versions, bound, digest, read
from leh_guardian.clock import Clock
from leh_guardian.ports.checks import Buckets, Stored

NAME: Final = "check_s3_tmp"
_UPLOADS: Final = 7
"""Days after which an unfinished upload counts as left behind where no rule says when."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at, and how far."""

    bucket: str
    prefix: str = "tmp/"
    grace: timedelta = timedelta(hours=48)
    """How late S3 may be: it expires things once a day, and catches up within one or two."""
    rule_since: datetime | None = None
    """When the rule was put in place, which S3 does not tell: within the grace after it old objects are only a warning."""
    pages: int = 5000
    """Pages of a thousand that are read, of all listings together."""
    time: timedelta = timedelta(minutes=8)


async def look(buckets: Buckets, wanted: Wanted, clock: Clock) -> CheckResult:
    """Look at a bucket's prefix.

    Raises:
        Transient: S3 does not answer as it should; what is refused for good is in the result.
    """
    if not wanted.bucket:
        return not_named(NAME, say.NO_BUCKET, say.NAME_BUCKET)
    return await _Look(
        buckets,
        wanted,
        clock.now(),
        Purse(wanted.pages, clock.monotonic() + wanted.time.total_seconds(), clock.monotonic),
    ).run()


@dataclass(slots=True)
class _Look:
    buckets: Buckets
    wanted: Wanted
    now: datetime
    purse: Purse
    found: Findings = field(default_factory=Findings)
    measured: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)

    async def run(self) -> CheckResult:
        bucket, prefix, grace = self.wanted.bucket, self.wanted.prefix, self.wanted.grace
        self.evidence |= {"bucket": bucket, "prefix": prefix}
        covered: Cover | None = None
        with self.found.part(say.LIFECYCLE):
            covered = cover(await self.buckets.lifecycle(bucket), prefix, self.now)
            self._judge_rules(covered)
        with self.found.part(say.OBJECTS):
            await self._objects(covered)
        with self.found.part(say.VERSIONS):
            if await self.buckets.versioned(bucket):
                await self._versions(covered)
        with self.found.part(say.UPLOADS):
            await self._uploads(covered)
        threshold = {
            "expires_after_days": covered.bound if covered else None,
            "rounding_days": 1,
            "grace_hours": grace.total_seconds() / 3600,
            "noncurrent_days": covered.noncurrent_days if covered else None,
            "abort_upload_days": covered.abort_days if covered else None,
        }
        return self.found.result(NAME, self.measured, threshold, self.evidence)

    def _judge_rules(self, covered: Cover) -> None:
        self.evidence["rules"] = list(covered.rules)
        self.measured["rule"] = (
            "all" if covered.days is not None else "part" if covered.partial_days is not None else "none"
        )
        prefix = self.wanted.prefix
        if covered.days is not None:
            self.found.add(Status.OK, say.covered(prefix, covered.days))
        elif covered.partial_days is not None:
            self.found.add(Status.WARN, say.partly(prefix, ", ".join(covered.narrowed)), say.WIDEN)
        elif covered.disabled:
            self.found.add(Status.FAIL, say.disabled(prefix, ", ".join(covered.disabled)), say.ENABLE)
        else:
            self.found.add(Status.FAIL, say.no_rule(prefix), say.MAKE_RULE)

    async def _objects(self, covered: Cover | None) -> None:
        days = covered.bound if covered else None
        tally = Tally(bound(days, self.wanted.grace, self.now))
        whole = await self._read("objects", self.buckets.objects, partial(_count, tally), tally)
        if tally.overdue and days is not None:
            new = self._rule_is_new()
            reason = say.overdue(self.wanted.prefix, tally.overdue, days)
            self.found.add(Status.WARN if new else Status.FAIL, reason, say.NEW_RULE if new else say.SEE_OVERDUE)
        elif whole:
            self.found.add(Status.OK, say.counted(self.wanted.prefix, tally.count, tally.bytes))

    def _rule_is_new(self) -> bool:
        since = self.wanted.rule_since
        return since is not None and self.now < since + self.wanted.grace

    async def _versions(self, covered: Cover | None) -> None:
        days = covered.noncurrent_days if covered else None
        old = bound(days, self.wanted.grace, self.now)
        removes = covered is not None and covered.delete_markers
        markers_old = bound((covered.days or 0) if covered and removes else None, self.wanted.grace, self.now)
        versions = Versions(old, markers_old, covered.noncurrent_kept if covered else 0)
        await self._read("versions", self.buckets.versions, versions.take, versions.noncurrent)
        versions.end()
        self.measured |= (
            {"versioned": True} | versions.noncurrent.measured("versions") | versions.markers.measured("markers")
        )
        if covered is None:
            return
        if days is None:
            self.found.add(Status.WARN, say.never_freed(versions.noncurrent.count), say.NONCURRENT)
        elif versions.noncurrent.overdue:
            self.found.add(Status.FAIL, say.versions_overdue(versions.noncurrent.overdue, days), say.SEE_OVERDUE)
        if versions.markers.overdue or (not removes and versions.markers.count):
            self.found.add(Status.WARN, say.markers(versions.markers.count), say.MARKERS)

    async def _uploads(self, covered: Cover | None) -> None:
        days = covered.abort_days if covered else None
        tally = Tally(bound(_UPLOADS if days is None else days, self.wanted.grace, self.now))
        await self._read("uploads", self.buckets.uploads, partial(_count, tally), tally)
        if covered is None:
            return
        if days is None:
            self.found.add(Status.WARN, say.never_aborted(tally.overdue), say.ABORT)
        elif tally.overdue:
            self.found.add(Status.FAIL, say.uploads_overdue(tally.overdue, days), say.SEE_OVERDUE)

    async def _read(self, name: str, pages: Any, take: Any, tally: Tally) -> bool:
        """Read a listing to its end or to the bounds; a part of it is UNKNOWN, whatever was seen of it."""
        whole = await read(partial(pages, self.wanted.bucket, self.wanted.prefix), self.purse, take)
        self.measured |= tally.measured(name) | {f"{name}_whole": whole}
        if tally.oldest is not None:
            self.evidence[f"{name}_oldest_key_sha256"] = digest(tally.oldest.key)
        if not whole:
            self.found.add(Status.UNKNOWN, say.cut_short(name, tally.count), say.MORE)
        return whole


def _count(tally: Tally, page: Iterable[Stored]) -> None:
    for one in page:
        tally.add(one)
