"""Owns the service as the demo finds it: queues, a dead-letter queue full of real notifications, alarms; the one rule: no secrets.

Everything is made through the AWS API, as an installation would have it: a worker queue whose redrive policy points at its
DLQ, an alert queue with a DLQ of its own, and an EventBridge rule that sends CloudWatch's alarm events there.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from leh_guardian.adapters.aws import open_aws
from leh_guardian.local.aws import REGION

WORKER_QUEUE = "leh-ai-worker"
WORKER_DLQ = "leh-ai-worker-dlq"
ALERT_QUEUE = "leh-guardian-alerts"
ALARM = "leh-ai-worker-dlq-depth"
BUCKET = "leh-evidence-prod"

_FILES = (
    "녹취록 1차.m4a",
    "카카오톡 대화.txt",
    "계약서(최종)+부속.pdf",
    "사고 현장 사진.jpg",
    "진술서_김○○.hwp",
    "invoice #3 & 4.pdf",
)


@dataclass(frozen=True, slots=True)
class Service:
    """The seeded service, seen from outside."""

    sqs: Any
    events: Any
    worker_url: str
    dlq_url: str
    alert_url: str
    bodies: Sequence[str]
    """What lies in the dead-letter queue at first."""

    async def raise_alarm(self, state: str, now: datetime) -> None:
        """Send a CloudWatch alarm state change through EventBridge."""
        detail = alarm_detail(state, now)
        answer = await self.events.put_events(
            Entries=[
                {
                    "Source": "aws.cloudwatch",
                    "DetailType": "CloudWatch Alarm State Change",
                    "Time": now,
                    "Resources": [f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:{ALARM}"],
                    "Detail": json.dumps(detail),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"EventBridge refused the event: {answer['Entries']}")

    async def depth(self, url: str) -> int:
        """Return everything in a queue, in flight included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    async def read_all(self, url: str) -> list[str]:
        """Take every message out of a queue; returns the bodies."""
        bodies: list[str] = []
        while True:
            answer = await self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
            messages = answer.get("Messages", [])
            if not messages:
                return bodies
            bodies += [message["Body"] for message in messages]


@asynccontextmanager
async def seeded(messages: int) -> AsyncIterator[Service]:
    """Seed the AWS that the environment points at, with `messages` failed uploads in the dead-letter queue."""
    async with open_aws(REGION) as aws:
        sqs, events = await aws.client("sqs"), await aws.client("events")
        dlq_url, dlq_arn = await _queue(sqs, WORKER_DLQ)
        # Short, so that whoever watches need not wait for the proof that nothing comes back.
        policy = {"deadLetterTargetArn": dlq_arn, "maxReceiveCount": 3}
        worker_url, _ = await _queue(sqs, WORKER_QUEUE, VisibilityTimeout="1", RedrivePolicy=json.dumps(policy))
        _, alert_dlq = await _queue(sqs, f"{ALERT_QUEUE}-dlq")
        policy = {"deadLetterTargetArn": alert_dlq, "maxReceiveCount": 5}
        alert_url, alert_arn = await _queue(sqs, ALERT_QUEUE, RedrivePolicy=json.dumps(policy))
        pattern = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
        await events.put_rule(Name=ALERT_QUEUE, EventPattern=json.dumps(pattern))
        await events.put_targets(Rule=ALERT_QUEUE, Targets=[{"Id": "guardian", "Arn": alert_arn}])
        bodies = [upload_notification(number) for number in range(messages)]
        for start in range(0, messages, 10):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
            await sqs.send_message_batch(QueueUrl=dlq_url, Entries=entries)
        yield Service(sqs, events, worker_url, dlq_url, alert_url, bodies)


async def _queue(sqs: Any, name: str, **attributes: str) -> tuple[str, str]:
    url: str = (await sqs.create_queue(QueueName=name, Attributes=attributes))["QueueUrl"]
    answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn: str = answer["Attributes"]["QueueArn"]
    return url, arn


def upload_notification(number: int) -> str:
    """Return S3's notification of an upload, as the worker's queue carries it (S3 User Guide, "Event message structure")."""
    evidence = f"ev_{uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex[:12]}"
    name = _FILES[number % len(_FILES)]
    key = quote_plus(f"cases/case_{number % 7:04x}/raw/{evidence}_{name}", safe="/")
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": f"2026-11-22T17:{number // 60 % 60:02}:{number % 60:02}.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"},
            "object": {"key": key, "size": 1000 + number, "eTag": f"{number:032x}", "sequencer": f"{number:018X}"},
        },
    }
    return json.dumps({"Records": [record]})


def alarm_detail(state: str, now: datetime) -> dict[str, Any]:
    """Return the detail of an alarm on the DLQ's depth (CloudWatch User Guide, "Alarm events and EventBridge")."""
    stamp = now.isoformat(timespec="milliseconds")
    crossed = state == "ALARM"
    reason = f"Threshold Crossed: 1 datapoint was {'' if crossed else 'not '}greater than the threshold (0.0)."
    return {
        "alarmName": ALARM,
        "state": {"value": state, "reason": reason, "reasonData": json.dumps({"threshold": 0.0}), "timestamp": stamp},
        "previousState": {"value": "OK" if crossed else "ALARM"},
        "configuration": {
            "description": "Messages in the AI worker's dead-letter queue",
            "metrics": [
                {
                    "id": "m1",
                    "metricStat": {
                        "metric": {
                            "namespace": "AWS/SQS",
                            "name": "ApproximateNumberOfMessagesVisible",
                            "dimensions": {"QueueName": WORKER_DLQ},
                        },
                        "period": 60,
                        "stat": "Maximum",
                    },
                    "returnData": True,
                }
            ],
        },
    }
