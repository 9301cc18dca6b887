"""What the periodic checks look through in tests: the real adapters, on whatever the SDK and the resolvers are pointed at."""

from __future__ import annotations

from typing import Any

from leh_guardian.adapters.audit_sources import CloudWatchGroups, S3Bodies
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.backups import RdsBackups
from leh_guardian.adapters.buckets import S3Buckets
from leh_guardian.adapters.certificates import AcmCertificates
from leh_guardian.adapters.names import SystemNames
from leh_guardian.adapters.regional import Clients
from leh_guardian.adapters.tls import TlsEndpoints
from leh_guardian.context import Capabilities
from leh_guardian.ports.audit import AuditSources, AuditTable
from leh_guardian.ports.checks import Checking, Watched


def checking(
    aws: Aws,
    *,
    endpoints: TlsEndpoints | None = None,
    names: SystemNames | None = None,
    table: AuditTable | None = None,
    groups: tuple[str, ...] = (),
    prefixes: tuple[tuple[str, str], ...] = (),
    key: bytes | None = None,
    **watched: Any,
) -> Checking:
    """Return all of them, to look at what is watched."""
    clients = Clients(aws)
    return Checking(
        Watched(**watched),
        S3Buckets(aws, clients),
        RdsBackups(aws, clients),
        endpoints or TlsEndpoints(),
        AcmCertificates(aws, clients),
        names or SystemNames([]),
        AuditSources(table, CloudWatchGroups(aws, clients), S3Bodies(aws, clients), groups, prefixes, lambda: key),
    )


def can_check(checks: Checking) -> Capabilities:
    """Return the capabilities of a handler that only checks."""
    return Capabilities(queues=None, channels={}, letters=None, checks=checks)  # type: ignore[arg-type]
