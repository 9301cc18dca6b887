"""Owns the check of database backups: a setting is not a snapshot; the one rule: what was made by hand proves nothing.

What counts is the newest snapshot that RDS (or AWS Backup) made by itself and that is available. Beside it: one for each day that
should be kept, the instant up to which one can restore, encryption, what hangs, and a size that has collapsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, Final

from leh_guardian.checks import rds_wording as say
from leh_guardian.checks.result import CheckResult, Findings, Status, not_named
from leh_guardian.clock import Clock
from leh_guardian.ports.checks import Backups, Database, Kind, Snapshot

NAME: Final = "check_rds_backup"
_AVAILABLE: Final = "available"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which databases, and how old what may be."""

    instances: Sequence[str] = ()
    clusters: Sequence[str] = ()
    tag: tuple[str, str] | None = None
    fresh: timedelta = timedelta(hours=26)
    """A day, and the two hours that a backup window may move and a snapshot take."""
    stale: timedelta = timedelta(hours=48)
    lag: timedelta = timedelta(minutes=15)
    """How far behind the restorable instant may be; RDS ships logs every five minutes."""
    most_lag: timedelta = timedelta(hours=2)
    stuck: timedelta = timedelta(hours=6)
    gap: timedelta = timedelta(hours=36)
    """Between two snapshots: more is a day without one."""
    collapsed: float = 0.5
    """Share of the median size below which the newest is doubted."""


async def look(backups: Backups, wanted: Wanted, clock: Clock) -> CheckResult:
    """Look at the backups of every database that is named or tagged.

    Raises:
        Transient: RDS does not answer as it should; what is refused for good is in the result.
    """
    if not (wanted.instances or wanted.clusters or wanted.tag):
        return not_named(NAME, say.NO_DATABASE, say.NAME_DATABASE)
    found, measured, evidence = Findings(), dict[str, Any](), dict[str, Any]()
    chosen, now = await _chosen(backups, wanted, found, clock)
    for database in chosen:
        evidence[database.name] = {"arn": database.arn}
        with found.part(say.snapshots_of(database.name)):
            snapshots = await backups.snapshots(database)
            measured[database.name], newest = judge(database, snapshots, wanted, now, found)
            evidence[database.name] |= {"newest": newest.name if newest else None}
    threshold = {
        "fresh_hours": wanted.fresh.total_seconds() / 3600,
        "stale_hours": wanted.stale.total_seconds() / 3600,
        "lag_minutes": wanted.lag.total_seconds() / 60,
        "gap_hours": wanted.gap.total_seconds() / 3600,
        "stuck_hours": wanted.stuck.total_seconds() / 3600,
    }
    return found.result(NAME, measured, threshold, evidence)


async def _chosen(
    backups: Backups, wanted: Wanted, found: Findings, clock: Clock
) -> tuple[Sequence[Database], datetime]:
    """Return the databases, each once and a cluster's member as its cluster, and the time by AWS's clock where it tells it."""
    chosen: dict[tuple[Kind, str], Database] = {}
    clusters = list(wanted.clusters)
    now = clock.now()
    for name in wanted.instances:
        with found.part(say.database(name)):
            listed = await backups.databases(Kind.INSTANCE, name)
            now = listed.told_at or now
            if not listed.found:
                found.add(Status.FAIL, say.missing(name), say.SEE_NAME)
            for one in listed.found:
                if one.cluster:
                    clusters.append(one.cluster)
                else:
                    chosen[one.kind, one.name] = one
    for name in dict.fromkeys(clusters):
        with found.part(say.database(name)):
            listed = await backups.databases(Kind.CLUSTER, name)
            now = listed.told_at or now
            if not listed.found:
                found.add(Status.FAIL, say.missing(name), say.SEE_NAME)
            chosen |= {(one.kind, one.name): one for one in listed.found}
    if wanted.tag is not None:
        now = await _tagged(backups, wanted.tag, found, chosen) or now
    return list(chosen.values()), now


async def _tagged(
    backups: Backups, tag: tuple[str, str], found: Findings, chosen: dict[tuple[Kind, str], Database]
) -> datetime | None:
    name, value = tag
    told, seen, whole = None, 0, 0
    for kind in Kind:
        with found.part(say.tagged(name, value)):
            listed = await backups.databases(kind)
            told, whole = listed.told_at or told, whole + 1
            for one in listed.found:
                if one.tags.get(name) == value:
                    seen += 1
                    if not one.cluster:
                        chosen[one.kind, one.name] = one
    if whole == len(Kind) and not seen:
        found.add(Status.FAIL, say.none_tagged(name, value), say.SEE_NAME)
    return told


