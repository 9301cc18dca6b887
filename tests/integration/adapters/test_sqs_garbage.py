"""Answers that are not SQS's - a proxy's page, half a body - or that tell of a failed part are never taken for a success."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.sqs import SqsAlertQueue, SqsQueues
from leh_guardian.errors import Unavailable
from leh_guardian.ports import OutgoingMessage
from tests.support.faults import garbage
from tests.support.sqs_server import REGION, SqsServer

NOT_SQS = garbage(b"<html>Please log in</html>", applied=False)


@pytest.fixture
def server() -> Iterator[SqsServer]:
    """An SQS with a queue `q`."""
    with SqsServer() as made:
        made.make_pair("q")
        yield made


@pytest.fixture
async def aws(server: SqsServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Aws]:
    """A session with it."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    async with open_aws(REGION) as opened:
        yield opened


async def test_a_send_that_nobody_confirmed_has_not_happened(server: SqsServer, aws: Aws) -> None:
    """A batch whose answer names neither what was taken nor what was refused is an error: its messages must not be deleted."""
    queues = SqsQueues(aws, await aws.client("sqs"))
    queue = await queues.info("q")
    server.faults.script("SendMessageBatch", NOT_SQS)
    messages = [OutgoingMessage(id=name, body=name.encode(), attributes={}) for name in "ab"]
    with pytest.raises(Unavailable, match="SQS said nothing of 2 of 2 messages"):
        await queues.send(queue, messages)
    assert not server.bodies("q")


async def test_what_sqs_could_not_take_is_sent_again(server: SqsServer, aws: Aws) -> None:
    """An entry that failed for no fault of ours is sent again, alone, and refused only when it fails a third time."""
    queues = SqsQueues(aws, await aws.client("sqs"))
    queue = await queues.info("q")
    failures = {"once": 1, "twice": 2, "thrice": 3}

    def fails(_: str, entry: Mapping[str, Any]) -> bool:
        name = entry["MessageBody"]
        failures[name] = failures.get(name, 0) - 1
        return failures[name] >= 0

    server.tune("q", fails_entry=fails)
    messages = [
        OutgoingMessage(id=name, body=name.encode(), attributes={}) for name in ("well", "once", "twice", "thrice")
    ]
    refused = await queues.send(queue, messages)
    assert refused == {"thrice": "InternalError: We encountered an internal error."}
    assert server.bodies("q") == {"well": 1, "once": 1, "twice": 1}


async def test_what_was_taken_is_known_when_the_rest_meets_an_outage(server: SqsServer, aws: Aws) -> None:
    """An error while the rest is sent again hides nothing: what was taken is not sent twice, the rest is told as refused."""
    queues = SqsQueues(aws, await aws.client("sqs"))
    queue = await queues.info("q")
    server.tune("q", fails_entry=lambda _, entry: entry["MessageBody"] == "a")
    # The first answer is SQS's own.
    server.faults.script("SendMessageBatch", None, NOT_SQS)
    messages = [OutgoingMessage(id=name, body=name.encode(), attributes={}) for name in "ab"]
    assert list(await queues.send(queue, messages)) == ["a"]
    assert server.bodies("q") == {"b": 1}


async def test_a_delete_that_nobody_confirmed_is_not_counted(server: SqsServer, aws: Aws) -> None:
    """A delete is repeated once, and what SQS still does not confirm is not said to be deleted."""
    client = await aws.client("sqs")
    queue = SqsAlertQueue(aws, client, "q", wait=1, visibility=30)
    server.put("q", ["a", "b"])
    receipts = [m.receipt for m in await queue.receive()]
    server.faults.script("DeleteMessageBatch", NOT_SQS, NOT_SQS, NOT_SQS)
    assert await queue.delete(receipts) == 0
    assert await queue.delete(receipts) == 2, "the third answer is repeated, and the fourth confirms"
    assert server.counts("q")["deleted"] == 2


async def test_a_description_that_describes_nothing_is_an_outage(server: SqsServer, aws: Aws) -> None:
    """A queue's URL, depth and sources: an answer without them is an outage, not an empty queue or a defect."""
    queues = SqsQueues(aws, await aws.client("sqs"))
    for operation in ("GetQueueUrl", "GetQueueAttributes", "ListDeadLetterSourceQueues"):
        server.faults.always(operation, NOT_SQS)
        alerts = SqsAlertQueue(aws, await aws.client("sqs"), "q", wait=1, visibility=30)
        with pytest.raises(Unavailable, match="so it is not SQS's"):
            await (
                queues.info("q")
                if operation.startswith("Get")
                else queues.dead_letter_sources(await queues.info("q-dlq"))
            )
        if operation.startswith("Get"):
            with pytest.raises(Unavailable, match="so it is not SQS's"):
                await alerts.ping()
        server.faults.off()
