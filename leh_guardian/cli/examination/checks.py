"""Owns the looks at what the periodic checks will look at; the one rule: what a check would call UNKNOWN next Monday is told today."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
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
from leh_guardian.language import Text
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
    """Yield a look at each thing that the section names; the daemon runs without any of them."""
    wanted = settings.checks
    if wanted.tmp_bucket:
        yield Look("check tmp bucket", partial(_bucket, settings, wanted.tmp_bucket), NAMES, "WARN")
    for kind, names in ((Kind.INSTANCE, wanted.instances), (Kind.CLUSTER, wanted.clusters)):
        for name in names:
            yield Look(f"check {kind} {name}", partial(_database, settings, kind, name), NAMES, "WARN")
    if settings.product_database_url and wanted.audit_table:
        yield Look("audit table", partial(_table, settings), TABLE, "WARN")
    for group in wanted.audit_log_groups:
        yield Look(f"audit log group {group}", partial(_group, settings, group), NAMES, "WARN")
    for bucket, prefix in prefixes(settings):
        yield Look(f"audit prefix s3://{bucket}/{prefix}", partial(_prefix, settings, bucket, prefix), NAMES, "WARN")


async def _bucket(settings: Settings, bucket: str) -> list[Finding]:
    async with _clients(settings) as (aws, clients):
        rules = await S3Buckets(aws, clients).lifecycle(bucket)
    return [Finding("check tmp bucket", "OK", f"{bucket} has {len(rules)} lifecycle rules")]


async def _database(settings: Settings, kind: Kind, name: str) -> list[Finding]:
    async with _clients(settings) as (aws, clients):
        there = (await RdsBackups(aws, clients).databases(kind, name)).found
    item = f"check {kind} {name}"
    return [Finding(item, "OK", "it is there") if there else Finding(item, "WARN", "there is no such database", NAMES)]


async def _table(settings: Settings) -> list[Finding]:
    leh = leh_names(settings)
    if leh is None:
        return []
    now = SystemClock().now()
    place, unread = await LehAuditRows(*leh).examine(now - timedelta(days=1), now, DEADLINE / 2)
    if unread:
        return [Finding("audit table", "WARN", f"a part of {place} may not be read: {'; '.join(unread)}", TABLE)]
    return [Finding("audit table", "OK", f"all of {place} can be read")]


async def _group(settings: Settings, group: str) -> list[Finding]:
    now = SystemClock().now()
    async with _clients(settings) as (aws, clients):
        await CloudWatchGroups(aws, clients).page(group, now - timedelta(minutes=1), now, None)
    return [Finding(f"audit log group {group}", "OK", "it can be read")]


async def _prefix(settings: Settings, bucket: str, prefix: str) -> list[Finding]:
    item = f"audit prefix s3://{bucket}/{prefix}"
    async with _clients(settings) as (aws, clients):
        found = (await S3Buckets(aws, clients).objects(bucket, prefix, None)).found
        if not found:
            return [Finding(item, "WARN", "nothing is there", NAMES)]
        # Opened for the right to do so; nothing of it is read.
        async with S3Bodies(aws, clients).opened(bucket, found[0].key):
            pass
    return [Finding(item, "OK", "it can be listed, and what is there opened")]


@asynccontextmanager
async def _clients(settings: Settings) -> AsyncIterator[tuple[Aws, Clients]]:
    async with open_aws(settings.region) as aws:
        yield aws, Clients(aws)
