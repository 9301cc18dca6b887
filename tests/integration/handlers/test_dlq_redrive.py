"""The redrive of a dead-letter queue, on an SQS over HTTP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import pytest
from botocore.exceptions import ClientError

from leh_guardian.adapters import sqs
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.context import Capabilities
from leh_guardian.errors import Halted, NotFound, Refused, Throttled
from leh_guardian.handlers.dlq_redrive import DlqRedriveParams, dlq_redrive
from leh_guardian.model.outcome import Done, Failed, NoOp, Wait
from leh_guardian.ports import QueueInfo, ReceivedMessage
from leh_guardian.redrive import mover, stages
from leh_guardian.telemetry import failpoints
from tests.support.attempt import Memory, again, attempt
from tests.support.letters import Remembered
from tests.support.sqs import make_queues


@pytest.fixture
async def client(aws: Aws) -> Any:
    """A plain SQS client for the test's own looks."""
    return await aws.client("sqs")


@pytest.fixture
async def can(aws: Aws, client: Any) -> AsyncIterator[Capabilities]:
    """The handler's view of SQS; failpoints are disarmed at the end."""
    yield Capabilities(queues=SqsQueues(aws, client), channels={}, letters=Remembered())
    failpoints.arm(None)


@pytest.fixture(autouse=True)
def _short_visibility(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let messages that a crashed attempt has hidden come back while the next attempt looks for them."""
    monkeypatch.setattr(mover, "VISIBILITY", 2)
    monkeypatch.setattr(sqs, "_RECEIVE_WAIT", 0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a receive wait as long as it does in earnest: what a crashed attempt has hidden comes back meanwhile."""
    monkeypatch.setattr(sqs, "_RECEIVE_WAIT", 1)


async def test_moves_everything_once_and_keeps_what_a_consumer_sees(client: Any, can: Capabilities) -> None:
    """Every message is back in its source queue once, with body and attributes, and the DLQ is empty."""
    queues = await make_queues(client)
    bodies = [f"증거 {n}\n{'x' * n}" for n in range(25)]
    attributes = {
        "kind": {"DataType": "String", "StringValue": "s"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        "n": {"DataType": "Number.int", "StringValue": "7"},
    }
    await queues.fill(queues.dlq_url, bodies, MessageAttributes=attributes)
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq))
    assert isinstance(outcome, Done)
    assert outcome.facts["moved"] == 25
    assert outcome.facts["left"] == outcome.facts["in_flight"] == 0
    assert await queues.depth(queues.dlq_url) == 0
    moved = await queues.read(queues.source_url)
    assert sorted(m["Body"] for m in moved) == sorted(bodies)
    for message in moved:
        kept = {
            name: {k: v for k, v in value.items() if k in attributes[name]}
            for name, value in message["MessageAttributes"].items()
        }
        assert kept == attributes


async def test_fifo_keeps_groups_and_order(client: Any, can: Capabilities) -> None:
    """FIFO messages keep their group and their order within it."""
    queues = await make_queues(client, fifo=True)
    await queues.fill(
        queues.dlq_url,
        [f"{n % 3}:{n:02}" for n in range(24)],
        MessageGroupId=lambda n: f"group-{n % 3}",
        MessageDeduplicationId=lambda n: f"d{n}",
    )
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq, rate=100.0))
    assert isinstance(outcome, Done)
    moved = await queues.read(queues.source_url)
    assert len(moved) == 24
    for group in range(3):
        own = [m["Body"] for m in moved if m["Attributes"]["MessageGroupId"] == f"group-{group}"]
        assert own == sorted(own)
        assert len(own) == 8


async def test_dry_run_touches_nothing(client: Any, can: Capabilities) -> None:
    """A dry run says what it would move and does not even receive: a receive hides messages and counts."""
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, ["a", "b"])
    outcome = await dlq_redrive(attempt(can, dry_run=True), DlqRedriveParams(queue=queues.dlq, max_messages=1))
    assert isinstance(outcome, Done)
    assert outcome.facts == {"source": queues.dlq, "destination": queues.source, "messages": 2, "selected": 1}
    left = await queues.read(queues.dlq_url)
    assert [m["Attributes"]["ApproximateReceiveCount"] for m in left] == ["1", "1"]


