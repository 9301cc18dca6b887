"""Owns the logs of requests that uploads are looked up in, built by the settings; the one rule: nothing is asked before its time."""

from __future__ import annotations

from leh_guardian.adapters.audit_sources import S3Bodies
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.buckets import S3Buckets
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.adapters.regional import Clients
from leh_guardian.ports.trails import Below, TrailSources
from leh_guardian.settings import Settings


async def trail_sources(settings: Settings, aws: Aws, logs: CloudWatchLogs) -> TrailSources:
    """Return where logs of requests are."""
    wanted, clients = settings.uploads, Clients(aws)
    region = wanted.waf_region if wanted.waf_region != settings.region else None
    waf_logs = CloudWatchLogs(aws, await aws.client("logs", region=region)) if region and wanted.waf_log_group else logs
    return TrailSources(
        logs,
        waf_logs,
        S3Buckets(aws, clients),
        S3Bodies(aws, clients),
        wanted.cloudtrail_log_group,
        below(wanted.cloudtrail_prefix),
        below(wanted.access_log_prefix),
        wanted.waf_log_group,
        below(wanted.waf_prefix),
    )


def below(written: str | None) -> Below | None:
    """Return bucket and prefix of what is written s3://bucket/prefix."""
    if written is None:
        return None
    bucket, _, prefix = written.removeprefix("s3://").partition("/")
    return Below(bucket, prefix)
