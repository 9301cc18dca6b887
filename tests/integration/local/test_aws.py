from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import aiobotocore.session
import anyio
import pytest
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError

from leh_guardian.local.aws import EmbeddedAws, LocalUnavailable
from tests.integration.local.conftest import run_python, wait_for


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """Run one server for all tests here; each uses queues of its own."""
    with EmbeddedAws.start() as server:
        yield server


def client(aws: EmbeddedAws, service: str) -> Any:
    """Open a client that takes everything from the environment that the server names."""
    environment = aws.environment()
    return aiobotocore.session.get_session().create_client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=AioConfig(max_pool_connections=60),
    )


@pytest.fixture
async def sqs(aws: EmbeddedAws) -> AsyncIterator[Any]:
    """Open an SQS client."""
    async with client(aws, "sqs") as made:
        yield made


async def make_queue(sqs: Any, *, fifo: bool = False, **attributes: str) -> str:
    """Make a queue with a new name."""
    name = f"queue-{uuid4().hex}{'.fifo' if fifo else ''}"
    if fifo:
        attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    made = await sqs.create_queue(QueueName=name, Attributes=attributes)
    return str(made["QueueUrl"])


async def arn_of(sqs: Any, url: str) -> str:
    """Look up a queue's ARN."""
    found = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


async def receive(sqs: Any, url: str, wait: int = 0, **options: Any) -> list[dict[str, Any]]:
    """Receive up to ten messages."""
    answer = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait, **options)
    return list(answer.get("Messages", []))


async def fill(sqs: Any, url: str, count: int) -> None:
    """Send messages with the bodies 0, 1, 2, ..."""
    for start in range(0, count, 10):
        entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(start, min(start + 10, count))]
        await sqs.send_message_batch(QueueUrl=url, Entries=entries)


async def delete(sqs: Any, url: str, messages: list[dict[str, Any]]) -> None:
    """Delete what was received."""
    entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
    answer = await sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert not answer.get("Failed")


@pytest.mark.anyio
async def test_standard_round_trip(sqs: Any) -> None:
    """A message comes with its attributes, is hidden while in flight, back after its visibility, gone once deleted."""
    url = await make_queue(sqs)
    attributes = {"case": {"DataType": "String", "StringValue": "LEH-1"}}
    await sqs.send_message(QueueUrl=url, MessageBody="증거", MessageAttributes=attributes)
    (message,) = await receive(sqs, url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
    assert (message["Body"], message["MessageAttributes"]["case"]["StringValue"]) == ("증거", "LEH-1")
    assert await receive(sqs, url) == []
    # The long poll must notice by itself what no request announces.
    await sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=1)
    (again,) = await receive(sqs, url, wait=10, MessageSystemAttributeNames=["All"])
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    await delete(sqs, url, [again])
    assert await receive(sqs, url) == []


@pytest.mark.anyio
async def test_fifo_round_trip(sqs: Any) -> None:
    """A group's messages come in order, and none while an earlier one is in flight; other groups are not held up."""
    url = await make_queue(sqs, fifo=True)
    for body in ("a1", "a2"):
        await sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="a")
    answer = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    assert [one["Body"] for one in answer["Messages"]] == ["a1"]
    await sqs.send_message(QueueUrl=url, MessageBody="b1", MessageGroupId="b")
    assert [one["Body"] for one in await receive(sqs, url)] == ["b1"]
    assert await receive(sqs, url, wait=1) == []
    await delete(sqs, url, answer["Messages"])
    assert [one["Body"] for one in await receive(sqs, url)] == ["a2"]


@pytest.mark.anyio
async def test_eventbridge_delivers_to_sqs(aws: EmbeddedAws, sqs: Any) -> None:
    """A matching event arrives whole, with its account, and with a detail that looks like a template untouched."""
    url = await make_queue(sqs)
    target = {"Id": "guardian", "Arn": await arn_of(sqs, url)}
    detail = {"state": "failed", "text": 'a "quote" and <source>'}
    async with client(aws, "events") as events:
        await events.create_event_bus(Name="leh")
        await events.put_rule(Name="all", EventBusName="leh", EventPattern=json.dumps({"source": ["leh.worker"]}))
        await events.put_targets(Rule="all", EventBusName="leh", Targets=[target])
        for source in ("leh.worker", "leh.other"):
            entry = {"Source": source, "DetailType": "Job", "Detail": json.dumps(detail), "EventBusName": "leh"}
            assert (await events.put_events(Entries=[entry]))["FailedEntryCount"] == 0
    (message,) = await receive(sqs, url, wait=5)
    event = json.loads(message["Body"])
    assert event.pop("id")
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "account": "123456789012",
        "region": "ap-northeast-2",
        "source": "leh.worker",
        "detail-type": "Job",
        "resources": [],
        "detail": detail,
    }