def judge(
    database: Database, snapshots: Sequence[Snapshot], wanted: Wanted, now: datetime, found: Findings
) -> tuple[dict[str, Any], Snapshot | None]:
    """Judge one database's backups; returns what was measured, and its newest good snapshot."""
    good = sorted((one for one in snapshots if one.status == _AVAILABLE and one.at), key=lambda one: one.at or now)
    newest = good[-1] if good else None
    age = now - newest.at if newest and newest.at else None
    _judge_age(database, newest, age, wanted, now, found)
    gaps = _gaps(good, wanted.gap)
    if gaps:
        found.add(Status.WARN, say.gaps(database.name, len(gaps), gaps[0].date().isoformat()), say.SEE_EVENTS)
    short = _short(database, good, wanted, now)
    if short:
        found.add(Status.WARN, say.too_few(database.name, len(good), database.retention_days), say.SEE_EVENTS)
    lag = _judge_lag(database, wanted, now, found)
    if not database.encrypted:
        found.add(Status.WARN, say.not_encrypted(database.name), say.ENCRYPT)
    stuck = [one for one in snapshots if one.status == "creating" and one.at and now - one.at > wanted.stuck]
    if stuck:
        found.add(Status.WARN, say.stuck(database.name, len(stuck)), say.SEE_EVENTS)
    if failed := [one for one in snapshots if one.status == "failed"]:
        found.add(Status.WARN, say.failed(database.name, len(failed)), say.SEE_EVENTS)
    share = _share(good)
    if share is not None and share < wanted.collapsed:
        found.add(Status.WARN, say.collapsed(database.name, round(share * 100)), say.SEE_SIZE)
    measured = {
        "kind": database.kind.value,
        "newest_at": newest.at.isoformat() if newest and newest.at else None,
        "age_hours": round(age.total_seconds() / 3600, 2) if age is not None else None,
        "by": ("aws_backup" if newest.backup else "rds") if newest else None,
        "snapshots": len(good),
        "retention_days": database.retention_days,
        "gaps": len(gaps),
        "restorable_lag_minutes": round(lag.total_seconds() / 60, 1) if lag is not None else None,
        "encrypted": database.encrypted,
        "stuck": len(stuck),
        "size_share_of_median": round(share, 3) if share is not None else None,
    }
    return measured, newest


def _judge_age(
    database: Database, newest: Snapshot | None, age: timedelta | None, wanted: Wanted, now: datetime, found: Findings
) -> None:
    name = database.name
    if database.retention_days == 0:
        # AWS Backup's snapshots are backups, too, but nothing can be restored between two of them.
        by_backup = newest is not None and newest.backup
        found.add(Status.WARN if by_backup else Status.FAIL, say.switched_off(name), say.SWITCH_ON)
    if newest is None or age is None:
        young = database.created_at is not None and now - database.created_at < wanted.fresh
        found.add(Status.WARN if young else Status.FAIL, say.none(name), say.WAIT if young else say.SEE_EVENTS)
        return
    hours = round(age.total_seconds() / 3600)
    said = say.newest_by_backup(name, hours) if newest.backup else say.newest(name, hours)
    status = Status.OK if age <= wanted.fresh else Status.WARN if age <= wanted.stale else Status.FAIL
    found.add(status, said, say.SEE_EVENTS)


def _judge_lag(database: Database, wanted: Wanted, now: datetime, found: Findings) -> timedelta | None:
    if database.restorable_at is None:
        if database.retention_days:
            found.add(Status.WARN, say.not_restorable(database.name), say.SEE_EVENTS)
        return None
    lag = now - database.restorable_at
    if lag > wanted.lag:
        status = Status.FAIL if lag > wanted.most_lag else Status.WARN
        found.add(status, say.lag(database.name, round(lag.total_seconds() / 60)), say.SEE_EVENTS)
    return lag


def _gaps(good: Sequence[Snapshot], most: timedelta) -> list[datetime]:
    """Return after which snapshots the next took too long; days by the calendar would be wrong where the window is at midnight."""
    times = [one.at for one in good if one.at]
    return [before for before, after in pairwise(times) if after - before > most]


def _short(database: Database, good: Sequence[Snapshot], wanted: Wanted, now: datetime) -> bool:
    """Tell whether the snapshots do not reach back as far as they should be kept."""
    if not good or not database.retention_days or any(one.backup for one in good):
        return False
    kept_since = now - timedelta(days=database.retention_days) + wanted.gap
    there_since = database.created_at + wanted.gap if database.created_at else kept_since
    oldest = good[0].at
    return oldest is not None and oldest > max(kept_since, there_since)


def _share(good: Sequence[Snapshot]) -> float | None:
    """Return the newest one's size against the median of those before it, None where nothing can be said."""
    earlier = [one.size_gb for one in good[:-1] if one.size_gb]
    if not earlier or not good[-1].size_gb:
        return None
    return good[-1].size_gb / median(earlier)
