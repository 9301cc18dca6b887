"""Owns a queue's attributes; the one rule: each is checked when it is set, so that nothing later meets a value that is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.sqs_server.errors import SqsError, invalid

_RANGES = {
    "DelaySeconds": (0, 900, "0"),
    "MaximumMessageSize": (1024, 1_048_576, "1048576"),
    "MessageRetentionPeriod": (60, 1_209_600, "345600"),
    "ReceiveMessageWaitTimeSeconds": (0, 20, "0"),
    "VisibilityTimeout": (0, 43_200, "30"),
}
_OTHERS = frozenset(
    "Policy RedrivePolicy RedriveAllowPolicy FifoQueue ContentBasedDeduplication DeduplicationScope FifoThroughputLimit"
    " KmsMasterKeyId KmsDataKeyReusePeriodSeconds SqsManagedSseEnabled".split()
)


class Attributes:
    """What was set for a queue, over SQS's defaults."""

    def __init__(self, name: str, given: Mapping[str, str]) -> None:
        self.given: dict[str, str] = {}
        self.fifo = given.get("FifoQueue") == "true"
        if self.fifo != name.endswith(".fifo"):
            raise SqsError(
                "InvalidParameterValue",
                "The name of a FIFO queue can only include alphanumeric characters,"
                " hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
            )
        self.change(given)

    def change(self, given: Mapping[str, str]) -> None:
        """Set attributes; all or none."""
        for name, value in given.items():
            if name in _RANGES:
                low, high, _ = _RANGES[name]
                if not (value.isdecimal() and low <= int(value) <= high):
                    raise SqsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
            elif name not in _OTHERS:
                raise SqsError("InvalidAttributeName", f"Unknown Attribute {name}.")
        if given.get("RedrivePolicy"):
            _policy(given["RedrivePolicy"])
        self.given.update(given)
        # Read on every receive and send: kept as numbers.
        self.delay, self.longest, self.retention, self.wait, self.visibility = (
            int(self.given.get(name, default)) for name, (_, _, default) in _RANGES.items()
        )
        self.content_deduplication = self.given.get("ContentBasedDeduplication") == "true"
        policy = _policy(self.given["RedrivePolicy"]) if self.given.get("RedrivePolicy") else {}
        self.dead_letter_arn: str | None = policy.get("deadLetterTargetArn")
        self.max_receive_count: int | None = int(policy["maxReceiveCount"]) if policy else None

    def shown(self) -> dict[str, str]:
        """Return all of them, as GetQueueAttributes tells them."""
        shown = {name: default for name, (_, _, default) in _RANGES.items()}
        return shown | {name: value for name, value in self.given.items() if value}


def _policy(text: str) -> dict[str, Any]:
    try:
        policy = json.loads(text)
        target, most = policy["deadLetterTargetArn"], int(policy["maxReceiveCount"])
    except (ValueError, TypeError, KeyError) as error:
        raise invalid("RedrivePolicy", text, "Redrive policy is not a valid JSON map.") from error
    if not (str(target).startswith("arn:") and 1 <= most <= 1000):
        raise invalid("RedrivePolicy", text, "Invalid value for maxReceiveCount or deadLetterTargetArn.")
    return dict(policy)