@pytest.mark.anyio
async def test_concurrent_pollers_share_messages_exactly_once(sqs: Any) -> None:
    """Eight long polls and their deletes take 200 messages, each one once."""
    url = await make_queue(sqs)
    bodies: list[str] = []

    async def poll() -> None:
        while len(bodies) < 200 and (messages := await receive(sqs, url, wait=1)):
            bodies.extend(one["Body"] for one in messages)
            await delete(sqs, url, messages)

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(poll)
        await fill(sqs, url, 200)
    assert sorted(bodies, key=int) == [str(n) for n in range(200)]
    assert await receive(sqs, url) == []


@pytest.mark.anyio
async def test_a_thousand_messages_are_no_burden(sqs: Any) -> None:
    """Depth costs little: with 1,000 messages waiting a receive of ten stays below a fifth of a second."""
    url = await make_queue(sqs)
    await fill(sqs, url, 1000)
    started = time.monotonic()
    for _ in range(10):
        await delete(sqs, url, await receive(sqs, url))
    assert time.monotonic() - started < 2
    counted = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert counted["Attributes"]["ApproximateNumberOfMessages"] == "900"


@pytest.mark.anyio
async def test_idle_long_polls_block_nobody(sqs: Any) -> None:
    """While forty polls wait, other calls are answered as usual, and a message ends a poll at once."""
    idle, busy = await make_queue(sqs), await make_queue(sqs)
    got: list[dict[str, Any]] = []
    ended = anyio.Event()

    async def poll() -> None:
        got.extend(await receive(sqs, idle, wait=20))
        ended.set()

    with anyio.fail_after(15):
        async with anyio.create_task_group() as group:
            for _ in range(40):
                group.start_soon(poll)
            for _ in range(10):
                await fill(sqs, busy, 10)
                await delete(sqs, busy, await receive(sqs, busy))
            await fill(sqs, idle, 1)
            await ended.wait()
            group.cancel_scope.cancel()
    assert [one["Body"] for one in got] == ["0"]


@pytest.mark.anyio
async def test_a_poll_waits_as_long_as_its_queue_says(sqs: Any) -> None:
    """A receive that names no wait takes the queue's own, and comes back empty when it is over."""
    url = await make_queue(sqs, ReceiveMessageWaitTimeSeconds="1")
    started = time.monotonic()
    assert not (await sqs.receive_message(QueueUrl=url)).get("Messages")
    assert 0.9 < time.monotonic() - started < 3


@pytest.mark.anyio
async def test_a_cancelled_poll_swallows_nothing(sqs: Any) -> None:
    """A message sent after a poll was cancelled goes to the next receive, not to the connection that is gone."""
    url = await make_queue(sqs)
    for number in range(8):
        async with anyio.create_task_group() as group:
            group.start_soon(receive, sqs, url, 20)
            for _ in range(3):
                # Answered by the server, so that the poll before it has reached the server too.
                await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            group.cancel_scope.cancel()
        await sqs.send_message(QueueUrl=url, MessageBody=str(number))
        messages = await receive(sqs, url)
        assert [one["Body"] for one in messages] == [str(number)]
        await delete(sqs, url, messages)


@pytest.mark.anyio
async def test_the_older_query_protocol_waits_too(sqs: Any) -> None:
    """A form-encoded receive is a long poll like any other."""
    url = await make_queue(sqs)
    form = {"Action": "ReceiveMessage", "Version": "2012-11-05", "QueueUrl": url, "WaitTimeSeconds": "20"}
    answers: list[str] = []

    def post() -> str:
        request = urllib.request.Request(url, urllib.parse.urlencode(form).encode())
        request.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/ap-northeast-2/sqs/aws4_request")
        with urllib.request.urlopen(request) as response:
            return str(response.read().decode())

    async def poll() -> None:
        answers.append(await anyio.to_thread.run_sync(post))

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(poll)
            await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            await sqs.send_message(QueueUrl=url, MessageBody="found by the query protocol")
    assert "<Body>found by the query protocol</Body>" in answers[0]


