"""Owns what the periodic checks look through, built by the settings; the one rule: nothing is opened before it is asked."""

from __future__ import annotations

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.backups import RdsBackups
from leh_guardian.adapters.buckets import S3Buckets
from leh_guardian.adapters.certificates import AcmCertificates
from leh_guardian.adapters.names import SystemNames
from leh_guardian.adapters.regional import Clients
from leh_guardian.adapters.tls import TlsEndpoints
from leh_guardian.ports.checks import Checking, Watched
from leh_guardian.settings import Settings


def checking(settings: Settings, aws: Aws) -> Checking:
    """Return what the checks look through."""
    clients = Clients(aws)
    return Checking(
        watched(settings),
        S3Buckets(aws, clients),
        RdsBackups(aws, clients),
        TlsEndpoints(settings.checks.ca_file),
        AcmCertificates(aws, clients),
        SystemNames(),
    )


def watched(settings: Settings) -> Watched:
    """Return what the settings say is to be checked."""
    wanted = settings.checks
    name, _, value = (wanted.database_tag or "").partition("=")
    return Watched(
        bucket=wanted.tmp_bucket or settings.evidence.bucket,
        prefix=wanted.tmp_prefix,
        instances=wanted.instances,
        clusters=wanted.clusters,
        tag=(name, value) if wanted.database_tag else None,
        hosts=wanted.hosts,
        acm=wanted.acm,
        cloudfront=wanted.cloudfront,
    )
