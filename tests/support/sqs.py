"""Real queues on the AWS stand-in, and what a test asks of them."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass
class Queues:
    """A worker queue with its DLQ."""

    client: Any
    source: str
    source_url: str
    dlq: str
    dlq_url: str

    async def fill(self, url: str, bodies: list[str], **extra: Any) -> None:
        """Send messages; `extra` may hold callables of the index."""
        for start in range(0, len(bodies), 10):
            entries = []
            for index, text in enumerate(bodies[start : start + 10], start):
                more = {name: value(index) if callable(value) else value for name, value in extra.items()}
                entries.append({"Id": str(index), "MessageBody": text, **more})
            answer = await self.client.send_message_batch(QueueUrl=url, Entries=entries)
            assert not answer.get("Failed")

    async def depth(self, url: str) -> int:
        """Everything in a queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await self.client.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    async def read(self, url: str) -> list[dict[str, Any]]:
        """Take everything out of a queue, in order of arrival."""
        messages: list[dict[str, Any]] = []
        while True:
            answer = await self.client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
                VisibilityTimeout=600,
            )
            found = answer.get("Messages", [])
            if not found:
                return messages
            messages += found
            entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(found)]
            await self.client.delete_message_batch(QueueUrl=url, Entries=entries)

    async def bodies(self, url: str) -> Counter[str]:
        """Take everything out of a queue; returns how often each body was there."""
        return Counter(message["Body"] for message in await self.read(url))


async def make_queues(client: Any, *, fifo: bool = False, visibility: int = 30, max_receive: int = 3) -> Queues:
    """Make a worker queue and its DLQ under new names."""
    stem, tail = f"q-{uuid.uuid4().hex[:12]}", ".fifo" if fifo else ""
    attributes = {"FifoQueue": "true"} if fifo else {}
    dlq = await client.create_queue(QueueName=f"{stem}-dlq{tail}", Attributes=attributes)
    got = await client.get_queue_attributes(QueueUrl=dlq["QueueUrl"], AttributeNames=["QueueArn"])
    policy = json.dumps({"deadLetterTargetArn": got["Attributes"]["QueueArn"], "maxReceiveCount": max_receive})
    source = await client.create_queue(
        QueueName=f"{stem}{tail}",
        Attributes={**attributes, "RedrivePolicy": policy, "VisibilityTimeout": str(visibility)},
    )
    return Queues(client, f"{stem}{tail}", source["QueueUrl"], f"{stem}-dlq{tail}", dlq["QueueUrl"])
