"""The judgement of database backups: a table of what RDS may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leh_guardian.checks.rds_backup import Wanted, judge
from leh_guardian.checks.result import Findings, worst
from leh_guardian.ports.checks import Database, Kind, Snapshot

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
GOOD = Database(
    Kind.INSTANCE,
    "leh-prod",
    "arn",
    NOW - timedelta(days=400),
    7,
    encrypted=True,
    restorable_at=NOW - timedelta(minutes=5),
)


def snapshot(hours: float, **more: Any) -> Snapshot:
    """An available snapshot so many hours old."""
    return Snapshot(
        **{
            "name": f"s{hours}",
            "backup": False,
            "status": "available",
            "at": NOW - timedelta(hours=hours),
            "size_gb": 100,
            **more,
        }
    )


DAILY = [snapshot(6 + 24 * day) for day in range(7)]


def status(database: Database, snapshots: list[Snapshot]) -> str:
    """What they come to."""
    found = Findings()
    judge(database, snapshots, Wanted(), NOW, found)
    return worst([one.status for one in found.seen]).value


@pytest.mark.parametrize(
    ("hours", "wanted"),
    [(0, "OK"), (20, "OK"), (26, "OK"), (26.1, "WARN"), (48, "WARN"), (48.1, "FAIL"), (400, "FAIL")],
)
def test_the_age_of_the_newest(hours: float, wanted: str) -> None:
    """Up to 26 hours is a day with its window, up to 48 a warning; older is no backup of today's."""
    young = replace(GOOD, retention_days=1)
    assert status(young, [snapshot(hours)]) == wanted


@pytest.mark.parametrize(
    ("changed", "snapshots", "wanted"),
    [
        ({}, DAILY, "OK"),
        ({}, [], "FAIL"),
        ({"created_at": NOW - timedelta(hours=3)}, [], "WARN"),
        ({}, [*DAILY, snapshot(7, status="creating")], "WARN"),
        ({}, [*DAILY, snapshot(1, status="creating")], "OK"),
        ({}, [*DAILY, snapshot(1, status="failed")], "WARN"),
        ({}, [snapshot(1, status="creating")], "FAIL"),
        ({"retention_days": 0, "restorable_at": None}, DAILY, "FAIL"),
        ({"retention_days": 0, "restorable_at": None}, [snapshot(5, backup=True)], "WARN"),
        ({}, [snapshot(5, backup=True)], "OK"),
        ({}, [one for one in DAILY if one.name != "s54"], "WARN"),
        ({}, DAILY[:3], "WARN"),
        ({"created_at": NOW - timedelta(days=3)}, DAILY[:3], "OK"),
        ({"encrypted": False}, DAILY, "WARN"),
        ({"restorable_at": NOW - timedelta(minutes=15)}, DAILY, "OK"),
        ({"restorable_at": NOW - timedelta(minutes=16)}, DAILY, "WARN"),
        ({"restorable_at": NOW - timedelta(minutes=121)}, DAILY, "FAIL"),
        ({"restorable_at": None}, DAILY, "WARN"),
        ({}, [snapshot(6, size_gb=49), *DAILY[1:]], "WARN"),
        ({}, [snapshot(6, size_gb=50), *DAILY[1:]], "OK"),
        ({}, [snapshot(6, size_gb=0), *DAILY[1:]], "OK"),
    ],
)
def test_what_else_is_seen(changed: dict[str, Any], snapshots: list[Snapshot], wanted: str) -> None:
    """Missing days, what hangs or failed, encryption, the restorable instant, a size that collapsed, backups of AWS Backup."""
    assert status(replace(GOOD, **changed), snapshots) == wanted


def test_who_made_it_is_said() -> None:
    """A snapshot of AWS Backup is accepted, and told from RDS's own."""
    found = Findings()
    measured, _ = judge(GOOD, [snapshot(5, backup=True)], Wanted(), NOW, found)
    assert measured["by"] == "aws_backup"
    assert any("AWS Backup" in one.reason.en for one in found.seen)
