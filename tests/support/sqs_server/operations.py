"""Owns SQS's operations as its JSON protocol spells them; the one rule: a batch answers for each of its entries.

ReceiveMessage is here without its wait, which is the server's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.sqs_server.account import ACCOUNT, Account
from tests.support.sqs_server.errors import SqsError, no_queue
from tests.support.sqs_server.messages import (
    Message,
    State,
    check_attributes,
    check_body,
    md5,
    md5_of_attributes,
    weight,
)
from tests.support.sqs_server.queue import Queue

Body = Mapping[str, Any]
_BATCH_BYTES = 1_048_576


class Operations:
    """What a request does; each method takes the request's members and returns the answer's."""

    def __init__(self, account: Account, url: Callable[[Queue], str]) -> None:
        self._account = account
        self._url = url
        self._simple: dict[str, Callable[[Body, str], Body]] = {
            "CreateQueue": self._create_queue,
            "DeleteQueue": self._delete_queue,
            "GetQueueUrl": self._get_queue_url,
            "GetQueueAttributes": self._get_queue_attributes,
            "SetQueueAttributes": self._set_queue_attributes,
            "ListQueues": self._list_queues,
            "ListDeadLetterSourceQueues": self._list_sources,
            "SendMessage": self._send_message,
            "ReceiveMessage": self.receive_message,
            "DeleteMessage": self._delete_message,
            "ChangeMessageVisibility": self._change_visibility,
            "PurgeQueue": self._purge_queue,
        }
        self._entries: dict[str, Callable[[Queue, Body, str], Body]] = {
            "SendMessageBatch": self._send,
            "DeleteMessageBatch": self._delete,
            "ChangeMessageVisibilityBatch": self._change,
        }

    def run(self, operation: str, body: Body, by: str) -> Body:
        """Run an operation for the client `by`.

        Raises:
            SqsError: it is refused.
        """
        if operation in self._entries:
            return self._batch(operation, body, by)
        if operation not in self._simple:
            raise SqsError("UnsupportedOperation", f"{operation} is not supported here.")
        return self._simple[operation](body, by)

    # Queues.

    def _create_queue(self, body: Body, by: str) -> Body:
        return {"QueueUrl": self._url(self._account.create(body.get("QueueName", ""), body.get("Attributes") or {}))}

    def _delete_queue(self, body: Body, by: str) -> Body:
        self._account.drop(self._account.at(body.get("QueueUrl")))
        return {}

    def _get_queue_url(self, body: Body, by: str) -> Body:
        if body.get("QueueOwnerAWSAccountId", ACCOUNT) != ACCOUNT:
            raise no_queue()
        return {"QueueUrl": self._url(self._account.named(body.get("QueueName", "")))}

    def _get_queue_attributes(self, body: Body, by: str) -> Body:
        queue = self._account.at(body.get("QueueUrl"))
        queue.settle(self._account.now())
        everything = queue.attributes.shown() | {
            "QueueArn": self._account.arn(queue),
            "ApproximateNumberOfMessages": str(queue.counts[State.READY]),
            "ApproximateNumberOfMessagesNotVisible": str(queue.counts[State.IN_FLIGHT]),
            "ApproximateNumberOfMessagesDelayed": str(queue.counts[State.DELAYED]),
        }
        wanted = body.get("AttributeNames") or []
        if "All" in wanted:
            return {"Attributes": everything}
        return {"Attributes": {name: everything[name] for name in wanted if name in everything}}

    def _set_queue_attributes(self, body: Body, by: str) -> Body:
        self._account.at(body.get("QueueUrl")).attributes.change(body.get("Attributes") or {})
        return {}

    def _list_queues(self, body: Body, by: str) -> Body:
        prefix = body.get("QueueNamePrefix") or ""
        urls = [self._url(queue) for queue in self._account if queue.name.startswith(prefix)]
        return _page(urls, body, "QueueUrls")

    def _list_sources(self, body: Body, by: str) -> Body:
        sources = self._account.sources(self._account.at(body.get("QueueUrl")))
        return _page([self._url(queue) for queue in sources], body, "queueUrls")

    def _purge_queue(self, body: Body, by: str) -> Body:
        self._account.at(body.get("QueueUrl")).purge(self._account.now())
        return {}

    # One message.

    def _send_message(self, body: Body, by: str) -> Body:
        return self._send(self._account.at(body.get("QueueUrl")), body, by)

    def _delete_message(self, body: Body, by: str) -> Body:
        return self._delete(self._account.at(body.get("QueueUrl")), body, by)

    def _change_visibility(self, body: Body, by: str) -> Body:
        return self._change(self._account.at(body.get("QueueUrl")), body, by)

    def receive_message(self, body: Body, by: str) -> Body:
        """Return what is there now."""
        queue = self._account.at(body.get("QueueUrl"))
        found = queue.receive(
            _number(body, "MaxNumberOfMessages", 1, 1, 10),
            _optional(body, "VisibilityTimeout", 0, 43_200),
            self._account.now(),
            by,
            lambda message: self._account.bury(queue, message),
        )
        return {"Messages": [_shown(message, receipt, body) for message, receipt in found]} if found else {}

    def _send(self, queue: Queue, entry: Body, by: str) -> Body:
        text = check_body(entry.get("MessageBody"), queue.attributes.longest)
        attributes = check_attributes(entry.get("MessageAttributes") or {})
        system = entry.get("MessageSystemAttributes") or {}
        message = queue.send(
            self._account.now(),
            by,
            text,
            attributes,
            delay=_optional(entry, "DelaySeconds", 0, 900),
            group=entry.get("MessageGroupId"),
            deduplication_id=entry.get("MessageDeduplicationId"),
            trace=system.get("AWSTraceHeader", {}).get("StringValue"),
        )
        told = {"MessageId": message.id, "MD5OfMessageBody": md5(text)}
        if attributes:
            told["MD5OfMessageAttributes"] = md5_of_attributes(attributes)
        if queue.attributes.fifo:
            told["SequenceNumber"] = message.sequence
        return told

    def _delete(self, queue: Queue, entry: Body, by: str) -> Body:
        queue.delete(_receipt(entry), self._account.now(), by)
        return {}

    def _change(self, queue: Queue, entry: Body, by: str) -> Body:
        queue.change_visibility(_receipt(entry), _number(entry, "VisibilityTimeout", 0, 0, 43_200), self._account.now())
        return {}

    # Batches.

    def _batch(self, operation: str, body: Body, by: str) -> Body:
        queue = self._account.at(body.get("QueueUrl"))
        entries = _checked(body.get("Entries") or [])
        if operation == "SendMessageBatch":
            total = sum(weight(e.get("MessageBody") or "", e.get("MessageAttributes") or {}) for e in entries)
            if total > _BATCH_BYTES:
                raise SqsError("BatchRequestTooLong", f"Batch requests cannot be longer than {_BATCH_BYTES} bytes.")
        done: list[Body] = []
        failed: list[Body] = []
        for entry in entries:
            try:
                if queue.fails_entry(operation, entry):
                    failed.append(_failed(entry, "InternalError", "We encountered an internal error.", blame=False))
                else:
                    done.append({"Id": entry["Id"], **self._entries[operation](queue, entry, by)})
            except SqsError as error:
                failed.append(_failed(entry, error.code, str(error), blame=True))
        return {"Successful": done, "Failed": failed} if failed else {"Successful": done}


def _checked(entries: list[Body]) -> list[Body]:
    if not entries:
        raise SqsError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > 10:
        raise SqsError("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")
    ids = [str(entry.get("Id", "")) for entry in entries]
    for name in ids:
        if not (1 <= len(name) <= 80 and name.replace("-", "").replace("_", "").isalnum()):
            raise SqsError("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, - and _.")
    if len(set(ids)) < len(ids):
        raise SqsError("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
    return entries


def _failed(entry: Body, code: str, message: str, *, blame: bool) -> Body:
    return {"Id": entry["Id"], "SenderFault": blame, "Code": code, "Message": message}


def _receipt(entry: Body) -> str:
    receipt = entry.get("ReceiptHandle")
    if not receipt:
        raise SqsError("MissingParameter", "The request must contain the parameter ReceiptHandle.")
    return str(receipt)


def _number(body: Body, name: str, default: int, low: int, high: int) -> int:
    value = _optional(body, name, low, high)
    return default if value is None else value


def _optional(body: Body, name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is not None and not (isinstance(value, int) and low <= value <= high):
        wrong = f"Value {value} for parameter {name} is invalid. Reason: Must be between {low} and {high}, if provided."
        raise SqsError("InvalidParameterValue", wrong)
    return value


def _page(urls: list[str], body: Body, name: str) -> Body:
    most = body.get("MaxResults")
    start = int(body.get("NextToken") or 0)
    if most is None:
        return {name: urls[:1000]}
    shown = {name: urls[start : start + most]}
    return shown | ({"NextToken": str(start + most)} if start + most < len(urls) else {})


def _shown(message: Message, receipt: str, asked: Body) -> Body:
    shown: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": receipt,
        "MD5OfBody": md5(message.body),
        "Body": message.body,
    }
    if system := _system(
        message, [*(asked.get("AttributeNames") or ()), *(asked.get("MessageSystemAttributeNames") or ())]
    ):
        shown["Attributes"] = system
    if attributes := _named(message.attributes, asked.get("MessageAttributeNames") or []):
        shown["MessageAttributes"] = attributes
        shown["MD5OfMessageAttributes"] = md5_of_attributes(attributes)
    return shown


def _system(message: Message, wanted: list[str]) -> dict[str, str]:
    if not wanted:
        return {}
    everything = {
        "ApproximateReceiveCount": str(message.died + len(message.received)),
        "SentTimestamp": str(int(message.sent_at * 1000)),
        "SenderId": message.sent_by,
        "ApproximateFirstReceiveTimestamp": str(int(message.received[0][0] * 1000)),
        "MessageGroupId": message.group,
        "MessageDeduplicationId": message.deduplication_id,
        "SequenceNumber": message.sequence if message.deduplication_id is not None else None,
        "AWSTraceHeader": message.trace,
        "DeadLetterQueueSourceArn": message.source_arn,
    }
    chosen = everything if "All" in wanted else {name: everything.get(name) for name in wanted}
    return {name: value for name, value in chosen.items() if value is not None}


def _named(attributes: Mapping[str, Any], wanted: list[str]) -> dict[str, Any]:
    if not wanted or not attributes:
        return {}
    if "All" in wanted or ".*" in wanted:
        return dict(attributes)
    stems = tuple(name.removesuffix("*") for name in wanted if name.endswith(".*"))
    return {name: value for name, value in attributes.items() if name in wanted or (stems and name.startswith(stems))}
