"""CloudWatch's alarms and RDS's record through the adapters: all pages, both kinds of alarm, and listings that were cut short."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from leh_guardian.adapters.alarms import CloudWatchAlarms
from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.database_events import RdsEvents
from leh_guardian.errors import AccessDenied, Throttled
from leh_guardian.local.aws import EmbeddedAws
from tests.support.aws_outside import ALARMS, RDS, AwsOutside
from tests.support.faults import garbage, refuse
from tests.support.worker_outside import REGION

SINCE = datetime(2026, 11, 27, 9, 0, 0, 985000, tzinfo=UTC)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsOutside]:
    """AWS, two alarms a page."""
    with AwsOutside(page=2) as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        yield opened


@pytest.fixture
async def alarms(server: AwsOutside) -> AsyncIterator[CloudWatchAlarms]:
    """The adapter."""
    async with open_aws(REGION) as aws:
        yield CloudWatchAlarms(aws, await aws.client("cloudwatch"))


async def test_all_pages_of_both_kinds_are_read(server: AwsOutside, alarms: CloudWatchAlarms) -> None:
    """Metric alarms, metric math and composite alarms; the instant is that of the change, not of the newest reason."""
    query = {"Id": "e1", "Expression": "m1/m2", "Label": "share", "ReturnData": True}
    stat = {"Metric": {"Namespace": "N", "MetricName": "M", "Dimensions": [{"Name": "D", "Value": "v"}]}}
    server.alarm(
        "math", "ALARM", SINCE, Metrics=[query, {"Id": "m1", "MetricStat": {**stat, "Period": 60, "Stat": "Sum"}}]
    )
    server.alarm("quiet", "OK", SINCE)
    server.alarm(
        "one", "ALARM", SINCE, StateUpdatedTimestamp=SINCE + timedelta(hours=3), StateReasonData='{"threshold": 1}'
    )
    server.alarm(
        "all:of:them", "ALARM", SINCE, AlarmRule='ALARM("one")', AlarmDescription="하나라도", ActionsEnabled=False
    )
    listing = await alarms.firing()
    assert listing.whole
    assert [(alarm.name, alarm.since) for alarm in listing.alarms] == [
        ("math", SINCE),
        ("one", SINCE),
        ("all:of:them", SINCE),
    ]
    math, one, composite = listing.alarms
    metric = {"namespace": "N", "name": "M", "dimensions": {"D": "v"}}
    assert math.configuration["metrics"] == [
        {"id": "e1", "expression": "m1/m2", "label": "share", "returnData": True},
        {"id": "m1", "metricStat": {"metric": metric, "period": 60, "stat": "Sum"}, "returnData": True},
    ]
    assert one.reason_data == '{"threshold": 1}'
    assert composite.configuration == {"description": "하나라도", "alarmRule": 'ALARM("one")'}
    named = await alarms.named(["quiet", "gone"])
    assert ([alarm.state for alarm in named.alarms], named.whole) == (["OK"], True)
    assert (await alarms.named([])).whole


async def test_a_listing_that_was_cut_short_says_so(server: AwsOutside, alarms: CloudWatchAlarms) -> None:
    """What fails after the first page leaves what was read; what fails at once is an error that names the permission."""
    for name in "abc":
        server.alarm(name, "ALARM", SINCE)
    server.faults.script(ALARMS, None, *3 * [refuse(400, "Throttling")])
    listing = await alarms.firing()
    assert ([alarm.name for alarm in listing.alarms], listing.whole) == (["a", "b"], False)
    server.faults.script(ALARMS, *3 * [refuse(400, "Throttling")])
    with pytest.raises(Throttled):
        await alarms.firing()
    server.faults.always(ALARMS, refuse(403, "AccessDenied"))
    with pytest.raises(AccessDenied, match="allow cloudwatch:DescribeAlarms on"):
        await alarms.firing()


async def test_what_rds_says_is_read_page_by_page(server: AwsOutside) -> None:
    """Of the time that was asked for alone."""
    arn = server.happen(SINCE, "A Multi-AZ failover has completed. <&", "failover")
    server.happen(SINCE + timedelta(minutes=1), "Backing up", "backup", kind="db-snapshot")
    server.happen(SINCE - timedelta(hours=2), "long ago", "failure")
    async with open_aws(REGION) as aws:
        record = RdsEvents(aws, await aws.client("rds"))
        found = await record.between(SINCE - timedelta(hours=1), SINCE + timedelta(hours=1))
        assert [(one.message, one.kind, list(one.categories), one.at) for one in found] == [
            ("A Multi-AZ failover has completed. <&", "db-instance", ["failover"], SINCE),
            ("Backing up", "db-snapshot", ["backup"], SINCE + timedelta(minutes=1)),
        ]
        assert (found[0].arn, found[0].identifier) == (arn, "leh-prod")
        refused = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
        server.faults.always(RDS, garbage(refused, 403))
        with pytest.raises(AccessDenied, match="allow rds:DescribeEvents on"):
            await record.between(SINCE, SINCE)


async def test_as_moto_does(aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own server speaks as another one that was written by others."""
    for name, value in aws_server.environment().items():
        monkeypatch.setenv(name, value)
    name = f"alarm-{uuid.uuid4()}"
    async with open_aws(REGION) as aws:
        client = await aws.client("cloudwatch")
        metric = {"Namespace": "AWS/SQS", "MetricName": "Depth", "Dimensions": [{"Name": "QueueName", "Value": "q"}]}
        when = {"Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
        await client.put_metric_alarm(AlarmName=name, Statistic="Maximum", **metric, **when)
        await client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="r", StateReasonData="{}")
        alarms = CloudWatchAlarms(aws, client)
        [alarm] = (await alarms.named([name, f"not-{name}"])).alarms
        assert (alarm.state, alarm.reason) == ("ALARM", "r")
        assert alarm in (await alarms.firing()).alarms
        assert alarm.configuration["metrics"][0]["metricStat"]["metric"]["dimensions"] == {"QueueName": "q"}
        database = await aws.client("rds")
        identifier = f"db-{uuid.uuid4()}"
        login = {"MasterUsername": "u", "MasterUserPassword": "password-123", "AllocatedStorage": 20}
        await database.create_db_instance(
            DBInstanceIdentifier=identifier, DBInstanceClass="db.m5.large", Engine="postgres", **login
        )
        told = await RdsEvents(aws, database).between(
            alarm.since - timedelta(minutes=1), alarm.since + timedelta(hours=1)
        )
        assert "creation" in {category for one in told if one.identifier == identifier for category in one.categories}