async def test_max_messages_bounds_the_run(client: Any, can: Capabilities) -> None:
    """No more than `max_messages` are moved; what is left is reported."""
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, [str(n) for n in range(15)])
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq, max_messages=7))
    assert isinstance(outcome, Done)
    assert (outcome.facts["moved"], outcome.facts["left"]) == (7, 8)
    assert await queues.depth(queues.source_url) == 7


async def test_limit_refuses_before_the_first_effect(client: Any, can: Capabilities) -> None:
    """A run above the rule's blast radius is refused whole, never trimmed."""
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, [str(n) for n in range(12)])
    with pytest.raises(Refused, match=r"12 messages.*limit is 10"):
        await dlq_redrive(attempt(can, limits={"messages": 10}), DlqRedriveParams(queue=queues.dlq))
    assert await queues.depth(queues.dlq_url) == 12


async def test_empty_queue_is_nothing_to_do(client: Any, can: Capabilities) -> None:
    """The precondition is read again: an empty DLQ needs no redrive."""
    queues = await make_queues(client)
    assert isinstance(await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq)), NoOp)


async def test_queue_that_is_no_dlq_is_refused(client: Any, can: Capabilities) -> None:
    """Without a source queue, or with a missing queue, the message says what to do."""
    queues = await make_queues(client)
    with pytest.raises(Refused, match="no DLQ, or name a `destination`"):
        await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.source))
    with pytest.raises(NotFound, match="nowhere"):
        await dlq_redrive(attempt(can), DlqRedriveParams(queue="nowhere"))
    with pytest.raises(Refused, match="into itself"):
        await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq, destination=queues.dlq))


async def test_source_is_found_where_sqs_does_not_list_it(
    client: Any, can: Capabilities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without ListDeadLetterSourceQueues (a missing permission, another server) the redrive policies are read instead."""
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, ["a"])

    async def refused(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "InvalidAction", "Message": "no"}}, "ListDeadLetterSourceQueues")

    monkeypatch.setattr(client, "list_dead_letter_source_queues", refused)
    outcome = await dlq_redrive(attempt(can, dry_run=True), DlqRedriveParams(queue=queues.dlq))
    assert isinstance(outcome, Done)
    assert outcome.facts["destination"] == queues.source


@pytest.mark.usefixtures("patient")
async def test_resumes_where_it_was_stopped(client: Any, can: Capabilities) -> None:
    """Stopped between sending and deleting, the next attempt deletes what it already sent instead of sending it again."""
    queues = await make_queues(client)
    bodies = [str(n) for n in range(30)]
    await queues.fill(queues.dlq_url, bodies)
    first = attempt(can, memory=Memory(stop_at=2))  # the plan, then the first batch: sent, not deleted
    with pytest.raises(Halted):
        await dlq_redrive(first, DlqRedriveParams(queue=queues.dlq))
    assert await queues.depth(queues.source_url) == 10
    assert await queues.depth(queues.dlq_url) == 30
    outcome = await dlq_redrive(again(first), DlqRedriveParams(queue=queues.dlq))
    assert isinstance(outcome, Done)
    assert outcome.facts["moved"] == 30
    assert await queues.bodies(queues.source_url) == dict.fromkeys(bodies, 1)
    assert await queues.depth(queues.dlq_url) == 0


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("point", ["redrive.received", "redrive.sent", "redrive.deleted"])
async def test_a_crash_loses_nothing(client: Any, can: Capabilities, point: str) -> None:
    """Whatever the instant of a crash, every message is in the source queue afterwards, at most ten of them twice."""
    queues = await make_queues(client)
    bodies = [str(n) for n in range(30)]
    await queues.fill(queues.dlq_url, bodies)
    hits = 0

    def crash(name: str) -> None:
        nonlocal hits
        hits += name == point
        if name == point and hits == 2:
            raise SystemExit

    failpoints.arm(crash)
    first = attempt(can)
    with pytest.raises(SystemExit):
        await dlq_redrive(first, DlqRedriveParams(queue=queues.dlq))
    failpoints.arm(None)
    assert isinstance(await dlq_redrive(again(first), DlqRedriveParams(queue=queues.dlq)), Done)
    arrived = await queues.bodies(queues.source_url)
    assert set(arrived) == set(bodies)
    assert sum(arrived.values()) - 30 == (10 if point == "redrive.sent" else 0)
    assert await queues.depth(queues.dlq_url) == 0


async def test_a_named_destination_needs_no_search(
    client: Any, can: Capabilities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a `destination` nobody is asked for the sources: it works where neither listing is allowed."""
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, ["a"])

    async def denied(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "List")

    monkeypatch.setattr(client, "list_dead_letter_source_queues", denied)
    monkeypatch.setattr(client, "list_queues", denied)
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq, destination=queues.source))
    assert isinstance(outcome, Done)
    assert outcome.facts["moved"] == 1


