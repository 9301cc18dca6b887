"""What no event told of is found by asking AWS, and taken in as its event would have been: once, whatever comes late."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.adapters.alarms import CloudWatchAlarms
from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.database_events import RdsEvents
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.app import handlers
from leh_guardian.engine.reconcile import Reconciling, Times
from leh_guardian.engine.reconcile.alarms import AlarmComparison
from leh_guardian.engine.reconcile.databases import DatabaseComparison
from leh_guardian.engine.reconcile.deployed import DeploymentComparison
from leh_guardian.engine.reconcile.repairs import Repairs
from leh_guardian.model.deployment import Deployment
from leh_guardian.model.mode import Mode
from leh_guardian.rules.loader import load_rules
from leh_guardian.store import deployments
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.aws_outside import ALARMS, RDS, AwsOutside
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.faults import garbage, refuse
from tests.support.house import House, World, rule_set
from tests.support.worker_outside import FUNCTION, REGION

ROOT = Path(__file__).parents[3]
RULES = """
version: 1
rules:
  - id: down
    mode: act
    pattern: {source: [aws.cloudwatch], detail: {alarmName: [{prefix: leh-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    actions: [{uses: fix, with: {what: "${event.detail.alarmName}"}}]
  - id: leak
    mode: act
    severity: sev1
    escalate: {policy: default, level: 3}
    pattern: {source: [aws.cloudwatch], detail: {alarmName: [leak], state: {value: [ALARM]}}}
    resolve_on: {detail: {alarmName: [leak], state: {value: [OK]}}}
    actions: []
  - id: unused
    mode: "off"
    pattern: {source: [aws.cloudwatch], detail: {alarmName: [unused], state: {value: [ALARM]}}}
    actions: []
  - id: database
    mode: act
    pattern: {source: [aws.rds], detail: {EventCategories: [failure]}}
    dedup: detail.SourceIdentifier
    actions: [{uses: look, with: {what: "${event.detail.Message}"}}]
"""
TIMES = Times(timedelta(minutes=5), timedelta(minutes=2), timedelta(days=14))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsOutside]:
    """AWS."""
    with AwsOutside() as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        yield opened


class Compared:
    """An installation that is compared with AWS."""

    def __init__(self, house: House, replicas: list[Reconciling], aws: AwsOutside) -> None:
        self.house, self.clock, self.aws = house, house.clock, aws
        self.replicas = replicas
        self.pool = house.pool

    def ago(self, **duration: float) -> datetime:
        """Return an instant of a while ago, to the second."""
        return self.clock.now() - timedelta(**duration)

    async def compare(self) -> int:
        """Let every replica compare, all at once; returns how much they repaired."""
        repaired: list[int] = []

        async def one(replica: Reconciling) -> None:
            repaired.append(await replica.compare())

        async with anyio.create_task_group() as tasks:
            for replica in self.replicas:
                tasks.start_soon(one, replica)
        await self.house.work()
        return sum(repaired)

    async def hears(self, name: str, state: str, at: datetime) -> None:
        """Let EventBridge's own event arrive."""
        await self.house.take(alarm_event(name, state, time=at.isoformat()))
        await self.house.work()

    async def state(self) -> list[tuple[str, str, str, int]]:
        """Return (rule, key, status, events) of every incident."""
        found = await self.house.incidents()
        return [(one["rule"], one["dedup_key"], one["status"], one["events"]) for one in found]

    async def journal(self, kind: str) -> list[dict[str, Any]]:
        """Return the journal's lines of a kind."""
        async with transaction(self.pool) as tx:
            rows = await tx.fetch("select reason, rule_id, data::text from journal where kind = $1 order by id", kind)
        return [{**row, "data": json.loads(row["data"])} for row in rows]


@pytest.fixture
async def compared(pool: Pool, tmp_path: Path, aws: AwsOutside) -> AsyncIterator[Compared]:
    """Two replicas that compare, and one that works."""
    world, clock = World(), FakeClock()
    rules = rule_set(tmp_path / "rules", RULES, world)
    house = House(pool, rules, world, clock, modes={"unused": Mode.OFF})
    async with open_aws(REGION) as session:
        alarms = AlarmComparison(CloudWatchAlarms(session, await session.client("cloudwatch")), REGION, {})
        record = DatabaseComparison(RdsEvents(session, await session.client("rds")), {})
        functions = LambdaFunctions(session, await session.client("lambda"))

        def replica(name: str) -> Reconciling:
            rules_in_use = lambda: house.rules  # noqa: E731
            repairs = Repairs(
                pool, house.planner, rules_in_use, clock, house.metrics, replica=name, planned=lambda: None
            )
            deployed = DeploymentComparison(functions, pool, clock, replica=name)
            return Reconciling(
                alarms,
                record,
                deployed,
                repairs,
                rules_in_use,
                pool,
                house.progression,
                clock,
                house.metrics,
                TIMES,
                lambda: 0.0,
                replica=name,
            )

        yield Compared(house, [replica("one"), replica("two")], aws)


async def test_a_lost_alarm_is_taken_in_once_and_its_own_event_is_late(compared: Compared) -> None:
    """By two replicas at once; then the event comes after all, a second or two apart, and twice: nothing is planned again."""
    since = compared.ago(minutes=10)
    compared.aws.alarm("leh-one", "ALARM", since)
    assert await compared.compare() == 1
    assert await compared.state() == [("down", "leh-one", "triggered", 1)]
    assert compared.house.world.effects == Counter({"leh-one": 1})
    [line] = await compared.journal("event.reconciled")
    assert (line["rule_id"], line["data"]["what"]) == ("down", "alarm")
    assert await compared.compare() == 0
    await compared.hears("leh-one", "ALARM", since + timedelta(seconds=1))
    await compared.house.resolve()
    await compared.hears("leh-one", "ALARM", since)
    assert await compared.state() == [("down", "leh-one", "resolved", 1)]
    assert compared.house.world.effects == Counter({"leh-one": 1})
    assert len(await compared.journal("event.came_late")) == 2
    assert await compared.compare() == 0


async def test_what_was_heard_of_is_not_lost(compared: Compared) -> None:
    """Not while its incident is open, nor after a person has closed it while the alarm rings on; the next change is another one."""
    since = compared.ago(minutes=10)
    compared.aws.alarm("leh-one", "ALARM", since)
    await compared.hears("leh-one", "ALARM", since + timedelta(milliseconds=40))
    assert await compared.compare() == 0
    await compared.house.resolve()
    compared.clock.advance(hours=2)
    assert await compared.compare() == 0
    assert await compared.state() == [("down", "leh-one", "resolved", 1)]
    compared.aws.alarm("leh-one", "ALARM", compared.ago(minutes=3))
    assert await compared.compare() == 1
    assert compared.house.world.effects == Counter({"leh-one": 2})


async def test_only_what_is_certain_and_matters_is_lost(compared: Compared) -> None:
    """Not what may be on its way, what is too old, other states, what no rule wants and what a rule that is off wants."""
    aws = compared.aws
    aws.alarm("leh-young", "ALARM", compared.ago(seconds=119))
    aws.alarm("leh-ancient", "ALARM", compared.ago(days=15))
    aws.alarm("leh-blind", "INSUFFICIENT_DATA", compared.ago(hours=1))
    aws.alarm("leh-well", "OK", compared.ago(hours=1))
    aws.alarm("other", "ALARM", compared.ago(hours=1))
    aws.alarm("unused", "ALARM", compared.ago(hours=1))
    aws.alarm("leh-\x01\u202e{evil}", "ALARM", compared.ago(hours=1), ActionsEnabled=False, AlarmRule="ALARM(x)")
    assert await compared.compare() == 1
    assert [key for _, key, _, _ in await compared.state()] == ["leh-\x01\u202e{evil}"]
    compared.clock.advance(seconds=1)
    assert await compared.compare() == 1


async def test_a_lost_ok_ends_its_incident_as_its_event_would_have(compared: Compared) -> None:
    """It is held first; trouble that comes back drops it, and what only people close stays for them."""
    for name in ("leh-one", "leh-two", "leak"):
        await compared.hears(name, "ALARM", compared.ago(minutes=30))
        compared.aws.alarm(name, "OK", compared.ago(minutes=10))
    assert await compared.compare() == 3
    assert {status for _, _, status, _ in await compared.state()} == {"triggered"}
    await compared.hears("leh-two", "ALARM", compared.ago(minutes=1))
    assert await compared.compare() == 0
    compared.clock.advance(minutes=6)
    await compared.house.work()
    assert {key: status for _, key, status, _ in await compared.state()} == {
        "leh-one": "resolved",
        "leh-two": "triggered",
        "": "triggered",
    }
    # The late original of the OK is no news either.
    await compared.hears("leh-one", "OK", compared.ago(minutes=16))
    assert len(await compared.journal("event.came_late")) == 1


async def test_an_older_ok_is_not_the_end(compared: Compared) -> None:
    """An alarm that CloudWatch knows as OK since before the newest event is one whose ALARM has not got there yet."""
    compared.aws.alarm("leh-one", "OK", compared.ago(minutes=10))
    await compared.hears("leh-one", "ALARM", compared.ago(minutes=5))
    assert await compared.compare() == 0


async def test_an_alarm_that_is_gone_is_told_of_once(compared: Compared) -> None:
    """Its incident is not closed; one of another account or region may be there all the same, and proves nothing."""
    compared.aws.alarm("leh-there", "INSUFFICIENT_DATA", compared.ago(hours=1))
    for name in ("leh-gone", "leh-there"):
        await compared.hears(name, "ALARM", compared.ago(hours=2))
    elsewhere = alarm_event("leh-elsewhere", time=compared.ago(hours=1).isoformat())
    for number, place in enumerate(("ap-northeast-2:999999999999", "us-east-1:012345670123")):
        name = f"leh-elsewhere-{number}"
        detail = {**elsewhere["detail"], "alarmName": name}
        arn = f"arn:aws:cloudwatch:{place}:alarm:{name}"
        await compared.house.take({**elsewhere, "id": name, "resources": [arn], "detail": detail})
    hostile = {**elsewhere["detail"], "alarmName": "leh-\x00"}
    await compared.house.take({**elsewhere, "id": "h", "resources": ["arn:aws:\x00"], "detail": hostile})
    await compared.house.work()
    for _ in range(2):
        await compared.compare()
    [line] = await compared.journal("incident.alarm_gone")
    assert "leh-gone" in line["reason"]
    assert {status for _, _, status, _ in await compared.state()} == {"triggered"}
    assert sum("CloudWatch 경보가 삭제되어" in text for text in compared.house.world.told) == 1


async def test_a_listing_that_was_cut_short_proves_no_absence(compared: Compared, aws: AwsOutside) -> None:
    """What it holds is repaired; nothing is taken for well or for gone."""
    await compared.hears("leh-gone", "ALARM", compared.ago(hours=2))
    await compared.hears("leh-well", "ALARM", compared.ago(hours=2))
    aws.alarm("leh-well", "OK", compared.ago(hours=1))
    for number in range(101):
        aws.alarm(f"other-{number}", "ALARM", compared.ago(hours=1))
    aws.alarm("leh-one", "ALARM", compared.ago(hours=1))
    compared.replicas.pop()
    aws.faults.script(ALARMS, None, *3 * [refuse(400, "Throttling")])
    assert await compared.compare() == 0
    assert compared.replicas[0].report()["alarms"]["outcome"] == "cut_short"
    assert await compared.journal("incident.alarm_gone") == []
    assert await compared.compare() == 2
    assert len(await compared.journal("incident.alarm_gone")) == 1


async def test_what_may_not_be_asked_is_told_once_and_stops_nothing_else(compared: Compared, aws: AwsOutside) -> None:
    """The reason names the permission; the other sources are asked all the same, and this one again."""
    denied = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    replica = compared.replicas[0]
    compared.replicas[1:] = []
    aws.faults.always(RDS, garbage(denied, 403))
    aws.faults.always(ALARMS, refuse(400, "AccessDeniedException"))
    assert await compared.compare() == 0
    report = replica.report()
    assert {name: one["outcome"] for name, one in report.items()} == {
        "alarms": "refused",
        "rds": "refused",
        "deployments": "unused",
    }
    assert "cloudwatch:DescribeAlarms" in report["alarms"]["detail"]
    assert "rds:DescribeEvents" in report["rds"]["detail"]
    aws.faults.off()
    aws.alarm("leh-one", "ALARM", compared.ago(minutes=10))
    assert await compared.compare() == 1
    assert replica.report()["alarms"] | {"looked_at": None} == {
        "outcome": "ok",
        "detail": "",
        "looked_at": None,
        "repaired": 1,
    }


async def test_what_rds_says_and_no_event_told_of_is_taken_in(compared: Compared) -> None:
    """Of the last hour, and what a rule is about; its own event, heard before or later, tells the same."""
    at = compared.ago(minutes=10)
    arn = compared.aws.happen(at, "out of disk", "failure")
    compared.aws.happen(compared.ago(minutes=10), "backing up", "backup")
    compared.aws.happen(compared.ago(minutes=90), "long ago", "failure")
    compared.aws.happen(compared.ago(minutes=1), "just now", "failure")
    assert await compared.compare() == 1
    assert compared.house.metrics.reconciled.labels("rds")._value.get() == 1
    assert [(rule, key) for rule, key, _, _ in await compared.state()] == [("database", "leh-prod")]
    original = {
        "id": "68f6e973",
        "source": "aws.rds",
        "detail-type": "RDS DB Instance Event",
        "time": at.isoformat(),
        "resources": [arn],
        "detail": {
            "EventCategories": ["failure"],
            "SourceType": "DB_INSTANCE",
            "SourceArn": arn,
            "Date": at.isoformat(),
            "Message": "out of disk",
            "SourceIdentifier": "leh-prod",
            "EventID": "RDS-EVENT-0007",
        },
    }
    await compared.house.take(original)
    assert len(await compared.journal("event.came_late")) == 1
    compared.clock.advance(minutes=2)
    just = compared.ago(minutes=3)
    detail = {**original["detail"], "Message": "just now"}  # type: ignore[dict-item]
    await compared.house.take({**original, "id": "another", "time": just.isoformat(), "detail": detail})
    assert await compared.compare() == 0


async def test_a_deployment_that_nobody_told_of_is_written_down(compared: Compared) -> None:
    """Once by all replicas; not what an event told of, what is not in effect yet, or what is of long ago."""
    compared.house.rules = load_rules(ROOT / "rules", handlers())
    at = compared.ago(minutes=10)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    compared.aws.deploy("leh-ai-worker", at=stamp, LastUpdateStatus="InProgress")
    assert await compared.compare() == 0
    compared.aws.deploy("leh-ai-worker", at=stamp)
    assert await compared.compare() == 1
    assert await compared.compare() == 0
    async with transaction(compared.pool) as tx:
        [noted] = await deployments.since(tx, "leh-ai-worker", compared.ago(hours=1))
    assert noted == Deployment("leh-ai-worker", at, "LastModified", "reconcile", None)
    later = compared.ago(minutes=4)
    compared.aws.deploy("leh-ai-worker", at=later.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))
    async with transaction(compared.pool) as tx:
        told = Deployment("leh-ai-worker", later - timedelta(seconds=3), "UpdateFunctionCode", "an event", None)
        await deployments.note(tx, uuid.uuid4(), told, compared.clock.now())
    assert await compared.compare() == 0
    compared.aws.faults.always(FUNCTION, refuse(403, "AccessDeniedException"))
    await compared.compare()
    assert "lambda:GetFunctionConfiguration" in compared.replicas[0].report()["deployments"]["detail"]
