"""Owns the floor: receive ten, delete ten, nothing else; the one rule: the client is made by the daemon's own adapter.

So the difference to the daemon is guardian's work and nothing of the SDK's. `--stock` shows the SDK as it comes instead.
"""

from __future__ import annotations

import argparse
import os
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import anyio
from aiobotocore.session import get_session

from leh_guardian.adapters.aws import open_aws

_WAIT = 20


async def _main(queue: str, pollers: int, *, stock: bool) -> None:
    async with AsyncExitStack() as stack:
        if stock:
            client: Any = await stack.enter_async_context(get_session().create_client("sqs"))
        else:
            aws = await stack.enter_async_context(open_aws(os.environ["AWS_REGION"]))
            # As app.py makes the intake's.
            client = await aws.client("sqs", read_timeout=_WAIT + 10, connections=pollers * 2 + 60)
        url = (await client.get_queue_url(QueueName=queue))["QueueUrl"]
        async with anyio.create_task_group() as tasks:
            for _ in range(pollers):
                tasks.start_soon(_poll, client, url)


async def _poll(client: Any, url: str) -> None:
    while True:
        answer = await client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=_WAIT,
            VisibilityTimeout=60,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        messages = answer.get("Messages", ())
        if messages:
            entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
            await client.delete_message_batch(QueueUrl=url, Entries=entries)


def main() -> None:
    """Poll until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--queue", required=True)
    parser.add_argument("--pollers", type=int, required=True)
    parser.add_argument("--stock", action="store_true")
    given = parser.parse_args()
    anyio.run(partial(_main, given.queue, given.pollers, stock=given.stock), backend_options={"use_uvloop": True})


if __name__ == "__main__":
    main()
