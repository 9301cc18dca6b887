"""The known shapes against the examples that the senders document: nothing in a real event is ever doubted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from leh_guardian.diagnosis import Diagnoser, Subject, Verdict
from leh_guardian.engine.swallowed import told_of
from leh_guardian.model import worker_errors as own
from leh_guardian.model.event import parse_body
from leh_guardian.patterns import compile_pattern
from leh_guardian.rules.expressions import compile_expression
from leh_guardian.rules.lint.fields import check_fields
from leh_guardian.rules.lint.looks import check_key, known_types
from leh_guardian.rules.lint.written import find_places
from leh_guardian.rules.shapes.catalogue import ALL
from leh_guardian.rules.shapes.kinds import Leaf, Rows, Shape
from leh_guardian.rules.signatures import table_of


def worker_errors() -> dict[str, Any]:
    """The detail of an event of guardian's own, as it is made of a log."""
    diagnoser = Diagnoser(table_of())
    diagnoser.feed_failure(1, "KeyError", "'a'", subject=Subject("case_1", "ev_1"), request="r", at=1.0)
    facts = told_of(diagnoser.finish(), whole=True)
    made: dict[str, Any] = own.envelope(
        "/aws/lambda/leh-ai-worker", datetime(2026, 11, 27, tzinfo=UTC), "ap-northeast-2", facts
    )
    return dict(made["detail"])


