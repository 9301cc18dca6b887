"""Owns where logs of requests are, by which uploads get addresses; the one rule: what nobody named is None, and is not looked for."""

from __future__ import annotations

from dataclasses import dataclass

from leh_guardian.ports.audit import AuditObjects
from leh_guardian.ports.aws import Logs
from leh_guardian.ports.checks import Buckets


@dataclass(frozen=True, slots=True)
class Below:
    """Objects whose keys begin with a prefix and then a date."""

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True)
class TrailSources:
    """Every log of requests that uploads are looked up in, as the settings say."""

    logs: Logs
    waf_logs: Logs
    """In WAF's region: for CloudFront that is us-east-1."""
    buckets: Buckets
    objects: AuditObjects
    cloudtrail_group: str | None = None
    """The log group that a trail with data events of S3 writes to."""
    cloudtrail: Below | None = None
    """... and where it puts its files."""
    access_logs: Below | None = None
    """Where S3 puts the evidence bucket's server access logs."""
    waf_group: str | None = None
    waf: Below | None = None
