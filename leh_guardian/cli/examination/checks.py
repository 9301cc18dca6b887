"""Owns the looks at what the periodic checks will look at; the one rule: what a check would call UNKNOWN next Monday is told today."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from leh_guardian.adapters.audit_sources import CloudWatchGroups, S3Bodies
from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.backups import RdsBackups
from leh_guardian.adapters.buckets import S3Buckets
from leh_guardian.adapters.leh_database.audit_rows import LehAuditRows
from leh_guardian.adapters.regional import Clients
from leh_guardian.app.checking import prefixes
from leh_guardian.app.leh import leh_names
from leh_guardian.cli.examination.finding import DEADLINE, Finding, Look
from leh_guardian.clock import SystemClock
from leh_guardian.errors import GuardianError, NotFound
from leh_guardian.language import Text, count
from leh_guardian.ports.checks import Kind
from leh_guardian.settings import Settings

NAMES: Final = Text(
    ko="checks 설정의 이름, AWS_REGION, IAM 정책(docs/checks.md)을 확인하세요.",
    en="Look at the names in the section checks, at AWS_REGION and at the IAM policy (docs/checks.md).",
)
TABLE: Final = Text(
    ko="docs/checks.md의 GRANT 문을 확인하거나, checks.audit_table을 false로 두세요.",
    en="Look at the GRANT of docs/checks.md, or set checks.audit_table to false.",
)


def looks(settings: Settings) -> Iterator[Look]:
    """Yield the looks at what the section names; the daemon runs without any of it."""
    wanted = settings.checks
    if settings.product_database_url and wanted.audit_table:
        yield Look("audit table", partial(_table, settings), TABLE, "WARN")
    if any((wanted.tmp_bucket, wanted.instances, wanted.clusters, wanted.audit_log_groups, wanted.audit_prefixes)):
        yield Look("checks", partial(_look_at_all, settings), NAMES, "WARN")


async def _look_at_all(settings: Settings) -> list[Finding]:
    """Look at each name, over one session: a client takes longer to open than to ask."""
    found = []
    async with open_aws(settings.region) as aws:
        for item, look in _named(settings, aws, Clients(aws)):
            try:
                found.append(Finding(item, "OK", await look()))
            except GuardianError as error:
                found.append(Finding(item, "WARN", str(error), NAMES))
    return found


def _named(settings: Settings, aws: Aws, clients: Clients) -> Iterator[tuple[str, Callable[[], Awaitable[str]]]]:
    wanted = settings.checks
    if wanted.tmp_bucket:
        yield "check tmp bucket", partial(_bucket, S3Buckets(aws, clients), wanted.tmp_bucket)
    for kind, names in ((Kind.INSTANCE, wanted.instances), (Kind.CLUSTER, wanted.clusters)):
        for name in names:
            yield f"check {kind} {name}", partial(_database, RdsBackups(aws, clients), kind, name)
    for group in wanted.audit_log_groups:
        yield f"audit log group {group}", partial(_group, CloudWatchGroups(aws, clients), group)
    for bucket, prefix in prefixes(settings):
        look = partial(_prefix, S3Buckets(aws, clients), S3Bodies(aws, clients), bucket, prefix)
        yield f"audit prefix s3://{bucket}/{prefix}", look


async def _bucket(buckets: S3Buckets, bucket: str) -> str:
    return f"{bucket} has {count(len(await buckets.lifecycle(bucket)), 'lifecycle rule')}"


async def _database(backups: RdsBackups, kind: Kind, name: str) -> str:
    if not (await backups.databases(kind, name)).found:
        raise NotFound(f"there is no {kind} named {name}")
    return "it is there"


async def _group(groups: CloudWatchGroups, group: str) -> str:
    now = SystemClock().now()
    await groups.page(group, now - timedelta(minutes=1), now, None)
    return "it can be read"


async def _prefix(buckets: S3Buckets, bodies: S3Bodies, bucket: str, prefix: str) -> str:
    found = (await buckets.objects(bucket, prefix, None)).found
    if not found:
        raise NotFound("nothing is there")
    # Opened for the right to do so; nothing of it is read.
    async with bodies.opened(bucket, found[0].key):
        return "it can be listed, and what is there opened"


async def _table(settings: Settings) -> list[Finding]:
    leh = leh_names(settings)
    if leh is None:
        return []
    now = SystemClock().now()
    place, unread = await LehAuditRows(*leh).examine(now - timedelta(days=1), now, DEADLINE / 2)
    if unread:
        return [Finding("audit table", "WARN", f"a part of {place} may not be read: {'; '.join(unread)}", TABLE)]
    return [Finding("audit table", "OK", f"all of {place} can be read")]
