"""Owns what the periodic checks look through, built by the settings; the one rule: nothing is opened before it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from leh_guardian.adapters.audit_sources import CloudWatchGroups, S3Bodies
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.backups import RdsBackups
from leh_guardian.adapters.buckets import S3Buckets
from leh_guardian.adapters.certificates import AcmCertificates
from leh_guardian.adapters.leh_database.audit_rows import LehAuditRows
from leh_guardian.adapters.names import SystemNames
from leh_guardian.adapters.regional import Clients
from leh_guardian.adapters.tls import TlsEndpoints
from leh_guardian.app.leh import leh_names
from leh_guardian.disclosure.seal import SHORTEST_KEY
from leh_guardian.errors import Refused
from leh_guardian.files import read_file
from leh_guardian.ports.audit import AuditSources
from leh_guardian.ports.checks import Checking, Watched
from leh_guardian.settings import Settings

_LONGEST_KEY: Final = 4096


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
        audit_sources(settings, aws, clients),
    )


def audit_sources(settings: Settings, aws: Aws, clients: Clients) -> AuditSources:
    """Return where audit lines are.

    Raises:
        SettingsError: the URL of LEH's database is none.
    """
    wanted = settings.checks
    leh = leh_names(settings) if wanted.audit_table else None
    return AuditSources(
        LehAuditRows(*leh) if leh else None,
        CloudWatchGroups(aws, clients),
        S3Bodies(aws, clients),
        wanted.audit_log_groups,
        tuple(prefixes(settings)),
        partial(_key, wanted.audit_key_file),
    )


def prefixes(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the buckets in which audit lines are, each with what their keys begin with."""
    for written in settings.checks.audit_prefixes:
        bucket, _, prefix = written.removeprefix("s3://").partition("/")
        yield bucket, prefix


def _key(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        key = read_file(file, _LONGEST_KEY).strip(b"\r\n")
    except OSError as error:
        raise Refused(f"checks.audit_key_file: cannot read {file}: {error.strerror}") from error
    if len(key) < SHORTEST_KEY:
        raise Refused(f"checks.audit_key_file: {file} holds fewer than {SHORTEST_KEY} bytes")
    return key


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
