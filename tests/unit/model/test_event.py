"""Message bodies become events, or are refused; nothing crashes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.errors import MalformedEvent
from leh_guardian.model.event import parse_body
from tests.support.builders import alarm_event, body

# Amazon SNS Developer Guide, "Using Amazon SNS for CloudWatch alarms": the message of an alarm action.
SNS_ALARM = {
    "AlarmName": "leh-ai-worker-dlq-depth",
    "AlarmDescription": "DLQ",
    "AWSAccountId": "012345670123",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed",
    "StateChangeTime": "2026-11-22T17:59:00.123+0000",
    "Region": "Asia Pacific (Seoul)",
    "AlarmArn": "arn:aws:cloudwatch:ap-northeast-2:012345670123:alarm:leh-ai-worker-dlq-depth",
    "OldStateValue": "OK",
    "Trigger": {
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Namespace": "AWS/SQS",
        "Statistic": "MAXIMUM",
        "Dimensions": [{"value": "leh-ai-worker-dlq", "name": "QueueName"}],
        "Period": 60,
        "Threshold": 0.0,
    },
}


def s3_record(**thing: Any) -> dict[str, Any]:
    """Amazon S3 User Guide, "Event message structure"."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "ap-northeast-2",
        "eventTime": "2026-11-22T17:59:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": "leh-evidence-prod"},
            "object": {"key": "cases/case_1/raw/ev_1_%EB%85%B9%EC%B7%A8+1.mp3", "size": 9, "eTag": "e", **thing},
        },
    }


def sns(message: object, message_id: str = "sns-1") -> dict[str, Any]:
    """An SNS notification (Amazon SNS Developer Guide, "Parsing Amazon SNS message formats")."""
    return {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": "arn:aws:sns:x",
        "Message": json.dumps(message),
    }


def test_eventbridge_envelope() -> None:
    """The envelope is taken as it is, under EventBridge's id."""
    (event,) = parse_body(body(alarm_event("a", event_id="id-1")))
    assert (event.id, event.source, event.detail["alarmName"]) == ("eventbridge:id-1", "aws.cloudwatch", "a")
    assert event.envelope["account"] == "012345670123"


def test_alarm_through_sns_looks_like_eventbridge() -> None:
    """SNS's alarm JSON, wrapped or raw, is matched by the patterns written for EventBridge's alarms."""
    (wrapped,) = parse_body(body(sns(SNS_ALARM)))
    (raw,) = parse_body(body(SNS_ALARM))
    for event in (wrapped, raw):
        assert event.detail_type == "CloudWatch Alarm State Change"
        assert event.detail["state"]["value"] == "ALARM"
        assert event.envelope["region"] == "ap-northeast-2"
        metric = event.detail["configuration"]["metrics"][0]["metricStat"]["metric"]
        assert metric["dimensions"] == {"QueueName": "leh-ai-worker-dlq"}
    assert wrapped.id == "sns:sns-1"
    assert raw.id.startswith("sha256:")


def test_eventbridge_inside_sns_keeps_its_own_id() -> None:
    """An SNS retry has another MessageId; the event inside is still the same one."""
    first, second = (parse_body(body(sns(alarm_event(event_id="e"), f"sns-{n}")))[0] for n in (1, 2))
    assert first.key == second.key


def test_s3_records_are_events_with_plain_keys() -> None:
    """Each record is an event of its own; the key is decoded, plus signs and percent escapes alike."""
    events = parse_body(body({"Records": [s3_record(sequencer="1"), s3_record(sequencer="2")]}))
    assert [event.detail_type for event in events] == ["Object Created"] * 2
    assert events[0].detail["object"]["key"] == "cases/case_1/raw/ev_1_녹취 1.mp3"
    assert events[0].key != events[1].key


def test_s3_test_message_is_no_alert() -> None:
    """The message that S3 sends when notifications are set up is accepted and means nothing."""
    assert parse_body(body({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})) == []


def test_happening_time_is_the_alarms_own() -> None:
    """An alarm's time stamp is finer than its envelope's; both spellings of the offset are read."""
    (event,) = parse_body(body(SNS_ALARM))
    assert event.occurred_at == datetime(2026, 11, 22, 17, 59, 0, 123000, UTC)


@pytest.mark.parametrize(
    ("hostile", "field"),
    [
        (b'{"id":"1","source":"s","detail-type":"t","detail":{"k":"a\\u0000b"}}', "a\x00b"),
        (b'{"id":"1","source":"s","detail-type":"t","detail":{"k":"\\ud800"}}', "\ud800"),
        (b'{"id":"1","source":"s","detail-type":"t","detail":{"k":1e400}}', float("inf")),
        (b'{"id":"1","source":"s","detail-type":"t","detail":{"k":' + b"9" * 4000 + b"}}", int("9" * 4000)),
    ],
)
def test_hostile_values_are_events(hostile: bytes, field: object) -> None:
    """NUL, lone surrogates, numbers beyond a double: such events exist and must not be lost."""
    (event,) = parse_body(hostile)
    assert event.detail["k"] == field


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"source": 1, "detail-type": "t", "detail": {}}',
        b'{"Records": []}',
        b'{"Records": [{"eventSource": "aws:dynamodb"}]}',
        b'{"Type": "Notification", "MessageId": "m", "Message": "plain text"}',
        b"[" * 100_000,
        b'{"a":' * 6000 + b"1" + b"}" * 6000,
        b'{"source":"s","detail-type":"t","detail":{"k":' + b"9" * 200_000 + b"}}",
    ],
)
def test_what_is_no_event_is_refused(bad: bytes) -> None:
    """Anything else is MalformedEvent with a reason."""
    with pytest.raises(MalformedEvent) as refusal:
        parse_body(bad)
    assert str(refusal.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
KNOWN = [
    "source",
    "detail-type",
    "detail",
    "Records",
    "Type",
    "MessageId",
    "Message",
    "AlarmName",
    "NewStateValue",
    "Trigger",
]


@given(st.binary() | (st.dictionaries(st.sampled_from(KNOWN), JSON) | JSON).map(lambda data: json.dumps(data).encode()))
def test_never_crashes(data: bytes) -> None:
    """Whatever the bytes: events, or MalformedEvent."""
    try:
        events = parse_body(data)
    except MalformedEvent:
        return
    for event in events:
        assert event.key.version == 5
        _ = event.occurred_at
