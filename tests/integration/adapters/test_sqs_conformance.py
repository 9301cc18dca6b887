"""One SQS is like another: what guardian's adapters rely on, asked of every server that the tests run on.

AWS itself is not among them. What a server does otherwise than AWS's documentation is named in `DEVIATIONS`, and a
deviation that is no longer there fails its test.
"""

from __future__ import annotations

import json
import subprocess
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.sqs import SqsAlertQueue, SqsQueues
from leh_guardian.clock import SystemClock
from leh_guardian.errors import NotFound, Refused
from leh_guardian.local.aws import REGION, EmbeddedAws
from leh_guardian.ports import OutgoingMessage, QueueInfo, ReceivedMessage
from tests.support.elasticmq import Unavailable, listens, server_command
from tests.support.process import wait_for
from tests.support.sqs import Queues, make_queues
from tests.support.sqs_server import SqsServer

DEVIATIONS: dict[tuple[str, str], str] = {
    (
        "moto",
        "test_a_receipt_of_an_earlier_receive_deletes_nothing",
    ): "moto takes every receipt that a message ever had",
    ("moto", "test_the_trace_survives"): "moto loses the system attributes of a SendMessageBatch",
    ("moto", "test_fifo_swallows_what_was_sent_before"): "moto forgets a deduplication id when its message is deleted",
    ("moto", "test_the_dead_say_where_they_died"): "moto does not tell DeadLetterQueueSourceArn",
    ("elasticmq", "test_a_receipt_of_an_earlier_receive_deletes_nothing"): "ElasticMQ says that a void receipt is none",
    ("elasticmq", "test_deleting_twice_is_no_error"): "ElasticMQ forgets the receipts of a deleted message",
    ("elasticmq", "test_a_message_too_large_is_refused"): "ElasticMQ takes messages beyond MaximumMessageSize",
    ("elasticmq", "test_the_dead_say_where_they_died"): "ElasticMQ does not tell DeadLetterQueueSourceArn",
    ("elasticmq", "test_an_empty_batch_is_refused"): "ElasticMQ confirms a batch of nothing",
}


@contextmanager
def own() -> Iterator[dict[str, str]]:
    """The server of the tests."""
    with SqsServer() as server:
        yield server.environment()


@contextmanager
def moto() -> Iterator[dict[str, str]]:
    """The server of the demo."""
    with EmbeddedAws.start() as server:
        yield server.environment()


@contextmanager
def elasticmq(home: Path) -> Iterator[dict[str, str]]:
    """A real SQS server, where it can be had."""
    try:
        command, url = server_command(home)
    except Unavailable as error:
        pytest.skip(f"ElasticMQ: {error}")
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        wait_for(lambda: listens(url) or process.poll() is not None)
        assert process.poll() is None, "ElasticMQ ended"
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
        }
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module", params=["own", "moto", "elasticmq"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str]]]:
    """Each server in turn: its name, and how to reach it."""
    homes = {"own": own, "moto": moto, "elasticmq": lambda: elasticmq(tmp_path_factory.mktemp("elasticmq"))}
    with homes[request.param]() as environment:
        yield request.param, environment


@dataclass
class Sqs:
    """The adapters over one server, and a plain client for the test's own looks."""

    name: str
    aws: Aws
    client: Any
    queues: SqsQueues

    async def alert_queue(self, *, wait: int = 1, visibility: int = 30, url: str = "") -> SqsAlertQueue:
        """An alert queue under a new name, or at `url`."""
        if not url:
            made = await self.client.create_queue(QueueName=f"alerts-{uuid.uuid4().hex[:12]}")
            url = made["QueueUrl"]
        return SqsAlertQueue(self.aws, self.client, url, wait=wait, visibility=visibility)

    async def queue(self, **attributes: str) -> QueueInfo:
        """A queue under a new name."""
        name = f"q-{uuid.uuid4().hex[:12]}{'.fifo' if 'FifoQueue' in attributes else ''}"
        await self.client.create_queue(QueueName=name, Attributes=attributes)
        return await self.queues.info(name)


@pytest.fixture
async def sqs(
    server: tuple[str, dict[str, str]], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Sqs]:
    """The adapters over this server."""
    name, environment = server
    if reason := DEVIATIONS.get((name, request.node.originalname)):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    async with open_aws(REGION) as aws:
        client = await aws.client("sqs", read_timeout=30, connections=60)
        yield Sqs(name, aws, client, SqsQueues(aws, client))


