"""The floor: a bare aiobotocore receive-and-delete loop as the SDK comes, with the daemon's number of polls in flight."""

from __future__ import annotations

import argparse

import anyio
from aiobotocore.session import get_session


async def _main(queue: str, pollers: int) -> None:
    async with get_session().create_client("sqs") as client, anyio.create_task_group() as tasks:
        url = (await client.get_queue_url(QueueName=queue))["QueueUrl"]

        async def poll() -> None:
            while True:
                answer = await client.receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=10,
                    WaitTimeSeconds=20,
                    VisibilityTimeout=60,
                    MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                )
                messages = answer.get("Messages", ())
                if messages:
                    entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
                    await client.delete_message_batch(QueueUrl=url, Entries=entries)

        for _ in range(pollers):
            tasks.start_soon(poll)


def main() -> None:
    """Poll until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--queue", required=True)
    parser.add_argument("--pollers", type=int, required=True)
    given = parser.parse_args()
    anyio.run(_main, given.queue, given.pollers, backend_options={"use_uvloop": True})


if __name__ == "__main__":
    main()