ALARM = {
    "alarmName": "ServiceAggregatedAlarm",
    "state": {
        "actionsSuppressedBy": "WaitPeriod",
        "actionsSuppressedReason": "Actions suppressed by WaitPeriod",
        "value": "ALARM",
        "reason": "r",
        "reasonData": "{}",
        "timestamp": "2022-07-22T15:57:45.394+0000",
    },
    "previousState": {"value": "OK", "timestamp": "2022-07-22T15:56:14.552+0000"},
    "configuration": {
        "alarmRule": "ALARM(a) OR ALARM(b)",
        "actionsSuppressor": "ServiceMaintenanceAlarm",
        "actionsSuppressorWaitPeriod": 120,
        "description": "d",
        "metrics": [
            {"id": "e1", "expression": "SUM(METRICS())", "label": "l", "returnData": True},
            {
                "id": "m1",
                "metricStat": {
                    "metric": {"dimensions": {"QueueName": "q"}, "name": "n", "namespace": "AWS/SQS"},
                    "period": 300,
                    "stat": "Average",
                },
                "returnData": False,
            },
        ],
    },
    "muteDetail": {"mutedByArn": "arn", "muteWindowStart": "t", "muteWindowEnd": "t"},
}
TRAIL = {
    "eventVersion": "1.08",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "p",
        "sessionContext": {"sessionIssuer": {"type": "Role"}, "attributes": {"mfaAuthenticated": "false"}},
    },
    "eventTime": "t",
    "eventSource": "s3.amazonaws.com",
    "eventName": "PutObject",
    "awsRegion": "ap-northeast-2",
    "sourceIPAddress": "10.0.0.1",
    "requestParameters": {"bucketName": "b", "deep": {"er": [{"x": 1}]}},
    "responseElements": None,
    "readOnly": False,
    "resources": [{"type": "AWS::S3::Object", "ARN": "arn"}],
    "eventType": "AwsApiCall",
    "managementEvent": True,
}
EVENTS = [
    ("aws.cloudwatch", "CloudWatch Alarm State Change", ALARM),
    (
        "aws.cloudwatch",
        "CloudWatch Alarm Configuration Change",
        {
            "alarmName": "a",
            "operation": "update",
            "state": {"value": "INSUFFICIENT_DATA"},
            "configuration": {
                "threshold": 80,
                "treatMissingData": "ignore",
                "actionsEnabled": True,
                "okActions": ["x"],
            },
            "previousConfiguration": {"threshold": 70, "evaluationPeriods": 1},
        },
    ),
    (
        "aws.s3",
        "Object Created",
        {
            "version": "0",
            "bucket": {"name": "b"},
            "object": {"key": "k", "size": 5, "etag": "e", "version-id": "v", "sequencer": "s"},
            "request-id": "r",
            "requester": "123456789012",
            "source-ip-address": "1.2.3.4",
            "reason": "PutObject",
        },
    ),
    ("aws.s3", "Object Deleted", {"reason": "DeleteObject", "deletion-type": "Delete Marker Created"}),
    ("aws.s3", "Object Restore Completed", {"restore-expiry-time": "t", "source-storage-class": "GLACIER"}),
    ("aws.iam", "AWS API Call via CloudTrail", TRAIL),
    ("aws.signin", "AWS Console Sign In via CloudTrail", {**TRAIL, "additionalEventData": {"MFAUsed": "No"}}),
    (
        "aws.rds",
        "RDS DB Instance Event",
        {
            "EventCategories": ["notification"],
            "SourceType": "DB_INSTANCE",
            "SourceArn": "arn",
            "Date": "t",
            "Message": "DB instance stopped",
            "SourceIdentifier": "testdb",
            "EventID": "RDS-EVENT-0087",
        },
    ),
    ("aws.acm", "ACM Certificate Approaching Expiration", {"DaysToExpiry": 31, "CommonName": "example.com"}),
    (
        "aws.acm",
        "ACM Certificate Renewal Action Required",
        {
            "CertificateType": "PRIVATE",
            "RenewalStatusReason": "CAA_ERROR",
            "DaysToExpiry": 30,
            "InUse": True,
            "Exported": False,
        },
    ),
    (
        "aws.health",
        "AWS Health Event",
        {
            "eventArn": "arn",
            "service": "EC2",
            "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE",
            "eventTypeCategory": "issue",
            "eventScopeCode": "PUBLIC",
            "statusCode": "open",
            "eventDescription": [{"language": "en_US", "latestDescription": "d"}],
            "affectedEntities": [{"entityValue": "i-1", "tags": {"a": "b"}}],
            "eventMetadata": {"deprecated_versions": "x"},
            "page": "1",
        },
    ),
    (
        "aws.guardduty",
        "GuardDuty Finding",
        {
            "schemaVersion": "2.0",
            "severity": 8,
            "type": "t",
            "resource": {"resourceType": "I"},
            "service": {"count": 1},
        },
    ),
    (
        "aws.ce",
        "Anomaly Detected",
        {
            "anomalyScore": {"currentScore": 0.47, "maxScore": 0.47},
            "impact": {"maxImpact": 151, "totalImpactPercentage": 333.67},
            "rootCauses": [{"service": "s", "impact": {"contribution": 601}}],
        },
    ),
    (
        "lambda",
        "Lambda Function Invocation Result - Failure",
        {
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": {"ORDER_IDS": ["1"]},
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "m"},
        },
    ),
    ("leh.guardian", "Worker Errors Logged", worker_errors()),
    ("leh.ai-worker", "TokenUsage", {"case_id": "case_1", "cost_usd": 0.5, "whatever": {"it": "sends"}}),
    ("leh.backend", "CaseClosed", {"case_id": "case_1"}),
]