def outgoing(text: str, number: int = 0, **more: Any) -> OutgoingMessage:
    """A message to send."""
    return OutgoingMessage(id=f"m{number}", body=text.encode(), attributes={}, **more)


async def test_a_message_is_received_whole_and_deleted(sqs: Sqs) -> None:
    """Body, receive count and the time of sending arrive; after the delete nothing is left."""
    queue = await sqs.alert_queue()
    await sqs.client.send_message(QueueUrl=queue.name, MessageBody='{"증거": "\U0001f4e3\\n"}\t\r\n <&>')
    [message] = await queue.receive()
    assert message.body.decode() == '{"증거": "\U0001f4e3\\n"}\t\r\n <&>'
    assert message.receive_count == 1
    assert message.sent_at is not None
    assert abs(message.sent_at - SystemClock().now().timestamp()) < 60
    assert (await queue.depth()).in_flight == 1
    assert await queue.delete([message.receipt]) == 1
    assert (await queue.depth()).total == 0
    assert list(await queue.receive()) == []


async def test_batches_are_of_ten(sqs: Sqs) -> None:
    """Twenty-five messages come in batches of at most ten, each once, and a batch is deleted whole."""
    queue = await sqs.alert_queue()
    plain = Queues(sqs.client, "", queue.name, "", "")
    await plain.fill(queue.name, [str(n) for n in range(25)])
    seen: Counter[bytes] = Counter()
    while messages := await queue.receive():
        assert len(messages) <= 10
        seen.update(m.body for m in messages)
        assert await queue.delete([m.receipt for m in messages]) == len(messages)
    assert seen == Counter(str(n).encode() for n in range(25))
    assert await queue.delete([]) == 0


async def test_a_poll_ends_with_the_message_that_it_waits_for(sqs: Sqs) -> None:
    """A message that is sent while a poll waits ends the poll, long before its time."""
    queue = await sqs.alert_queue(wait=20)
    got: list[bytes] = []

    async def poll() -> None:
        got.extend(m.body for m in await queue.receive())

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(poll)
            await queue.depth()
            await sqs.client.send_message(QueueUrl=queue.name, MessageBody="now")
    assert got == [b"now"]


async def test_what_is_not_deleted_comes_back(sqs: Sqs) -> None:
    """After its visibility timeout a message is received again, with a higher count, by a poll that waits for it."""
    queue = await sqs.alert_queue(wait=5, visibility=1)
    await sqs.client.send_message(QueueUrl=queue.name, MessageBody="again")
    [first] = await queue.receive()
    assert (await queue.depth()).visible == 0
    with anyio.fail_after(10):
        [second] = await queue.receive()
    assert (second.id, second.body, second.receive_count) == (first.id, b"again", 2)
    assert second.receipt != first.receipt


async def test_a_receipt_of_an_earlier_receive_deletes_nothing(sqs: Sqs) -> None:
    """Deleting with a receipt that a later receive made void is confirmed, and the message stays."""
    queue = await sqs.alert_queue(wait=5, visibility=1)
    await sqs.client.send_message(QueueUrl=queue.name, MessageBody="kept")
    [first] = await queue.receive()
    patient = await sqs.alert_queue(wait=5, visibility=60, url=queue.name)
    [second] = await patient.receive()
    assert await queue.delete([first.receipt]) == 1
    assert (await queue.depth()).in_flight == 1
    assert await queue.delete([second.receipt]) == 1
    assert (await queue.depth()).total == 0


async def test_deleting_twice_is_no_error(sqs: Sqs) -> None:
    """A delete whose answer was lost may be repeated."""
    queue = await sqs.alert_queue()
    await sqs.client.send_message(QueueUrl=queue.name, MessageBody="once")
    [message] = await queue.receive()
    assert [await queue.delete([message.receipt]) for _ in range(2)] == [1, 1]


async def test_a_batch_of_deletes_answers_for_each(sqs: Sqs) -> None:
    """A receipt that is none fails alone: the others of its batch are deleted."""
    queue = await sqs.alert_queue()
    await sqs.client.send_message(QueueUrl=queue.name, MessageBody="gone")
    [message] = await queue.receive()
    assert await queue.delete(["nonsense", message.receipt]) == 1
    assert (await queue.depth()).total == 0