@pytest.mark.anyio
async def test_dead_letters_and_their_sources(sqs: Any) -> None:
    """A message received too often moves to the DLQ, whose source queues can be listed."""
    dlq = await make_queue(sqs)
    policy = json.dumps({"deadLetterTargetArn": await arn_of(sqs, dlq), "maxReceiveCount": "1"})
    source = await make_queue(sqs, RedrivePolicy=policy)
    listed = await sqs.list_dead_letter_source_queues(QueueUrl=dlq)
    assert listed["queueUrls"] == [source]
    await fill(sqs, source, 1)
    (message,) = await receive(sqs, source)
    await sqs.change_message_visibility(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert await receive(sqs, source) == []
    assert [one["Body"] for one in await receive(sqs, dlq, wait=5)] == ["0"]


@pytest.mark.anyio
async def test_what_moto_lacks_fails_at_once(aws: EmbeddedAws, sqs: Any) -> None:
    """An operation that moto does not know is an error that no SDK repeats."""
    started = time.monotonic()
    with pytest.raises(ClientError) as failed:
        await sqs.start_message_move_task(SourceArn="arn:aws:sqs:ap-northeast-2:123456789012:none")
    assert failed.value.response["Error"]["Code"] == "NotImplemented"
    assert failed.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert time.monotonic() - started < 3
    assert "NotImplementedError" in aws.output()


@pytest.mark.anyio
async def test_s3_over_the_same_connection(aws: EmbeddedAws) -> None:
    """Uploads (with 100-continue), downloads and HEAD work with connections that stay open."""
    async with client(aws, "s3") as s3:
        await s3.create_bucket(Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
        for number in range(3):
            await s3.put_object(Bucket="evidence", Key=f"한글/{number}", Body=bytes([number]) * 300_000)
            head = await s3.head_object(Bucket="evidence", Key=f"한글/{number}")
            assert head["ContentLength"] == 300_000
        answer = await s3.get_object(Bucket="evidence", Key="한글/2")
        assert await answer["Body"].read() == b"\2" * 300_000
        await s3.delete_object(Bucket="evidence", Key="한글/2")
        assert (await s3.list_objects_v2(Bucket="evidence"))["KeyCount"] == 2
    connection = http.client.HTTPConnection(aws.url.removeprefix("http://"))
    for _ in range(2):
        connection.request("GET", "/moto-api/data.json")
        kept = connection.sock
        assert connection.getresponse().read()
        assert connection.sock is kept is not None
    connection.close()


@pytest.mark.anyio
async def test_reset_forgets_and_ends_polls(aws: EmbeddedAws, sqs: Any) -> None:
    """After a reset no queue is left, and a poll under way says so instead of waiting on."""
    url = await make_queue(sqs)

    async def poll() -> None:
        with pytest.raises(ClientError, match="NonExistentQueue"):
            await receive(sqs, url, 20)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(poll)
            await sqs.list_queues()
            await anyio.to_thread.run_sync(aws.reset)
    assert not (await sqs.list_queues()).get("QueueUrls")


def test_why_it_does_not_start_is_said(aws: EmbeddedAws) -> None:
    """The error of a failed start carries what the child printed."""
    with pytest.raises(LocalUnavailable, match="in use"):
        EmbeddedAws.start(port=int(aws.url.rpartition(":")[2]))


def test_a_killed_owner_takes_the_server_along() -> None:
    """SIGKILL of the program that started the server ends the server."""
    program = (
        "import sys; from leh_guardian.local.aws import EmbeddedAws;"
        "aws = EmbeddedAws.start(); print(aws.url, flush=True); sys.stdin.read()"
    )
    with run_python(program, stdin=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        assert urllib.request.urlopen(f"{url}/moto-api/data.json").status == 200
        owner.kill()

    def gone() -> bool:
        try:
            urllib.request.urlopen(f"{url}/moto-api/data.json").close()
        except OSError:
            return True
        return False

    wait_for(gone)


def test_requests_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two requests are inside moto at once: two that would meet there never do."""
    from leh_guardian.local import aws_server

    meeting = threading.Barrier(2)
    met: list[int] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        with contextlib.suppress(threading.BrokenBarrierError):
            met.append(meeting.wait(0.3))
        start_response("200 OK", [])
        return [b"done"]

    turns = aws_server._Turns()
    monkeypatch.setattr(turns, "_application", application)
    near, far = socket.socketpair()
    with near, far, ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(turns.answer, {"REQUEST_METHOD": "GET"}, b"", near) for _ in range(2)]
        assert [one.result().body for one in asked] == [b"done", b"done"]
    assert met == []
