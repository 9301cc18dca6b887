"""Owns the looks at the logs of requests that uploads are looked up in; the one rule: what a judgement would miss is told today."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.app.uploads import trail_sources
from leh_guardian.cli.examination.finding import Finding, Look
from leh_guardian.clock import SystemClock
from leh_guardian.errors import GuardianError, NotFound
from leh_guardian.language import Text
from leh_guardian.ports.aws import Logs
from leh_guardian.ports.trails import Below, TrailSources
from leh_guardian.settings import Settings
from leh_guardian.trails.objects import BY_FOLDER, BY_NAME

NAMES: Final = Text(
    ko="uploads 설정의 이름, AWS_REGION, IAM 정책(docs/uploads.md)을 확인하세요.",
    en="Look at the names in the section uploads, at AWS_REGION and at the IAM policy (docs/uploads.md).",
)
_DAYS: Final = 3
"""Days of which there must be something: access logs come hours late, and a weekend is quiet."""


def looks(settings: Settings) -> Iterator[Look]:
    """Yield the look at what the section names; the daemon runs without any of it."""
    wanted = settings.uploads
    if any(wanted.model_dump(exclude={"waf_region"}).values()):
        yield Look("upload logs", partial(_look_at_all, settings), NAMES, "WARN")


async def _look_at_all(settings: Settings) -> list[Finding]:
    found, now = [], SystemClock().now()
    async with open_aws(settings.region) as aws:
        logs = CloudWatchLogs(aws, await aws.client("logs", read_timeout=5))
        for item, look in _named(await trail_sources(settings, aws, logs), now):
            try:
                found.append(Finding(item, "OK", await look()))
            except GuardianError as error:
                found.append(Finding(item, "WARN", str(error), NAMES))
    return found


def _named(sources: TrailSources, now: datetime) -> Iterator[tuple[str, Callable[[], Awaitable[str]]]]:
    groups = ((sources.logs, sources.cloudtrail_group), (sources.waf_logs, sources.waf_group))
    for logs, group in groups:
        if group is not None:
            yield f"upload log group {group}", partial(_group, logs, group, now)
    places = (
        (sources.cloudtrail, (BY_FOLDER,)),
        (sources.access_logs, (BY_FOLDER, BY_NAME)),
        (sources.waf, (BY_FOLDER,)),
    )
    for where, forms in places:
        if where is not None:
            yield f"upload logs s3://{where.bucket}/{where.prefix}", partial(_below, sources, where, forms, now)


async def _group(logs: Logs, group: str, now: datetime) -> str:
    await logs.read(group, now - timedelta(seconds=1), now)
    return "it can be read"


async def _below(sources: TrailSources, where: Below, forms: tuple[str, ...], now: datetime) -> str:
    for back in range(_DAYS):
        for form in forms:
            day = (now - timedelta(days=back)).strftime(form)
            if found := (await sources.buckets.objects(where.bucket, where.prefix + day, None)).found:
                # Opened for the right to do so; nothing of it is read.
                async with sources.objects.opened(where.bucket, found[0].key):
                    return "it can be listed, and what is there opened"
    raise NotFound(f"nothing of the last {_DAYS} days is there: the prefix must end where the date in the keys begins")