async def test_a_queue_that_is_not_there(sqs: Sqs) -> None:
    """A missing queue is NotFound, by name and by URL, for every call."""
    name = f"missing-{uuid.uuid4().hex[:12]}"
    info = await sqs.queue()
    gone = replace(info, url=info.url.replace(info.name, name), name=name)
    by_url = await sqs.alert_queue(url=gone.url)
    for call in (
        lambda: sqs.queues.info(name),
        lambda: sqs.queues.receive(gone, 1, 1),
        lambda: sqs.queues.send(gone, [outgoing("x")]),
        by_url.receive,
        by_url.ping,
    ):
        with pytest.raises(NotFound):
            await call()


async def test_a_queue_is_described(sqs: Sqs) -> None:
    """Name, ARN, type, visibility timeout, redrive policy and depths, the delayed ones too; found by name and by ARN."""
    pair = await make_queues(sqs.client, visibility=45, max_receive=4)
    source, dlq = await sqs.queues.info(pair.source), await sqs.queues.info(pair.dlq)
    assert (source.name, source.fifo, source.visibility_timeout, source.max_receive_count) == (
        pair.source,
        False,
        45,
        4,
    )
    assert source.dead_letter_arn == dlq.arn
    assert (dlq.max_receive_count, dlq.dead_letter_arn, dlq.depth.total) == (None, None, 0)
    assert dlq.arn.endswith(f":{pair.dlq}")
    assert (await sqs.queues.info(dlq.arn)).url == dlq.url
    await sqs.client.send_message(QueueUrl=dlq.url, MessageBody="later", DelaySeconds=60)
    await pair.fill(dlq.url, ["a", "b", "c"])
    assert len(await sqs.queues.receive(dlq, 1, 60)) == 1
    depth = (await sqs.queues.info(pair.dlq)).depth
    assert (depth.visible, depth.in_flight, depth.delayed) == (2, 1, 1)


async def test_sources_of_a_dead_letter_queue(sqs: Sqs) -> None:
    """The queues whose policy points at a queue are found, and no others."""
    one = await make_queues(sqs.client)
    await make_queues(sqs.client)
    dlq = await sqs.queues.info(one.dlq)
    assert list(await sqs.queues.dead_letter_sources(dlq)) == [one.source]
    assert list(await sqs.queues.dead_letter_sources(await sqs.queues.info(one.source))) == []


