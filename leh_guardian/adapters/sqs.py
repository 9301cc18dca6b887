"""Owns SQS: guardian's own alert queue and the queues that handlers redrive; the one rule: calls are batched, tens at a time."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import anyio

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import AccessDenied, HandlerError, NoCredentials, NotFound, Refused, Unavailable
from leh_guardian.fields import queue_name
from leh_guardian.model.text import told
from leh_guardian.ports import MoveTask, OutgoingMessage, QueueDepth, QueueInfo, ReceivedMessage

_DEPTH = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
_PAYLOAD = 240 * 1024
"""Bytes in one batch: under the smallest limit that SQS has had (256 KiB), attributes included."""
_RECEIVE_WAIT = 1
"""Seconds that a receive of a queue that is redriven waits for its first message: one that waits at all asks all of SQS's servers."""
_AGAIN = (0.2, 0.6)
"""Seconds before what SQS itself could not take is sent again, and before the last time."""
POLL_MARGIN = 10.0
"""Seconds a long poll may take beyond its wait."""


class SqsAlertQueue:
    """The queue that guardian takes its alerts from."""

    def __init__(self, aws: Aws, client: Any, queue: str, *, wait: int, visibility: int) -> None:
        self._aws = aws
        self._client = client
        self.name = queue
        self._wait = wait
        self._visibility = visibility
        self._url: str | None = queue if "://" in queue else None

    async def _resolve(self) -> str:
        if self._url is None:
            self._url = await _queue_url(self._aws, self._client, self.name)
        return self._url

    async def receive(self) -> Sequence[ReceivedMessage]:
        """Long-poll once. Never cancel it: the messages of a cancelled poll stay hidden for their visibility timeout."""
        url = await self._resolve()
        answer = await self._aws.call(
            f"receive from alert queue {self.name}",
            lambda: self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=self._wait,
                VisibilityTimeout=self._visibility,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            ),
            tries=1,
            deadline=self._wait + POLL_MARGIN,
        )
        return [_received(message) for message in answer.get("Messages", ())]

    async def delete(self, receipts: Sequence[str]) -> int:
        """Delete up to ten messages; returns how many SQS confirmed."""
        url = await self._resolve()
        return await _delete(self._aws, self._client, url, receipts, f"delete from alert queue {self.name}")

    async def send(self, body: str) -> None:
        """Send a message to it."""
        url = await self._resolve()
        await self._aws.call(
            f"send to alert queue {self.name}",
            lambda: self._client.send_message(QueueUrl=url, MessageBody=body),
            tries=1,
        )

    async def depth(self) -> QueueDepth:
        """Return the approximate counts."""
        url = await self._resolve()
        answer = await self._aws.call(
            f"read the depth of alert queue {self.name}",
            lambda: self._client.get_queue_attributes(QueueUrl=url, AttributeNames=_DEPTH),
        )
        return _depth(_said(answer, "Attributes", f"read the depth of alert queue {self.name}"))

    async def ping(self) -> None:
        """Raise when the queue cannot be used, with what to do about it."""
        try:
            await self.depth()
        except NotFound as error:
            raise NotFound(
                f"alert queue {self.name!r} does not exist in {self._aws.region}: check LEH_QUEUE__ALERTS and AWS_REGION,"
                " or create it"
            ) from error
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(
                f"{error} - allow sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes and sqs:GetQueueUrl on it"
            ) from error


