"""Owns which checks there are and what each looks at by the settings; the one rule: a check's name is its handler's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from leh_guardian.checks import certificates, rds_backup, s3_tmp
from leh_guardian.checks.audit import look as audit
from leh_guardian.checks.result import CheckResult
from leh_guardian.clock import Clock
from leh_guardian.ports.checks import Checking

Check = Callable[[Checking, Clock], Awaitable[CheckResult]]


async def _s3_tmp(given: Checking, clock: Clock) -> CheckResult:
    return await s3_tmp.look(given.buckets, s3_tmp.Wanted(given.watched.bucket, given.watched.prefix), clock)


async def _rds_backup(given: Checking, clock: Clock) -> CheckResult:
    watched = given.watched
    wanted = rds_backup.Wanted(watched.instances, watched.clusters, watched.tag)
    return await rds_backup.look(given.backups, wanted, clock)


async def _certificates(given: Checking, clock: Clock) -> CheckResult:
    watched = given.watched
    regions = (None, certificates.CLOUDFRONT) if watched.cloudfront else (None,)
    wanted = certificates.Wanted(watched.hosts, regions if watched.acm else ())
    return await certificates.look(given.endpoints, given.acm, given.names, wanted, clock)


def drawn_again(seed: str | None, until: datetime | None) -> Check:
    """Return the check of audit logs over the sample of an earlier result."""

    async def again(given: Checking, clock: Clock) -> CheckResult:
        return await audit.look(given.audit, given.buckets, audit.Wanted(seed=seed, until=until), clock)

    return again


CHECKS: Final[Mapping[str, Check]] = {
    s3_tmp.NAME: _s3_tmp,
    rds_backup.NAME: _rds_backup,
    certificates.NAME: _certificates,
    audit.NAME: drawn_again(None, None),
}
