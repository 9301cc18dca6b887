"""The check of database backups, through the adapter: names, clusters, tags, AWS's clock, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import tenacity

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.backups import RdsBackups
from leh_guardian.adapters.regional import Clients
from leh_guardian.checks.rds_backup import Wanted, look
from leh_guardian.context import Capabilities
from leh_guardian.errors import Unavailable
from leh_guardian.handlers.check_rds_backup import CheckRdsBackupParams, check_rds_backup
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.model.outcome import Done, Failed
from leh_guardian.ports.checks import Kind
from tests.support.attempt import attempt
from tests.support.checking import can_check, checking
from tests.support.clock import FakeClock
from tests.support.faults import garbage, refuse
from tests.support.installation import client
from tests.support.rds_outside import REGION, RdsOutside

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
WRONG = NOW + timedelta(days=3)
"""What this machine's clock says."""


def instance(rds: RdsOutside, name: str, **more: Any) -> None:
    """Make an instance that is backed up well."""
    rds.add("DescribeDBInstances", **_described("DBInstance", name), **more)


def cluster(rds: RdsOutside, name: str, **more: Any) -> None:
    """Make a cluster."""
    rds.add("DescribeDBClusters", **_described("DBCluster", name), **more)


def _described(what: str, name: str) -> dict[str, Any]:
    created = "InstanceCreateTime" if what == "DBInstance" else "ClusterCreateTime"
    return {
        f"{what}Identifier": name,
        f"{what}Arn": f"arn:aws:rds:{REGION}:012345670123:{name}",
        created: NOW - timedelta(days=90),
        "BackupRetentionPeriod": 2,
        "StorageEncrypted": True,
        "LatestRestorableTime": NOW - timedelta(minutes=4),
    }


def snapshots(rds: RdsOutside, name: str, *hours: float, kind: str = "automated", cluster: bool = False) -> None:
    """Make snapshots so many hours old."""
    what, owner = ("DBClusterSnapshot", "DBCluster") if cluster else ("DBSnapshot", "DBInstance")
    for age in hours:
        described = {f"{what}Identifier": f"rds:{name}-{age}", f"{owner}Identifier": name, "SnapshotType": kind}
        at = NOW - timedelta(hours=age)
        rds.add(f"Describe{what}s", **described, Status="available", SnapshotCreateTime=at, AllocatedStorage=100)


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Iterator[RdsOutside]:
    """An instance with two days of snapshots."""
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_: tenacity.wait_none())
    with RdsOutside(NOW) as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        instance(opened, "leh-prod")
        snapshots(opened, "leh-prod", 6, 30)
        yield opened


@pytest.fixture
async def given(rds: RdsOutside) -> AsyncIterator[Capabilities]:
    """What the handler sees of it."""
    async with open_aws(REGION) as aws:
        yield can_check(checking(aws, instances=("leh-prod",)))


async def run(can: Capabilities, **params: Any) -> Any:
    """One attempt, on a machine whose clock is wrong."""
    return await check_rds_backup(attempt(can, clock=FakeClock(WRONG)), CheckRdsBackupParams(**params))


async def test_all_is_well_by_awss_clock(given: Capabilities) -> None:
    """Age is measured by the time that the answer gives: three days of this machine's make nothing old."""
    outcome = await run(given)
    assert isinstance(outcome, Done)
    assert outcome.facts["measured"]["leh-prod"]["age_hours"] == 6.0
    assert outcome.facts["evidence"]["leh-prod"]["newest"] == "rds:leh-prod-6"


async def test_what_was_made_by_hand_hides_nothing(rds: RdsOutside, given: Capabilities) -> None:
    """A fresh manual snapshot beside automated ones that have stopped is a failure."""
    rds.clear("DescribeDBSnapshots")
    snapshots(rds, "leh-prod", 60, 84)
    snapshots(rds, "leh-prod", 1, kind="manual")
    outcome = await run(given)
    assert isinstance(outcome, Failed)
    assert outcome.facts["measured"]["leh-prod"]["age_hours"] == 60.0
    rds.filters = False
    assert (await run(given)).facts["measured"]["leh-prod"]["age_hours"] == 60.0
    rds.filters = True
    snapshots(rds, "leh-prod", 2, kind="awsbackup")
    assert (await run(given)).facts["measured"]["leh-prod"]["by"] == "aws_backup"


