"""Owns what the periodic checks look at; the one rule: a listing says where it goes on, and nobody is given half a page as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from leh_guardian.ports.audit import AuditSources
from leh_guardian.ports.certificates import Acm, Endpoints, Names


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """A rule of a bucket's lifecycle, as far as it expires things."""

    id: str
    enabled: bool
    prefix: str
    """Empty: every key."""
    narrowed: str = ""
    """What else must hold of an object, a tag or its size; empty: nothing."""
    days: int | None = None
    """Days after which objects expire."""
    date: datetime | None = None
    """... or the instant from which on all do."""
    delete_markers: bool = False
    """Whether markers are removed behind which nothing is."""
    noncurrent_days: int | None = None
    noncurrent_kept: int = 0
    """The newest noncurrent versions that it spares."""
    abort_days: int | None = None
    """Days after which unfinished uploads are aborted."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object, a version of one or a delete marker; or an upload that is not finished, since `at`."""

    key: str
    at: datetime
    size: int = 0
    current: bool = True
    marker: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing, in the listing's order."""

    found: Sequence[Stored]
    following: tuple[str, ...] | None
    """Where the next page begins; None: this was the last."""


class Buckets(Protocol):
    """S3 as the checks use it."""

    async def lifecycle(self, bucket: str) -> Sequence[LifecycleRule]:
        """Return a bucket's rules, none where it has no lifecycle."""

    async def versioned(self, bucket: str) -> bool:
        """Tell whether a bucket keeps versions, or did until it was suspended."""

    async def objects(self, bucket: str, prefix: str, after: tuple[str, ...] | None) -> Page:
        """Return current objects, in the order of their keys."""

    async def versions(self, bucket: str, prefix: str, after: tuple[str, ...] | None) -> Page:
        """Return versions and delete markers, by key and then the newest first."""

    async def uploads(self, bucket: str, prefix: str, after: tuple[str, ...] | None) -> Page:
        """Return multipart uploads that are not finished."""


class Kind(StrEnum):
    """What RDS keeps backups of; an Aurora instance has none of its own."""

    INSTANCE = "instance"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Database:
    """What RDS says of an instance or a cluster."""

    kind: Kind
    name: str
    arn: str
    created_at: datetime | None
    retention_days: int
    """Days that automated backups are kept; 0: there are none."""
    encrypted: bool
    restorable_at: datetime | None
    """Up to when it can be restored to any instant."""
    cluster: str | None = None
    """The cluster that an instance is a member of, and whose backups are its."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Databases:
    """Databases that were asked about."""

    found: Sequence[Database]
    told_at: datetime | None
    """The instant by AWS's own clock."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What RDS says of a snapshot that nobody made by hand."""

    name: str
    backup: bool
    """Whether AWS Backup made it, and not RDS itself."""
    status: str
    at: datetime | None
    size_gb: int
    """Of what is backed up; Aurora may not say, and then it is 0."""


class Backups(Protocol):
    """RDS as the checks use it."""

    async def databases(self, kind: Kind, name: str | None = None) -> Databases:
        """Return the instances or clusters, or the one of that name, none where it is not there."""

    async def snapshots(self, database: Database) -> Sequence[Snapshot]:
        """Return its automated snapshots and those of AWS Backup, never those that were made by hand."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the installation's settings say is to be checked."""

    bucket: str = ""
    prefix: str = "tmp/"
    instances: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    tag: tuple[str, str] | None = None
    """Every instance and cluster with this tag."""
    hosts: tuple[str, ...] = ()
    acm: bool = True
    cloudfront: bool = False


@dataclass(frozen=True, slots=True)
class Checking:
    """Everything that the checks look through."""

    watched: Watched
    buckets: Buckets
    backups: Backups
    endpoints: Endpoints
    acm: Acm
    names: Names
    audit: AuditSources | None = None
    """Where audit lines are; None: nobody has said."""