async def test_sources_are_searched_on_every_page(
    client: Any, can: Capabilities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the sources cannot be listed, all queues are looked at, beyond the first page of them, too."""
    queues = await make_queues(client)
    real = client.list_queues

    async def unknown(**_: Any) -> Any:
        answer = {"Error": {"Code": "InternalFailure", "Message": "?"}, "ResponseMetadata": {"HTTPStatusCode": 501}}
        raise ClientError(answer, "ListDeadLetterSourceQueues")

    async def one_by_one(**asked: Any) -> Any:
        return await real(**asked | {"MaxResults": 1, "QueueNamePrefix": queues.source.removesuffix("-dlq")})

    monkeypatch.setattr(client, "list_dead_letter_source_queues", unknown)
    monkeypatch.setattr(client, "list_queues", one_by_one)
    assert await can.queues.dead_letter_sources(await can.queues.info(queues.dlq)) == [queues.source]
    assert "NextToken" in await one_by_one(), "the stand-in gave one page: the test proves nothing"


async def test_waits_for_messages_that_somebody_hides(
    client: Any, can: Capabilities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages in flight at another receiver are waited for, not called done; after some rounds they are reported as left."""
    monkeypatch.setattr(mover, "VISIBILITY", 60)
    monkeypatch.setattr(stages, "WAITS", 2)
    monkeypatch.setattr(mover, "EMPTY_RECEIVES", 1)
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, [str(n) for n in range(12)])
    ctx = attempt(can, memory=Memory(stop_at=1))
    with pytest.raises(Halted):
        await dlq_redrive(ctx, DlqRedriveParams(queue=queues.dlq))
    await client.receive_message(QueueUrl=queues.dlq_url, MaxNumberOfMessages=5, VisibilityTimeout=300)
    for _ in range(stages.WAITS):
        ctx = again(ctx)
        assert isinstance(await dlq_redrive(ctx, DlqRedriveParams(queue=queues.dlq)), Wait)
    outcome = await dlq_redrive(again(ctx), DlqRedriveParams(queue=queues.dlq))
    assert isinstance(outcome, Done)
    assert (outcome.facts["moved"], outcome.facts["in_flight"]) == (7, 5)


