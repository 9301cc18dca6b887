"""Owns the service as the demo finds it: queues, the worker's function, uploads, alarms, deployments; the one rule: no secrets.

Everything is made through the AWS API, as an installation would have it: a worker queue whose redrive policy points at its
DLQ, an alert queue with a DLQ of its own, and an EventBridge rule that sends AWS's events there.
"""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from leh_guardian.adapters.aws import open_aws
from leh_guardian.local.aws import REGION

WORKER_QUEUE = "leh-ai-worker"
WORKER_DLQ = "leh-ai-worker-dlq"
ALERT_QUEUE = "leh-guardian-alerts"
ALARM = "leh-ai-worker-dlq-depth"
DOWN = "leh-service-down"
BUCKET = "leh-evidence-prod"
TABLE = "leh-evidence"
FUNCTION = "leh-ai-worker"

_ACCOUNT = "123456789012"
_RECEIVES = 2

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
    """The service, seen from outside."""

    sqs: Any
    events: Any
    functions: Any
    """Lambda."""
    s3: Any
    worker_url: str
    dlq_url: str
    alert_url: str

    async def upload(self, numbers: Iterable[int]) -> list[str]:
        """Put S3's notifications of some uploads into the worker's queue; returns the ids of the evidence."""
        bodies = [upload_notification(number) for number in numbers]
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
            await self.sqs.send_message_batch(QueueUrl=self.worker_url, Entries=entries)
        return [evidence_id(number) for number in numbers]

    async def announce_upload(self, number: int, now: datetime) -> None:
        """Send what S3 tells EventBridge of an upload (S3 User Guide, "EventBridge event message structure")."""
        thing = {
            "key": object_key(number),
            "size": 1000 + number,
            "etag": f"{number:032x}",
            "sequencer": f"{number:018X}",
        }
        detail = {"version": "0", "bucket": {"name": BUCKET}, "object": thing, "reason": "PutObject"}
        await self._put("aws.s3", "Object Created", detail, now, f"arn:aws:s3:::{BUCKET}")

    async def raise_alarm(self, state: str, now: datetime) -> None:
        """Send a CloudWatch alarm state change through EventBridge."""
        alarm = f"arn:aws:cloudwatch:{REGION}:{_ACCOUNT}:alarm:{ALARM}"
        await self._put("aws.cloudwatch", "CloudWatch Alarm State Change", alarm_detail(state, now), now, alarm)

    async def raise_down(self, now: datetime) -> None:
        """Let CloudWatch's alarm on the service itself go off."""
        alarm = f"arn:aws:cloudwatch:{REGION}:{_ACCOUNT}:alarm:{DOWN}"
        stamp = now.isoformat(timespec="milliseconds")
        state = {"value": "ALARM", "reason": "Threshold Crossed: no healthy host", "timestamp": stamp}
        detail = {"alarmName": DOWN, "state": state, "previousState": {"value": "OK"}, "configuration": {"metrics": []}}
        await self._put("aws.cloudwatch", "CloudWatch Alarm State Change", detail, now, alarm)

    async def deploy(self, code: str, now: datetime) -> None:
        """Give the worker's function other code, and let CloudTrail tell of it."""
        await self.functions.update_function_code(FunctionName=FUNCTION, ZipFile=_zipped(code))
        detail = {
            "eventID": str(uuid.uuid4()),
            "eventSource": "lambda.amazonaws.com",
            "eventName": "UpdateFunctionCode20150331v2",
            "eventTime": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "awsRegion": REGION,
            "requestParameters": {"functionName": FUNCTION, "dryRun": False, "publish": False},
        }
        await self._put("aws.lambda", "AWS API Call via CloudTrail", detail, now)

    async def ask_for_restore(self, case: str, user: str, now: datetime) -> None:
        """Let LEH's backend say that somebody wants a closed case back."""
        detail = {"case_id": case, "user_id": user, "reason": "실수로 종료했습니다"}
        await self._put("leh.backend", "CaseRestoreRequested", detail, now)

    async def tell_use(self, case: str, user: str, tokens: int, now: datetime) -> None:
        """Let the worker say what a call to the provider has used."""
        detail = {
            "case_id": case,
            "user_id": user,
            "model": "gpt-4o",
            "prompt_tokens": tokens,
            "completion_tokens": 0,
            "outcome": "ok",
        }
        await self._put("leh.ai-worker", "TokenUsage", detail, now)

    async def _put(self, source: str, kind: str, detail: Any, now: datetime, *resources: str) -> None:
        entry = {
            "Source": source,
            "DetailType": kind,
            "Time": now,
            "Resources": resources,
            "Detail": json.dumps(detail),
        }
        answer = await self.events.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"EventBridge refused the event: {answer['Entries']}")

    async def depth(self, url: str) -> int:
        """Return everything in a queue, in flight included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


@asynccontextmanager
async def seeded() -> AsyncIterator[Service]:
    """Make the service in the AWS that the environment points at."""
    async with open_aws(REGION) as aws:
        sqs, events, functions = [await aws.client(name) for name in ("sqs", "events", "lambda")]
        dlq_url, dlq_arn = await _queue(sqs, WORKER_DLQ)
        # Short, so that whoever watches need not wait for what fails to come to rest.
        policy = {"deadLetterTargetArn": dlq_arn, "maxReceiveCount": _RECEIVES}
        worker_url, _ = await _queue(sqs, WORKER_QUEUE, VisibilityTimeout="1", RedrivePolicy=json.dumps(policy))
        _, alert_dlq = await _queue(sqs, f"{ALERT_QUEUE}-dlq")
        policy = {"deadLetterTargetArn": alert_dlq, "maxReceiveCount": 5}
        alert_url, alert_arn = await _queue(sqs, ALERT_QUEUE, RedrivePolicy=json.dumps(policy))
        pattern = {"source": [{"prefix": "aws."}, {"prefix": "leh."}]}
        await events.put_rule(Name=ALERT_QUEUE, EventPattern=json.dumps(pattern))
        await events.put_targets(Rule=ALERT_QUEUE, Targets=[{"Id": "guardian", "Arn": alert_arn}])
        s3 = await aws.client("s3")
        await s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        iam = await aws.client("iam")
        role = await iam.create_role(RoleName=FUNCTION, AssumeRolePolicyDocument="{}")
        await functions.create_function(
            FunctionName=FUNCTION,
            Runtime="python3.12",
            Handler="worker.handle",
            Role=role["Role"]["Arn"],
            Code={"ZipFile": _zipped("# as it was")},
        )
        yield Service(sqs, events, functions, s3, worker_url, dlq_url, alert_url)


def _zipped(code: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("worker.py", code)
    return file.getvalue()


async def _queue(sqs: Any, name: str, **attributes: str) -> tuple[str, str]:
    url: str = (await sqs.create_queue(QueueName=name, Attributes=attributes))["QueueUrl"]
    answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn: str = answer["Attributes"]["QueueArn"]
    return url, arn


def evidence_id(number: int) -> str:
    """Return the id of the evidence that is uploaded as the `number`-th."""
    return f"ev_{uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex[:12]}"


def object_key(number: int) -> str:
    """Return the key of the object that is uploaded as the `number`-th."""
    return f"cases/case_{number % 7:04x}/raw/{evidence_id(number)}_{_FILES[number % len(_FILES)]}"


def upload_notification(number: int) -> str:
    """Return S3's notification of an upload, as the worker's queue carries it (S3 User Guide, "Event message structure")."""
    key = quote_plus(object_key(number), safe="/")
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