class SqsQueues:
    """SQS as handlers use it."""

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client

    async def info(self, queue: str) -> QueueInfo:
        """Describe a queue."""
        name = queue_name(queue)
        url = await _queue_url(self._aws, self._client, queue)
        answer = await self._aws.call(
            f"describe queue {name}",
            lambda: self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]),
        )
        attributes = _said(answer, "Attributes", f"describe queue {name}")
        policy = _redrive_policy(attributes)
        return QueueInfo(
            name=name,
            url=url,
            arn=_said(attributes, "QueueArn", f"describe queue {name}"),
            fifo=attributes.get("FifoQueue") == "true",
            depth=_depth(attributes),
            visibility_timeout=float(attributes.get("VisibilityTimeout", 30)),
            max_receive_count=int(policy["maxReceiveCount"]) if "maxReceiveCount" in policy else None,
            dead_letter_arn=policy.get("deadLetterTargetArn"),
            delay=float(attributes.get("DelaySeconds", 0)),
            retention=float(attributes["MessageRetentionPeriod"]) if "MessageRetentionPeriod" in attributes else None,
        )

    async def dead_letter_sources(self, queue: QueueInfo) -> Sequence[str]:
        """Return the names of the queues whose redrive policy points at `queue`.

        Asked of SQS itself (ListDeadLetterSourceQueues); where that is refused or not known, every queue is looked at.
        """
        try:
            return await self._listed_sources(queue)
        except (AccessDenied, Refused):
            return await self._searched_sources(queue)

    async def _searched_sources(self, queue: QueueInfo) -> list[str]:
        pages = self._pages("list queues", lambda token: self._client.list_queues(MaxResults=1000, **token))
        names = [queue_name(url) async for page in pages for url in page.get("QueueUrls", ())]
        return [name for name in names if name != queue.name and (await self.info(name)).dead_letter_arn == queue.arn]

    async def _listed_sources(self, queue: QueueInfo) -> list[str]:
        doing = f"list the sources of {queue.name}"
        pages = self._pages(
            doing,
            lambda token: self._client.list_dead_letter_source_queues(QueueUrl=queue.url, MaxResults=1000, **token),
        )
        return [queue_name(url) async for page in pages for url in _said(page, "queueUrls", doing)]

    async def _pages(
        self, doing: str, request: Callable[[Mapping[str, str]], Awaitable[dict[str, Any]]]
    ) -> AsyncIterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = await self._aws.call(doing, functools.partial(request, token))
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    async def receive(self, queue: QueueInfo, count: int, visibility: float) -> Sequence[ReceivedMessage]:
        """Take up to `count` messages, hidden for `visibility` seconds, with everything that a consumer can see."""
        answer = await self._aws.call(
            f"receive from {queue.name}",
            lambda: self._client.receive_message(
                QueueUrl=queue.url,
                MaxNumberOfMessages=min(10, count),
                WaitTimeSeconds=_RECEIVE_WAIT,
                VisibilityTimeout=int(visibility),
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            ),
        )
        return [_received(message) for message in answer.get("Messages", ())]

    async def send(self, queue: QueueInfo, messages: Sequence[OutgoingMessage]) -> Mapping[str, str]:
        """Send messages in as few batches as their sizes allow; returns {message id: reason} of those refused.

        What SQS itself could not take (`SenderFault` is false in "BatchResultErrorEntry", SQS API Reference) was not sent, and
        is sent again, twice at most.
        """
        refused: dict[str, str] = {}
        for batch in _by_size(messages):
            refused |= await self._send_batch(queue, batch)
        return refused

    async def _send_batch(self, queue: QueueInfo, batch: Sequence[OutgoingMessage]) -> dict[str, str]:
        refused, again = await self._send_once(queue, batch)
        for pause in _AGAIN:
            if not again:
                break
            await anyio.sleep(pause)
            try:
                more, again = await self._send_once(queue, [message for message in batch if message.id in again])
            except HandlerError:
                # The others were sent, and must be known to be: those that waited are told as they were refused before.
                break
            refused |= more
        return refused | again

    async def _send_once(
        self, queue: QueueInfo, batch: Sequence[OutgoingMessage]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Send a batch once; returns {message id: reason} of those refused, and of those that SQS could not take."""
        entries = [_entry(str(n), message) for n, message in enumerate(batch)]
        # One try: a repeated send is a duplicate, and the caller knows better what was confirmed.
        answer = await self._aws.call(
            f"send to {queue.name}",
            lambda: self._client.send_message_batch(QueueUrl=queue.url, Entries=entries),
            tries=1,
        )
        refused: dict[str, str] = {}
        again: dict[str, str] = {}
        for failed in answer.get("Failed", ()):
            reason = told(f"{failed.get('Code')}: {failed.get('Message', '')}")
            (refused if failed.get("SenderFault") else again)[batch[int(failed["Id"])].id] = reason
        taken = {entry["Id"] for entry in answer.get("Successful", ())}
        if unsaid := [m for n, m in enumerate(batch) if str(n) not in taken and m.id not in refused | again]:
            raise Unavailable(
                f"cannot send to {queue.name}: SQS said nothing of {len(unsaid)} of {len(batch)} messages"
            )
        return refused, again

    async def delete(self, queue: QueueInfo, receipts: Sequence[str]) -> int:
        """Delete up to ten messages, repeating what SQS could not; returns how many it confirmed."""
        return await _delete(self._aws, self._client, queue.url, receipts, f"delete from {queue.name}")

    async def release(self, queue: QueueInfo, receipts: Sequence[str]) -> None:
        """Make received messages visible again at once."""
        entries = [
            {"Id": str(n), "ReceiptHandle": receipt, "VisibilityTimeout": 0} for n, receipt in enumerate(receipts)
        ]
        for start in range(0, len(entries), 10):
            portion = entries[start : start + 10]
            await self._aws.call(
                f"release messages of {queue.name}",
                lambda portion=portion: self._client.change_message_visibility_batch(  # type: ignore[misc]
                    QueueUrl=queue.url, Entries=portion
                ),
            )

    async def start_move(self, source: QueueInfo, destination: QueueInfo | None, rate: int) -> None:
        """Let SQS move all messages of a dead-letter queue: to `destination`, or each to where it died; `rate` a second at most."""
        asked: dict[str, Any] = {"SourceArn": source.arn, "MaxNumberOfMessagesPerSecond": rate}
        if destination is not None:
            asked["DestinationArn"] = destination.arn
        doing = f"start a move task of {source.name}"
        # One try: the second would be refused for the first.
        answer = await self._aws.call(doing, lambda: self._client.start_message_move_task(**asked), tries=1)
        _said(answer, "TaskHandle", doing)

    async def moves(self, source: QueueInfo) -> Sequence[MoveTask]:
        """Return the newest move tasks of a dead-letter queue."""
        doing = f"list the move tasks of {source.name}"
        answer = await self._aws.call(
            doing, lambda: self._client.list_message_move_tasks(SourceArn=source.arn, MaxResults=10)
        )
        return [_move(task) for task in _said(answer, "Results", doing)]

    async def cancel_move(self, handle: str) -> None:
        """Cancel a task; what it has moved stays moved."""
        await self._aws.call("cancel a move task", lambda: self._client.cancel_message_move_task(TaskHandle=handle))


def _move(task: Mapping[str, Any]) -> MoveTask:
    return MoveTask(
        status=str(task.get("Status", "")),
        started_at=float(task.get("StartedTimestamp", 0)) / 1000,
        moved=int(task.get("ApproximateNumberOfMessagesMoved", 0)),
        handle=task.get("TaskHandle"),
        why=told(task.get("FailureReason", "")),
    )


async def _queue_url(aws: Aws, client: Any, queue: str) -> str:
    name = queue_name(queue)
    # An ARN may name another account's queue: arn:aws:sqs:region:account:name.
    parts = queue.split(":") if queue.startswith("arn:") else []
    owner = {"QueueOwnerAWSAccountId": parts[4]} if len(parts) == 6 else {}
    answer = await aws.call(f"find queue {name}", lambda: client.get_queue_url(QueueName=name, **owner))
    url: str = _said(answer, "QueueUrl", f"find queue {name}")
    return url


def _said(answer: Mapping[str, Any], member: str, doing: str) -> Any:
    """Return a member that every answer of SQS has: the SDK takes a body that means nothing for an answer without members."""
    if member not in answer:
        raise Unavailable(f"cannot {doing}: the answer has no {member}, so it is not SQS's")
    return answer[member]


async def _delete(aws: Aws, client: Any, url: str, receipts: Sequence[str], doing: str) -> int:
    """Delete with one repetition for entries that SQS does not confirm: partial failure is an answer, not an error."""
    left = [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(receipts)]
    if not left:
        # SQS refuses an empty batch.
        return 0
    for _ in range(2):
        entries = left
        answer = await aws.call(
            doing,
            lambda entries=entries: client.delete_message_batch(QueueUrl=url, Entries=entries),  # type: ignore[misc]
        )
        confirmed = {entry["Id"] for entry in answer.get("Successful", ())}
        refused = {entry["Id"] for entry in answer.get("Failed", ()) if entry.get("SenderFault")}
        left = [entry for entry in left if entry["Id"] not in confirmed]
        if not left or refused:
            break
    return len(receipts) - len(left)


def _received(message: Mapping[str, Any]) -> ReceivedMessage:
    system = message.get("Attributes", {})
    return ReceivedMessage(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        # A body is text to SQS; the escape of a lone surrogate in its JSON answer arrives as one.
        body=message["Body"].encode("utf-8", "surrogatepass"),
        receive_count=int(system.get("ApproximateReceiveCount", 1)),
        attributes=message.get("MessageAttributes", {}),
        group=system.get("MessageGroupId"),
        trace=system.get("AWSTraceHeader"),
        sent_at=int(system["SentTimestamp"]) / 1000 if "SentTimestamp" in system else None,
        source_arn=system.get("DeadLetterQueueSourceArn"),
    )


def _entry(entry_id: str, message: OutgoingMessage) -> dict[str, Any]:
    entry: dict[str, Any] = {"Id": entry_id, "MessageBody": message.body.decode("utf-8", "surrogatepass")}
    if message.attributes:
        entry["MessageAttributes"] = {name: _attribute(value) for name, value in message.attributes.items()}
    if message.group is not None:
        entry["MessageGroupId"] = message.group
    if message.deduplication_id is not None:
        entry["MessageDeduplicationId"] = message.deduplication_id
    if message.trace is not None:
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": message.trace}}
    return entry


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what SQS takes back; its answers may carry empty list members that it refuses in requests."""
    return {name: value[name] for name in ("DataType", "StringValue", "BinaryValue") if name in value}


def _by_size(messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
    batches: list[list[OutgoingMessage]] = []
    size = 0
    for message in messages:
        weight = len(message.body) + sum(
            len(name) + sum(len(part) for part in value.values() if isinstance(part, str | bytes))
            for name, value in message.attributes.items()
        )
        if not batches or len(batches[-1]) == 10 or size + weight > _PAYLOAD:
            batches.append([])
            size = 0
        batches[-1].append(message)
        size += weight
    return batches


def _depth(attributes: Mapping[str, str]) -> QueueDepth:
    visible, in_flight, delayed = (int(attributes.get(name, 0)) for name in _DEPTH)
    return QueueDepth(visible, in_flight, delayed)


def _redrive_policy(attributes: Mapping[str, str]) -> dict[str, Any]:
    try:
        policy = json.loads(attributes.get("RedrivePolicy", "{}"))
    except ValueError:
        return {}
    return policy if isinstance(policy, dict) else {}
