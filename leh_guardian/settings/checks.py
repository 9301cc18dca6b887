"""Owns the settings of the periodic checks; the one rule: hosts that are connected to are named here, and nowhere an event reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from leh_guardian.settings.sections import Section


def _listed(value: Any) -> Any:
    """Take a text of the environment apart at its commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


_Database = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,62}$")]
_Databases = Annotated[tuple[_Database, ...], BeforeValidator(_listed)]


def _reachable(host: str) -> str:
    name, _, port = host.partition(":")
    if not all(0 < len(label) <= 63 for label in name.removesuffix(".").split(".")) or not 0 < int(port or 443) < 65536:
        raise ValueError("write a host as a name of DNS, with :port if that is not 443")
    return host


_Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}(:[0-9]{1,5})?$"), AfterValidator(_reachable)]
_Hosts = Annotated[tuple[_Host, ...], Field(max_length=100), BeforeValidator(_listed)]


_Group = Annotated[str, Field(pattern=r"^[A-Za-z0-9_/.#-]{1,512}$")]
_Groups = Annotated[tuple[_Group, ...], Field(max_length=50), BeforeValidator(_listed)]
_Prefix = Annotated[str, Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\x00-\x1f]{0,1000}$")]
_Prefixes = Annotated[tuple[_Prefix, ...], Field(max_length=50), BeforeValidator(_listed)]


class ChecksSettings(Section):
    """What the periodic checks look at (docs/checks.md)."""

    tmp_bucket: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    """The bucket of temporary files; that of the evidence if left out."""
    tmp_prefix: str = Field("tmp/", min_length=1, max_length=1024)
    """What their keys begin with."""
    instances: _Databases = ()
    """RDS instances whose backups are looked at, by name; a member of a cluster stands for the cluster."""
    clusters: _Databases = ()
    """Aurora and Multi-AZ clusters by name."""
    database_tag: str | None = Field(None, pattern=r"^[^=]{1,128}=.{0,256}$")
    """Every instance and cluster with this tag, written name=value."""
    hosts: _Hosts = ()
    """Hosts whose certificates are looked at, each a name, or name:port."""
    ca_file: Path | None = None
    """Private roots (PEM) that are trusted beside the system's."""
    acm: bool = True
    """Whether ACM is asked about its certificates."""
    cloudfront: bool = False
    """Whether it is also asked in us-east-1, whose certificates CloudFront uses."""
    audit_table: bool = True
    """Whether the audit log in LEH's own PostgreSQL is looked through, where LEH_PRODUCT_DATABASE_URL is set."""
    audit_log_groups: _Groups = ()
    """Log groups of CloudWatch that are looked through for what audit lines disclose."""
    audit_prefixes: _Prefixes = ()
    """Where audit lines are in S3, each written s3://bucket/prefix."""
    audit_key_file: Path | None = None
    """The key of fingerprints (16 bytes or more), so that those of two runs can be compared; without it each run has its own."""
