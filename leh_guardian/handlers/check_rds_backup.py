"""Owns the check of database backups as a step of a rule; the one rule: what it cannot see calls people, as what is wrong does."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from leh_guardian.checks.rds_backup import Wanted, look
from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.fields import Duration
from leh_guardian.model.outcome import Outcome
from leh_guardian.registry import Effect, Params, handler

_Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,62}$")]


class CheckRdsBackupParams(Params):
    """Which databases, and how old their backups may be."""

    instances: tuple[_Name, ...] = ()
    """Instances by name; a member of a cluster stands for the cluster. With no name and no tag: those of the settings."""
    clusters: tuple[_Name, ...] = ()
    """Aurora and Multi-AZ clusters by name."""
    tag: str | None = Field(None, pattern=r"^[^=]{1,128}=.{0,256}$")
    """Every instance and cluster with this tag, written name=value."""
    fresh: Duration = timedelta(hours=26)
    """How old the newest automated snapshot may be."""
    stale: Duration = timedelta(hours=48)
    """From which age on it is no backup of today's any more; in between is a warning."""
    lag: Duration = timedelta(minutes=15)
    """How far the latest restorable instant may be behind."""


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=(
        "rds:DescribeDBInstances",
        "rds:DescribeDBClusters",
        "rds:DescribeDBSnapshots",
        "rds:DescribeDBClusterSnapshots",
    ),
)
async def check_rds_backup(ctx: ActionContext, params: CheckRdsBackupParams) -> Outcome:
    """Check that RDS still makes its snapshots by itself: the newest one's age, one a day, point-in-time recovery, encryption.

    It is done with OK or WARN in the fact `status`, and fails with FAIL or UNKNOWN.
    """
    given = ctx.can.checks
    if given is None:
        raise Refused("nothing is configured to be checked")
    own = bool(params.instances or params.clusters or params.tag)
    name, _, value = (params.tag or "").partition("=")
    wanted = Wanted(
        instances=params.instances if own else given.watched.instances,
        clusters=params.clusters if own else given.watched.clusters,
        tag=((name, value) if params.tag else None) if own else given.watched.tag,
        fresh=params.fresh,
        stale=params.stale,
        lag=params.lag,
    )
    return (await look(given.backups, wanted, ctx.clock)).outcome()
