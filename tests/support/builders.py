"""Builders of events as AWS sends them."""

from __future__ import annotations

import json
import uuid
from typing import Any


def alarm_event(
    name: str = "leh-ai-worker-dlq-depth",
    state: str = "ALARM",
    *,
    event_id: str | None = None,
    time: str = "2026-11-22T17:59:00Z",
    queue: str | None = None,
) -> dict[str, Any]:
    """A CloudWatch Alarm State Change as EventBridge delivers it (CloudWatch User Guide, "Alarm events and EventBridge")."""
    metric = {
        "id": "m1",
        "metricStat": {
            "metric": {
                "namespace": "AWS/SQS" if queue else "AWS/ApplicationELB",
                "name": "ApproximateNumberOfMessagesVisible" if queue else "HTTPCode_ELB_5XX_Count",
                "dimensions": {"QueueName": queue} if queue else {},
            },
            "period": 60,
            "stat": "Maximum",
        },
        "returnData": True,
    }
    return {
        "version": "0",
        "id": event_id or str(uuid.uuid4()),
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "012345670123",
        "time": time,
        "region": "ap-northeast-2",
        "resources": [f"arn:aws:cloudwatch:ap-northeast-2:012345670123:alarm:{name}"],
        "detail": {
            "alarmName": name,
            "state": {"value": state, "reason": "Threshold Crossed", "timestamp": time},
            "previousState": {"value": "OK" if state == "ALARM" else "ALARM"},
            "configuration": {"metrics": [metric]},
        },
    }


def body(event: object) -> bytes:
    """An event as a message body."""
    return json.dumps(event, ensure_ascii=False).encode()
