"""What happened is known by what and when, whichever way it was told; the instants need not be the same to the last digit."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from leh_guardian.engine.reconcile.alarms import lookback
from leh_guardian.engine.reconcile.rebuilding import alarm_change, database_event
from leh_guardian.model.event import parse_body
from leh_guardian.model.happening import happening_of
from leh_guardian.ports import AlarmNow, DatabaseEvent
from tests.support.builders import alarm_event, body
from tests.support.rows import NOW

ALARM = AlarmNow(
    "leh-5xx", "arn:aws:cloudwatch:ap-northeast-2:012345670123:alarm:leh-5xx", "ALARM", NOW, "over", "", {}
)
SNS = {
    "AlarmName": "leh-5xx",
    "NewStateValue": "ALARM",
    "StateChangeTime": "2026-11-22T18:00:00.985+0000",
}


def test_every_way_of_telling_means_the_same() -> None:
    """EventBridge's event, SNS's notification, and what DescribeAlarms says."""
    rebuilt = alarm_change(ALARM)
    assert rebuilt is not None
    told = [
        *parse_body(body(alarm_event("leh-5xx", time="2026-11-22T18:00:00.985Z"))),
        *parse_body(body(SNS)),
        *parse_body(body({"Type": "Notification", "MessageId": "m", "Message": json.dumps(SNS)})),
    ]
    happening, event = rebuilt
    for other in told:
        heard = happening_of(other)
        assert heard is not None
        assert heard.heard in happening.heard_about_then
        assert event.key in heard.rebuilt_about_then


@pytest.mark.parametrize(
    "other",
    [
        alarm_event("leh-5xx", time="2026-11-22T18:00:03Z"),
        alarm_event("leh-5xx", time="2026-11-22T17:59:57Z"),
        alarm_event("leh-5xx", "OK", time="2026-11-22T18:00:00Z"),
        alarm_event("leh-5xy", time="2026-11-22T18:00:00Z"),
    ],
)
def test_another_instant_state_or_alarm_is_another(other: dict[str, object]) -> None:
    """No two of them are taken for one."""
    rebuilt, [event] = alarm_change(ALARM), parse_body(body(other))
    heard = happening_of(event)
    assert rebuilt is not None
    assert heard is not None
    assert heard.heard not in rebuilt[0].heard_about_then
    assert rebuilt[1].key not in heard.rebuilt_about_then


@pytest.mark.parametrize(
    "event",
    [
        {"source": "aws.s3", "detail-type": "Object Created", "time": "2026-11-22T18:00:00Z", "detail": {}},
        {"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": {"alarmName": ["a"]}},
        {
            "source": "aws.cloudwatch",
            "detail-type": "CloudWatch Alarm Configuration Change",
            "detail": {"alarmName": "a"},
        },
        {"source": "aws.rds", "detail-type": "RDS DB Instance Event", "detail": {"SourceArn": 1, "Message": "m"}},
        {**alarm_event(), "time": "soon", "detail": {"alarmName": "a", "state": {"value": "ALARM"}}},
    ],
)
def test_what_cannot_be_asked_about_again_has_none(event: dict[str, object]) -> None:
    """Other senders, other types, hostile forms, and what does not say when."""
    [read] = parse_body(body(event))
    assert happening_of(read) is None


def test_what_is_rebuilt_is_spelt_as_eventbridge_spells_it() -> None:
    """An alarm's change and an event of RDS, each with the place that its ARN tells; what has no place is not rebuilt."""
    change = alarm_change(ALARM)
    assert change is not None
    envelope = change[1].envelope
    assert (envelope["source"], envelope["detail-type"]) == ("aws.cloudwatch", "CloudWatch Alarm State Change")
    assert (envelope["region"], envelope["account"], envelope["time"]) == (
        "ap-northeast-2",
        "012345670123",
        "2026-11-22T18:00:00Z",
    )
    assert envelope["resources"] == [ALARM.arn]
    assert envelope["detail"]["state"]["timestamp"] == "2026-11-22T18:00:00.000+0000"
    assert change[1].occurred_at == NOW
    arn = "arn:aws:rds:ap-northeast-2:012345670123:cluster:leh"
    told = DatabaseEvent(arn, "leh", "db-cluster", ["failover"], "Started", NOW)
    rebuilt = database_event(told)
    assert rebuilt is not None
    assert rebuilt[1].envelope["detail-type"] == "RDS DB Cluster Event"
    assert rebuilt[1].envelope["detail"] == {
        "EventCategories": ["failover"],
        "SourceType": "CLUSTER",
        "SourceArn": arn,
        "Date": "2026-11-22T18:00:00.000Z",
        "Message": "Started",
        "SourceIdentifier": "leh",
    }
    assert parse_body(body(rebuilt[1].envelope)) == [rebuilt[1]]
    assert database_event(DatabaseEvent(arn, "leh", "db-none", [], "?", NOW)) is None
    assert database_event(DatabaseEvent("no arn", "leh", "db-cluster", [], "?", NOW)) is None


def test_what_waits_in_the_queue_is_not_lost() -> None:
    """The older the alerts are that are being taken in, the older a happening must be."""
    bounds = lookback(NOW, timedelta(minutes=2), timedelta(minutes=40), timedelta(days=14))
    assert not bounds.hold(NOW - timedelta(minutes=41))
    assert bounds.hold(NOW - timedelta(minutes=42))
    assert bounds.hold(NOW - timedelta(days=14))
    assert not bounds.hold(NOW - timedelta(days=14, seconds=1))