def envelope(source: str, name: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Return a whole event."""
    return {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": name,
        "source": source,
        "account": "012345670123",
        "time": "2019-10-02T17:04:40Z",
        "region": "ap-northeast-2",
        "resources": ["arn:aws:cloudwatch:ap-northeast-2:012345670123:alarm:a"],
        "detail": detail,
    }


def as_pattern(value: dict[str, Any]) -> dict[str, Any]:
    """Return the pattern that demands every value of an event."""
    pattern: dict[str, Any] = {}
    for key, inner in value.items():
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict):
                pattern.setdefault(key, {}).update(as_pattern(one))
            else:
                pattern.setdefault(key, []).append(one)
    return pattern


def paths(value: Any) -> Iterator[str]:
    """Yield the JMESPath of every leaf."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ((f'"{key}".{path}' if path[:1] not in {"", "["} else f'"{key}"{path}') for path in paths(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from (f"[{index}].{path}".rstrip(".") for path in paths(inner))
    else:
        yield ""


def doubts(event: dict[str, Any]) -> list[str]:
    """Return what is doubted of a pattern for all of an event, and of expressions for each of its values."""
    written = as_pattern(event)
    alternatives, _ = find_places(written, compile_pattern(written), ())
    assert alternatives
    found = list(check_fields(alternatives))
    types = known_types(alternatives)
    assert types
    for path in paths(event):
        found += check_key(compile_expression(path), ("dedup",), types, types)
    return [f"{problem.path} {problem.message}" for problem in found]


@pytest.mark.parametrize(
    ("source", "name", "detail"), EVENTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_documented_events_fit(source: str, name: str, detail: dict[str, Any]) -> None:
    """A pattern for every field and value of a documented example, and a path to each, gives no finding."""
    assert doubts(envelope(source, name, detail)) == []


@pytest.mark.parametrize(
    "body",
    [
        {
            "AlarmName": "a",
            "NewStateValue": "ALARM",
            "NewStateReason": "r",
            "OldStateValue": "OK",
            "StateChangeTime": "2024-01-01T00:00:00.000+0000",
            "AlarmArn": "arn:aws:cloudwatch:ap-northeast-2:012345670123:alarm:a",
            "AWSAccountId": "012345670123",
            "Trigger": {
                "Namespace": "AWS/SQS",
                "MetricName": "m",
                "Period": 60,
                "Statistic": "Maximum",
                "Dimensions": [{"name": "QueueName", "value": "q"}],
            },
        },
        *(
            {
                "Records": [
                    {
                        "eventSource": "aws:s3",
                        "eventName": name,
                        "awsRegion": "ap-northeast-2",
                        "eventTime": "2024-01-01T00:00:00.000Z",
                        "s3": {
                            "bucket": {"name": "b"},
                            "object": {"key": "k", "size": 1, "eTag": "e", "sequencer": "1"},
                        },
                    }
                ]
            }
            for name in ("ObjectCreated:Put", "ObjectRemoved:Delete", "ObjectTagging:Put", "LifecycleTransition")
        ),
    ],
    ids=["alarm", "created", "removed", "tagging", "transition"],
)
def test_what_guardian_spells_as_an_event_fits(body: dict[str, Any]) -> None:
    """Alarms that SNS brings and S3 notifications are made into events of known shapes."""
    (event,) = parse_body(json.dumps(body).encode())
    assert doubts(event.envelope) == []


def leaves(shape: Shape, above: str = "") -> Iterator[tuple[str, Leaf]]:
    """Yield every known leaf of a shape with its dotted path."""
    while isinstance(shape, Rows):
        shape = shape.of
    if isinstance(shape, Leaf):
        yield above, shape
    elif isinstance(shape, dict):
        for name, inner in shape.items():
            yield from leaves(inner, f"{above}.{name}".strip("."))


def test_every_table_is_well_formed() -> None:
    """Types have a sender; a leaf with values or a form is a text; no name has a dot, which a path could not tell apart."""
    for event_type in ALL:
        assert event_type.sources
        for path, leaf in leaves(event_type.event):
            assert not (leaf.values or leaf.form) or leaf.kind.value == "a text", path
            assert not leaf.form or leaf.form.fullmatch(leaf.example), path
            assert all(path.split(".")), path


def test_the_verdicts_are_all_there() -> None:
    """A rule that asks for a verdict that the diagnosis has is not doubted."""
    [logged] = [one for one in ALL if one.name == "Worker Errors Logged"]
    assert isinstance(logged.detail, Mapping)
    verdict = logged.detail["verdict"]
    assert isinstance(verdict, Leaf)
    assert set(verdict.values) == set(Verdict)
