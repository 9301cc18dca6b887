"""What the periodic checks look through in tests: the real adapters, on whatever the SDK and the resolvers are pointed at."""

from __future__ import annotations

from typing import Any

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.backups import RdsBackups
from leh_guardian.adapters.buckets import S3Buckets
from leh_guardian.adapters.certificates import AcmCertificates
from leh_guardian.adapters.names import SystemNames
from leh_guardian.adapters.regional import Clients
from leh_guardian.adapters.tls import TlsEndpoints
from leh_guardian.context import Capabilities
from leh_guardian.ports.checks import Checking, Watched


def checking(
    aws: Aws, *, endpoints: TlsEndpoints | None = None, names: SystemNames | None = None, **watched: Any
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
    )


def can_check(checks: Checking) -> Capabilities:
    """Return the capabilities of a handler that only checks."""
    return Capabilities(queues=None, channels={}, letters=None, checks=checks)  # type: ignore[arg-type]