async def test_attributes_survive(sqs: Sqs) -> None:
    """What a consumer sees of a message, it sees after a redrive: text, numbers, bytes, custom types."""
    queue = await sqs.queue()
    attributes = {
        "kind": {"DataType": "String.custom", "StringValue": "증거"},
        "n": {"DataType": "Number", "StringValue": "7"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    assert not await sqs.queues.send(queue, [OutgoingMessage(id="m", body=b"body", attributes=attributes)])
    [got] = await sqs.queues.receive(queue, 10, 30)
    assert {
        n: {k: v for k, v in value.items() if k in attributes[n]} for n, value in got.attributes.items()
    } == attributes


async def test_the_trace_survives(sqs: Sqs) -> None:
    """The trace header, a system attribute, goes out with the message and comes back."""
    queue = await sqs.queue()
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793"
    assert not await sqs.queues.send(queue, [outgoing("x", trace=trace)])
    [got] = await sqs.queues.receive(queue, 10, 30)
    assert got.trace == trace


async def test_large_messages_go_through(sqs: Sqs) -> None:
    """Messages of 200 KB, three at once, are split into calls that each server takes."""
    queue = await sqs.queue()
    assert not await sqs.queues.send(queue, [outgoing(letter * 200_000, n) for n, letter in enumerate("abc")])
    seen: list[int] = []
    while messages := await sqs.queues.receive(queue, 10, 30):
        seen += [len(m.body) for m in messages]
        await sqs.queues.delete(queue, [m.receipt for m in messages])
    assert seen == [200_000] * 3


async def test_a_message_too_large_is_refused(sqs: Sqs) -> None:
    """What is beyond the queue's own limit is refused, as the sender's fault."""
    queue = await sqs.queue(MaximumMessageSize="1024")
    try:
        refused = await sqs.queues.send(queue, [outgoing("x" * 2000)])
    except Refused:
        refused = {"m0": "refused as a whole"}
    assert set(refused) == {"m0"}
    assert (await sqs.queues.info(queue.name)).depth.total == 0


async def test_released_messages_are_visible_at_once(sqs: Sqs) -> None:
    """What is given back can be received again without a wait."""
    queue = await sqs.queue()
    await sqs.queues.send(queue, [outgoing(str(n), n) for n in range(3)])
    first = await sqs.queues.receive(queue, 10, 300)
    await sqs.queues.release(queue, [m.receipt for m in first])
    again = await sqs.queues.receive(queue, 10, 300)
    assert {m.id for m in again} == {m.id for m in first}
    assert {m.receive_count for m in again} == {2}


async def test_fifo_holds_a_group_back(sqs: Sqs) -> None:
    """A group comes in order, and nothing of it while an earlier message is in flight; others are not held up."""
    queue = await sqs.queue(FifoQueue="true")
    assert queue.fifo
    for n, (group, text) in enumerate([("a", "a1"), ("a", "a2"), ("b", "b1")]):
        assert not await sqs.queues.send(queue, [outgoing(text, n, group=group, deduplication_id=text)])
    [first] = await sqs.queues.receive(queue, 1, 30)
    assert (first.body, first.group) == (b"a1", "a")
    assert [m.body for m in await sqs.queues.receive(queue, 10, 30)] == [b"b1"]
    await sqs.queues.delete(queue, [first.receipt])
    assert [m.body for m in await sqs.queues.receive(queue, 10, 30)] == [b"a2"]


async def test_fifo_swallows_what_was_sent_before(sqs: Sqs) -> None:
    """A deduplication id sent again within five minutes is confirmed and adds nothing, even after the first was deleted."""
    queue = await sqs.queue(FifoQueue="true")
    for _ in range(2):
        assert not await sqs.queues.send(queue, [outgoing("x", group="g", deduplication_id="same")])
    [message] = await sqs.queues.receive(queue, 10, 30)
    await sqs.queues.delete(queue, [message.receipt])
    assert not await sqs.queues.send(queue, [outgoing("x", group="g", deduplication_id="same")])
    assert (await sqs.queues.info(queue.name)).depth.total == 0


async def dead(sqs: Sqs) -> tuple[QueueInfo, ReceivedMessage]:
    """A message that was received too often, and the queue that it died in."""
    pair = await make_queues(sqs.client, max_receive=2)
    source, dlq = await sqs.queues.info(pair.source), await sqs.queues.info(pair.dlq)
    await sqs.queues.send(source, [outgoing("poison")])
    for _ in range(2):
        [message] = await sqs.queues.receive(source, 10, 30)
        await sqs.queues.release(source, [message.receipt])
    assert list(await sqs.queues.receive(source, 10, 30)) == []
    [found] = await sqs.queues.receive(dlq, 10, 30)
    return source, found


async def test_what_fails_too_often_dies(sqs: Sqs) -> None:
    """Received as often as the policy allows, a message goes to the dead-letter queue instead of a receiver."""
    _, found = await dead(sqs)
    assert found.body == b"poison"


async def test_the_dead_say_where_they_died(sqs: Sqs) -> None:
    """A message in a dead-letter queue tells the queue that it came from."""
    source, found = await dead(sqs)
    assert found.source_arn == source.arn


async def test_many_at_once(sqs: Sqs) -> None:
    """Four senders and eight receivers at once: every message arrives, none twice, and none comes back after its delete."""
    queue = await sqs.queue(VisibilityTimeout="300")
    count, seen = 400, Counter[bytes]()

    async def send(start: int) -> None:
        for first in range(start, count, 40):
            batch = [outgoing(str(n), n) for n in range(first, first + 10)]
            assert not await sqs.queues.send(queue, batch)

    async def take() -> None:
        while sum(seen.values()) < count:
            messages = await sqs.queues.receive(queue, 10, 300)
            seen.update(m.body for m in messages)
            assert await sqs.queues.delete(queue, [m.receipt for m in messages]) == len(messages)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for start in range(0, 40, 10):
                tasks.start_soon(send, start)
            for _ in range(8):
                tasks.start_soon(take)
    assert seen == Counter(str(n).encode() for n in range(count))
    assert (await sqs.queues.info(queue.name)).depth.total == 0


async def test_an_empty_batch_is_refused(sqs: Sqs) -> None:
    """A batch of nothing is refused for good: the adapters send none."""
    queue = await sqs.queue()
    with pytest.raises(Refused):
        await sqs.aws.call("do nothing", lambda: sqs.client.delete_message_batch(QueueUrl=queue.url, Entries=[]))


async def test_what_makes_no_sense_is_refused(sqs: Sqs) -> None:
    """A request that makes no sense is refused for good, not tried again."""
    queue = await sqs.queue()
    wrong = {"QueueUrl": queue.url, "Attributes": {"RedrivePolicy": json.dumps({"maxReceiveCount": 0})}}
    with pytest.raises(Refused):
        await sqs.aws.call("set a policy", lambda: sqs.client.set_queue_attributes(**wrong))
