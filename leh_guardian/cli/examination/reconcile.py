"""Owns the looks at what is compared with AWS; the one rule: what no rule is about need not be allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from leh_guardian.adapters.alarms import CloudWatchAlarms
from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.database_events import RdsEvents
from leh_guardian.app import handlers
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.clock import SystemClock
from leh_guardian.errors import NoCredentials, RuleError
from leh_guardian.language import Text
from leh_guardian.model import happening
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.sources import may_hear
from leh_guardian.settings import Settings

ALARMS = Text(
    ko="IAM 정책에 cloudwatch:DescribeAlarms를 추가하거나 reconcile.alarms를 false로 두세요 (없어도 동작합니다).",
    en="Add cloudwatch:DescribeAlarms to the IAM policy, or set reconcile.alarms to false (guardian works without it).",
)
CREDENTIALS = Text(
    ko="AWS 자격 증명(AWS_ACCESS_KEY_ID 등) 또는 인스턴스 역할을 설정하세요.",
    en="Set AWS credentials (such as AWS_ACCESS_KEY_ID), or give the instance a role.",
)
RDS = Text(
    ko="IAM 정책에 rds:DescribeEvents를 추가하거나 reconcile.rds를 false로 두세요 (없어도 동작합니다).",
    en="Add rds:DescribeEvents to the IAM policy, or set reconcile.rds to false (guardian works without it).",
)


async def look_at_alarms(settings: Settings) -> list[Finding]:
    """Ask for one alarm."""

    async def ask(aws: Aws) -> None:
        await CloudWatchAlarms(aws, await aws.client("cloudwatch", read_timeout=5)).ping()

    return await _look(settings, "reconcile alarms", happening.ALARMS, ask)


async def look_at_rds(settings: Settings) -> list[Finding]:
    """Ask what happened in the last minute."""

    async def ask(aws: Aws) -> None:
        now = SystemClock().now()
        await RdsEvents(aws, await aws.client("rds", read_timeout=5)).between(now - timedelta(minutes=1), now)

    return await _look(settings, "reconcile rds", happening.RDS, ask)


async def _look(settings: Settings, item: str, source: str, ask: Callable[[Aws], Awaitable[None]]) -> list[Finding]:
    if not _wanted(settings, source):
        return []
    async with open_aws(settings.region) as aws:
        try:
            await ask(aws)
        except NoCredentials as error:
            # No permission would help.
            return [Finding(item, "WARN", str(error), CREDENTIALS)]
    return [Finding(item, "OK", "it can be asked: what EventBridge loses is found")]


def _wanted(settings: Settings, source: str) -> bool:
    """Tell whether a rule is about it; rule files that are wrong have a finding of their own."""
    try:
        return may_hear(load_rules(settings.rules.dir, handlers()), source)
    except RuleError:
        return False