async def test_what_comes_back_after_the_last_look_is_looked_for_again(
    client: Any, can: Capabilities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages that were sent and not deleted, and come back when it has stopped looking, are not left in the DLQ as done."""
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, ["a", "b", "c"])
    first = attempt(can, memory=Memory(stop_at=2))  # the plan, then the batch: sent, not deleted
    with pytest.raises(Halted):
        await dlq_redrive(first, DlqRedriveParams(queue=queues.dlq))
    with anyio.fail_after(30):
        while (await can.queues.info(queues.dlq)).depth.visible < 3:  # noqa: ASYNC110 - SQS does not call back
            await anyio.sleep(0.1)
    second = again(first)
    with monkeypatch.context() as blind:
        blind.setattr(mover, "EMPTY_RECEIVES", 0)
        assert isinstance(await dlq_redrive(second, DlqRedriveParams(queue=queues.dlq)), Wait)
    assert isinstance(await dlq_redrive(again(second), DlqRedriveParams(queue=queues.dlq)), Done)
    assert await queues.bodies(queues.source_url) == {"a": 1, "b": 1, "c": 1}
    assert await queues.depth(queues.dlq_url) == 0


async def test_stops_when_messages_come_back(client: Any, can: Capabilities) -> None:
    """A consumer that fails at once and sends everything back to the DLQ does not keep the redrive going for ever."""
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, [str(n) for n in range(20)])
    real = can.queues.send

    async def bounce(queue: Any, messages: Any) -> Any:
        refused = await real(queue, messages)
        await queues.fill(queues.dlq_url, [f"again {m.id}" for m in messages])
        return refused

    can.queues.send = bounce  # type: ignore[method-assign]
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq))
    assert isinstance(outcome, Done)
    assert (outcome.facts["moved"], outcome.facts["left"]) == (20, 20)


async def test_what_sqs_took_before_an_error_is_not_sent_again(client: Any, can: Capabilities) -> None:
    """Messages too large for one call go in several; when a later one is throttled, the first stays sent - once."""
    queues = await make_queues(client)
    bodies = [letter * 150_000 for letter in "abc"]
    for text in bodies:
        await client.send_message(QueueUrl=queues.dlq_url, MessageBody=text)
    real, calls = can.queues.send, 0

    async def throttled(queue: Any, messages: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Throttled("slow down")
        return await real(queue, messages)

    can.queues.send = throttled  # type: ignore[method-assign]
    first = attempt(can)
    with pytest.raises(Throttled):
        await dlq_redrive(first, DlqRedriveParams(queue=queues.dlq))
    outcome = await dlq_redrive(again(first), DlqRedriveParams(queue=queues.dlq))
    assert isinstance(outcome, Done)
    assert await queues.bodies(queues.source_url) == dict.fromkeys(bodies, 1)
    assert await queues.depth(queues.dlq_url) == 0


async def test_refused_messages_are_reported_and_left(client: Any, can: Capabilities) -> None:
    """A batch that SQS refuses whole is neither lost nor an error of its own: the report says what was refused, and why."""
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, ["a", "b"])

    async def refusing(_: Any, messages: Any) -> Any:
        return {m.id: "InvalidMessageContents: no" for m in messages}

    can.queues.send = refusing  # type: ignore[method-assign]
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq))
    assert isinstance(outcome, Failed)
    assert (outcome.facts["moved"], outcome.facts["failed"]) == (0, 2)
    assert await queues.depth(queues.dlq_url) == 2


async def test_nothing_overtakes_a_refused_fifo_message(client: Any, can: Capabilities) -> None:
    """A FIFO group stops at its refused message, over all batches; the other groups go on."""
    queues = await make_queues(client, fifo=True)
    await queues.fill(
        queues.dlq_url,
        [f"{n % 2}:{n:02}" for n in range(30)],
        MessageGroupId=lambda n: f"group-{n % 2}",
        MessageDeduplicationId=lambda n: f"d{n}",
    )
    real = can.queues.send

    async def refusing(queue: Any, messages: Any) -> Any:
        bad = [m for m in messages if m.body == b"0:00"]
        return {m.id: "no" for m in bad} | dict(await real(queue, [m for m in messages if m not in bad]))

    can.queues.send = refusing  # type: ignore[method-assign]
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq, rate=100.0))
    assert isinstance(outcome, Failed)
    moved = sorted(m["Body"] for m in await queues.read(queues.source_url))
    assert moved == sorted(f"1:{n:02}" for n in range(1, 30, 2))
    assert await queues.depth(queues.dlq_url) == 15


class Strict(SqsQueues):
    """SQS as its API Reference allows it to be: a receipt that has run out deletes nothing, and the answer is success."""

    hidden_until = 0.0

    async def receive(self, queue: QueueInfo, count: int, visibility: float) -> Sequence[ReceivedMessage]:
        """Remember how long the receipts are good."""
        self.hidden_until = anyio.current_time() + visibility
        return await super().receive(queue, count, visibility)

    async def delete(self, queue: QueueInfo, receipts: Sequence[str]) -> int:
        """Delete, or say so."""
        if anyio.current_time() >= self.hidden_until:
            return len(receipts)
        return await super().delete(queue, receipts)


@pytest.mark.parametrize("instant", ["redrive.received", "redrive.sent"])
async def test_a_stall_longer_than_the_hiding_sends_nothing_twice(aws: Aws, client: Any, instant: str) -> None:
    """Receipts that ran out while the process stood still delete nothing; the messages come back and are not sent again."""
    queues = await make_queues(client)
    await queues.fill(queues.dlq_url, ["a", "b", "c"])
    stalls = iter([mover.VISIBILITY + 0.3])

    def stall(name: str) -> None:
        if name == instant:
            time.sleep(next(stalls, 0))

    failpoints.arm(stall)
    can = Capabilities(queues=Strict(aws, client), channels={}, letters=Remembered())
    try:
        outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue=queues.dlq))
    finally:
        failpoints.arm(None)
    assert isinstance(outcome, Done)
    assert outcome.facts["moved"] == 3
    assert sorted(m["Body"] for m in await queues.read(queues.source_url)) == ["a", "b", "c"]
    assert await queues.depth(queues.dlq_url) == 0
