"""Owns RDS's backups as the checks look at them; the one rule: the time is AWS's, and half a listing is an error.

"DescribeDBInstances", "DescribeDBClusters", "DescribeDBSnapshots", "DescribeDBClusterSnapshots" (RDS API Reference).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.regional import Clients
from leh_guardian.errors import AccessDenied, NoCredentials, Refused, Unavailable
from leh_guardian.ports.checks import Database, Databases, Kind, Snapshot

_PAGES: Final = 50
_ABSENT: Final = frozenset(
    {"DBInstanceNotFound", "DBInstanceNotFoundFault", "DBClusterNotFoundFault", "DBClusterNotFound"}
)
_METHODS: Final = {
    Kind.INSTANCE: ("describe_db_instances", "DBInstances", "DBInstanceIdentifier", "rds:DescribeDBInstances"),
    Kind.CLUSTER: ("describe_db_clusters", "DBClusters", "DBClusterIdentifier", "rds:DescribeDBClusters"),
}
_SNAPSHOTS: Final = {
    Kind.INSTANCE: ("describe_db_snapshots", "DBSnapshots", "DBInstanceIdentifier", "rds:DescribeDBSnapshots"),
    Kind.CLUSTER: (
        "describe_db_cluster_snapshots",
        "DBClusterSnapshots",
        "DBClusterIdentifier",
        "rds:DescribeDBClusterSnapshots",
    ),
}


class RdsBackups:
    """RDS, opened when it is first asked."""

    def __init__(self, aws: Aws, clients: Clients) -> None:
        self._aws = aws
        self._clients = clients

    async def databases(self, kind: Kind, name: str | None = None) -> Databases:
        """Return the instances or clusters, or the one of that name, none where it is not there.

        Raises:
            AccessDenied: rds:DescribeDBInstances or rds:DescribeDBClusters is missing.
        """
        method, members, by, permission = _METHODS[kind]
        asked = {by: name} if name else {}
        pages = await self._pages(method, permission, asked)
        found = [_database(kind, raw) for page in pages for raw in _members(page, members)]
        return Databases(found, _date(pages[-1]) if pages else None)

    async def snapshots(self, database: Database) -> Sequence[Snapshot]:
        """Return its automated snapshots and those of AWS Backup, never those that were made by hand.

        Raises:
            AccessDenied: rds:DescribeDBSnapshots or rds:DescribeDBClusterSnapshots is missing.
        """
        method, members, by, permission = _SNAPSHOTS[database.kind]
        found: list[Snapshot] = []
        for made_by in ("automated", "awsbackup"):
            pages = await self._pages(method, permission, {by: database.name, "SnapshotType": made_by})
            # Its own word decides: one that was made by hand hides that the automated ones have stopped.
            found += [
                _snapshot(raw)
                for page in pages
                for raw in _members(page, members)
                if raw.get("SnapshotType") == made_by
            ]
        return found

    async def _pages(self, method: str, permission: str, asked: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        client = await self._clients.get("rds")
        doing = method.replace("_", " ")
        pages: list[Mapping[str, Any]] = []
        marker: dict[str, str] = {}
        for _ in range(_PAGES):
            call = functools.partial(getattr(client, method), MaxRecords=100, **asked, **marker)
            try:
                page = await self._aws.call(doing, functools.partial(_or_none, call))
            except NoCredentials:
                raise
            except AccessDenied as error:
                raise AccessDenied(f"{error} - allow {permission} on *") from error
            if page is None:
                return []
            pages.append(page)
            if not page.get("Marker"):
                return pages
            marker = {"Marker": page["Marker"]}
        raise Refused(f"cannot {doing}: more than {_PAGES} pages, so what was read is not all; name databases by name")


async def _or_none(call: Any) -> Mapping[str, Any] | None:
    """Take an error that means that there is no such database for None."""
    try:
        answer: Mapping[str, Any] = await call()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _ABSENT:
            return None
        raise
    return answer


def _members(page: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    found = page.get(name)
    if not isinstance(found, list):
        raise Unavailable(f"cannot read RDS's answer: it holds no {name}")
    yield from found


def _date(page: Mapping[str, Any]) -> datetime | None:
    """Return the instant of an answer by its Date header: this machine's clock may be wrong."""
    try:
        return parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return None


def _instant(value: object) -> datetime | None:
    return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC) if isinstance(value, datetime) else None


def _database(kind: Kind, raw: Mapping[str, Any]) -> Database:
    what = "DBInstance" if kind is Kind.INSTANCE else "DBCluster"
    created = raw.get("InstanceCreateTime") if kind is Kind.INSTANCE else raw.get("ClusterCreateTime")
    return Database(
        kind=kind,
        name=str(raw.get(f"{what}Identifier") or ""),
        arn=str(raw.get(f"{what}Arn") or ""),
        created_at=_instant(created),
        retention_days=int(raw.get("BackupRetentionPeriod") or 0),
        encrypted=bool(raw.get("StorageEncrypted")),
        restorable_at=_instant(raw.get("LatestRestorableTime")),
        cluster=raw.get("DBClusterIdentifier") if kind is Kind.INSTANCE else None,
        tags={str(tag.get("Key")): str(tag.get("Value") or "") for tag in raw.get("TagList") or ()},
    )


def _snapshot(raw: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        name=str(raw.get("DBSnapshotIdentifier") or raw.get("DBClusterSnapshotIdentifier") or ""),
        backup=raw.get("SnapshotType") == "awsbackup",
        status=str(raw.get("Status") or ""),
        at=_instant(raw.get("SnapshotCreateTime")),
        size_gb=int(raw.get("AllocatedStorage") or 0),
    )
