"""Owns what is compared with AWS, built by the settings; the one rule: who is not to be asked has no client."""

from __future__ import annotations

from collections.abc import Callable

from leh_guardian.adapters.alarms import CloudWatchAlarms
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.database_events import RdsEvents
from leh_guardian.clock import Clock
from leh_guardian.engine.planner import Planner
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.reconcile import Reconciling, Times
from leh_guardian.engine.reconcile.alarms import AlarmComparison
from leh_guardian.engine.reconcile.databases import DatabaseComparison
from leh_guardian.engine.reconcile.deployed import DeploymentComparison
from leh_guardian.engine.reconcile.repairs import Repairs
from leh_guardian.ports import Functions
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.settings import Settings
from leh_guardian.store.pool import Pool
from leh_guardian.telemetry.metrics import Metrics


async def open_reconciling(
    settings: Settings,
    aws: Aws,
    functions: Functions,
    pool: Pool,
    planner: Planner,
    progression: Progression,
    rules: Callable[[], RuleSet],
    clock: Clock,
    metrics: Metrics,
    delay: Callable[[], float],
    *,
    replica: str,
    planned: Callable[[], None],
) -> Reconciling:
    """Make what compares AWS with what guardian knows; `delay` is how old the alerts are that are being taken in, in seconds."""
    wanted, modes = settings.reconcile, settings.rules.modes
    alarms = databases = deployed = None
    if wanted.alarms:
        alarms = AlarmComparison(CloudWatchAlarms(aws, await aws.client("cloudwatch")), settings.region, modes)
    if wanted.rds:
        databases = DatabaseComparison(RdsEvents(aws, await aws.client("rds")), modes)
    if wanted.deployments:
        deployed = DeploymentComparison(functions, pool, clock, replica=replica)
    return Reconciling(
        alarms,
        databases,
        deployed,
        Repairs(pool, planner, rules, clock, metrics, replica=replica, planned=planned),
        rules,
        pool,
        progression,
        clock,
        metrics,
        Times(wanted.every, wanted.grace, wanted.oldest),
        delay,
        replica=replica,
    )