async def test_clusters_and_members(rds: RdsOutside, given: Capabilities) -> None:
    """An Aurora instance has no snapshots of its own: its cluster is looked at, once."""
    for name in ("leh-a", "leh-b"):
        instance(rds, name, DBClusterIdentifier="leh-aurora")
    cluster(rds, "leh-aurora")
    snapshots(rds, "leh-aurora", 5, 29, cluster=True)
    outcome = await run(given, instances=("leh-a", "leh-b"))
    assert isinstance(outcome, Done)
    assert list(outcome.facts["measured"]) == ["leh-aurora"]
    assert (await run(given, clusters=("leh-aurora",))).facts["status"] == "OK"


async def test_by_a_tag(rds: RdsOutside, given: Capabilities) -> None:
    """All that have it, over pages; none that has it is a failure, for somebody expects one."""
    rds.page = 1
    instance(rds, "leh-old", TagList=[{"Key": "env", "Value": "prod"}])
    instance(rds, "leh-test", TagList=[{"Key": "env", "Value": "test"}])
    snapshots(rds, "leh-old", 40, 64)
    outcome = await run(given, tag="env=prod")
    assert (list(outcome.facts["measured"]), outcome.facts["status"]) == (["leh-old"], "WARN")
    assert (await run(given, tag="env=stage")).facts["status"] == "FAIL"


async def test_what_is_not_there(given: Capabilities) -> None:
    """A database that is named and missing is a failure; nothing named at all is unknown."""
    assert (await run(given, instances=("leh-gone",))).facts["status"] == "FAIL"
    assert (await run(given, clusters=("leh-gone",))).facts["status"] == "FAIL"
    checks = given.checks
    assert checks is not None
    assert (await look(checks.backups, Wanted(), FakeClock(NOW))).status == "UNKNOWN"


@pytest.mark.parametrize("operation", ["DescribeDBInstances", "DescribeDBSnapshots"])
async def test_what_is_refused_is_unknown(rds: RdsOutside, given: Capabilities, operation: str) -> None:
    """The permission is named."""
    rds.faults.always(operation, refuse(403, "AccessDenied"))
    outcome = await run(given)
    assert isinstance(outcome, Failed)
    assert outcome.facts["status"] == "UNKNOWN"
    assert f"rds:{operation}" in outcome.facts["reasons"][0]["en"]


async def test_what_may_pass_is_tried_again(rds: RdsOutside, given: Capabilities) -> None:
    """Half an answer is no answer without snapshots."""
    rds.faults.always("DescribeDBSnapshots", garbage())
    with pytest.raises(Unavailable):
        await run(given)


async def test_against_another_rds(aws: Aws, aws_server: EmbeddedAws) -> None:
    """Moto's RDS tells the adapter the same: a database, a missing one, and its snapshots by who made them."""
    backups = RdsBackups(aws, Clients(aws))
    with client("rds", aws_server.environment()) as rds:
        asked = {"DBInstanceClass": "db.t3.micro", "Engine": "postgres", "AllocatedStorage": 20}
        rds.create_db_instance(
            DBInstanceIdentifier="checks-db", BackupRetentionPeriod=3, StorageEncrypted=True, **asked
        )
        rds.create_db_snapshot(DBInstanceIdentifier="checks-db", DBSnapshotIdentifier="by-hand")
    listed = await backups.databases(Kind.INSTANCE, "checks-db")
    (database,) = listed.found
    assert (database.retention_days, database.encrypted) == (3, True)
    assert listed.told_at is not None
    assert "by-hand" not in [one.name for one in await backups.snapshots(database)]
    assert not (await backups.databases(Kind.INSTANCE, "checks-none")).found
    assert not (await backups.databases(Kind.CLUSTER, "checks-none")).found
