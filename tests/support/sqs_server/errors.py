"""Owns SQS's errors; the one rule: each is told in both spellings, as AWS's JSON protocol does (`awsQueryCompatible`)."""

from __future__ import annotations

import json

from tests.support.faulty_http import Answer

_OLD_NAMES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "BatchRequestTooLong": "AWS.SimpleQueueService.BatchRequestTooLong",
    "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "PurgeQueueInProgress": "AWS.SimpleQueueService.PurgeQueueInProgress",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}
"""Names of the query protocol, where they differ; they are what clients see as the error's code."""


class SqsError(Exception):
    """SQS refuses."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


def told(code: str, message: str, status: int = 400, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return the answer that tells of an error."""
    blame = "Sender" if status < 500 else "Receiver"
    body = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": message})
    more = (("x-amzn-query-error", f"{_OLD_NAMES.get(code, code)};{blame}"), *headers)
    return Answer(status, body.encode(), more, "application/x-amz-json-1.0")


def no_queue() -> SqsError:
    """The queue is not there."""
    return SqsError("QueueDoesNotExist", "The specified queue does not exist.")


def invalid(name: str, value: object, reason: str) -> SqsError:
    """A parameter's value will not do."""
    return SqsError("InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {reason}")
