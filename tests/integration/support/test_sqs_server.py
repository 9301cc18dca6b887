"""The SQS of the tests: what it adds to SQS - knobs, faults, a clock that moves, a ledger - and that it stays sound and fast."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import anyio
import pytest

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.errors import Refused, Throttled, Unavailable
from tests.support.faults import Kind, hang, lose_reply, refuse, throttle
from tests.support.process import wait_for
from tests.support.sqs_server import REGION, SqsProcess, SqsServer
from tests.support.sqs_server.account import Account
from tests.support.sqs_server.errors import SqsError
from tests.support.sqs_server.messages import State


@pytest.fixture
def server() -> Iterator[SqsServer]:
    """A server with a queue `q` and its DLQ."""
    with SqsServer() as made:
        made.make_pair("q")
        yield made


@pytest.fixture
async def aws(server: SqsServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Aws]:
    """A session with it."""
    for name, value in server.environment("alice").items():
        monkeypatch.setenv(name, value)
    async with open_aws(REGION) as opened:
        yield opened


@pytest.fixture
async def sqs(aws: Aws) -> Any:
    """A plain client."""
    return await aws.client("sqs", read_timeout=5)


async def take(sqs: Any, server: SqsServer, queue: str = "q", **options: Any) -> list[dict[str, Any]]:
    """Receive up to ten messages."""
    url = server.make_queue(queue)
    answer = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **options)
    return list(answer.get("Messages", []))


async def drop(sqs: Any, server: SqsServer, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Delete them."""
    entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
    answer: dict[str, Any] = await sqs.delete_message_batch(QueueUrl=server.make_queue("q"), Entries=entries)
    return answer


async def test_the_ledger_remembers_everything(server: SqsServer, sqs: Any) -> None:
    """Who sent a message, each receive, each confirmed delete, where it ended: also after it is gone."""
    await sqs.send_message(QueueUrl=server.make_queue("q"), MessageBody="a")
    server.put("q", ["b"])
    first = await take(sqs, server)
    server.advance(31)
    second = await take(sqs, server)
    await drop(sqs, server, first)
    await drop(sqs, server, second[:1])
    a, b = server.ledger("q")
    assert (a["sent_by"], b["sent_by"]) == ("alice", "test")
    assert [len(e["received"]) for e in (a, b)] == [2, 2]
    assert a["received"][1][0] - a["received"][0][0] >= 31
    assert {e["body"]: (e["state"], len(e["deletes"])) for e in (a, b)} == {"a": ("deleted", 2), "b": ("in_flight", 1)}
    assert server.counts("q")["in_flight"] == 1


async def test_a_hook_sees_deletes_before_they_happen(server: SqsServer, sqs: Any) -> None:
    """The hook is called with what is about to be deleted, once for each message, not for a void receipt."""
    seen: list[tuple[str, str, str]] = []

    async def hook(queue: str, entries: Sequence[Mapping[str, Any]]) -> None:
        await anyio.lowlevel.checkpoint()
        seen.extend((queue, entry["body"], entry["state"]) for entry in entries)

    server.on_delete = hook
    server.put("q", ["a", "b"])
    messages = await take(sqs, server)
    await drop(sqs, server, messages)
    await drop(sqs, server, messages)
    assert seen == [("q", "a", "in_flight"), ("q", "b", "in_flight")]


async def test_a_hook_that_objects_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hook raises is not applied, and comes out when the server ends."""

    async def delete(server: SqsServer) -> None:
        def hook(queue: str, entries: Sequence[Mapping[str, Any]]) -> None:
            raise LookupError("deleted too early")

        server.on_delete = hook
        async with open_aws(REGION) as aws:
            client = await aws.client("sqs")
            with pytest.raises(Unavailable):
                await aws.call(
                    "delete", lambda: client.delete_message(QueueUrl=server.make_queue("q"), ReceiptHandle="x"), tries=1
                )

    async def run() -> None:
        with SqsServer() as server:
            server.make_queue("q")
            for name, value in server.environment().items():
                monkeypatch.setenv(name, value)
            await delete(server)

    with pytest.raises(LookupError, match="too early"):
        await run()


async def test_duplicates_are_delivered_and_deleted_once(server: SqsServer, sqs: Any) -> None:
    """With duplicates on, a message is received twice at once, and either receipt deletes it."""
    server.tune("q", duplicates=1.0)
    server.put("q", ["a"])
    first, second = await take(sqs, server), await take(sqs, server)
    assert [m["Body"] for m in (*first, *second)] == ["a", "a"]
    await drop(sqs, server, first)
    assert server.counts("q") == Counter(deleted=1)
    server.tune("q", duplicates=0.0, resurrections=1.0)
    server.put("q", ["b"])
    await drop(sqs, server, await take(sqs, server))
    server.advance(31)
    assert [m["Body"] for m in await take(sqs, server)] == ["b"], "the delete was confirmed and did nothing"


async def test_shuffled_messages_come_in_another_order(server: SqsServer, sqs: Any) -> None:
    """A Standard queue promises no order; shuffled, it keeps none, and loses nothing."""
    server.tune("q", shuffle=True)
    server.put("q", [str(n) for n in range(50)])
    bodies: list[str] = []
    while messages := await take(sqs, server):
        bodies += [m["Body"] for m in messages]
    assert bodies != sorted(bodies, key=int)
    assert sorted(bodies, key=int) == [str(n) for n in range(50)]


async def test_entries_fail_alone(server: SqsServer, sqs: Any) -> None:
    """An entry that fails for no fault of its sender is told as such and not applied; the others are."""
    server.tune("q", fails_entry=lambda operation, entry: entry.get("MessageBody") == "b")
    entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate("abc")]
    answer = await sqs.send_message_batch(QueueUrl=server.make_queue("q"), Entries=entries)
    assert [(f["Id"], f["SenderFault"]) for f in answer["Failed"]] == [("1", False)]
    assert server.bodies("q") == Counter("ac")
    server.tune("q", fails_entry=None, entry_failures=1.0)
    answer = await drop(sqs, server, await take(sqs, server))
    assert (len(answer["Failed"]), server.counts("q")["deleted"]) == (2, 0)


async def test_too_many_in_flight(server: SqsServer, aws: Aws, sqs: Any) -> None:
    """Beyond the limit a Standard queue refuses receives as SQS does; deletes make room."""
    server.tune("q", in_flight_limit=3)
    server.put("q", list("abcde"))
    messages = await take(sqs, server)
    assert len(messages) == 3
    with pytest.raises(Throttled, match="OverLimit"):
        await aws.call("receive", lambda: take(sqs, server), tries=1)
    await drop(sqs, server, messages)
    assert len(await take(sqs, server)) == 2


@pytest.mark.parametrize("swallows", [False, True])
async def test_a_poll_whose_client_is_gone(server: SqsServer, sqs: Any, *, swallows: bool) -> None:
    """A cancelled poll takes nothing - or, as on AWS, takes what nobody will see until its visibility timeout ends."""
    server.tune("q", dead_polls_take=swallows)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: take(sqs, server, WaitTimeSeconds=20))
        await anyio.to_thread.run_sync(lambda: wait_for(lambda: server.waiting == 1))
        tasks.cancel_scope.cancel()
    if not swallows:
        await anyio.to_thread.run_sync(lambda: wait_for(lambda: server.waiting == 0))
    server.put("q", ["a"])
    assert len(await take(sqs, server)) == int(not swallows)
    server.advance(31)
    assert len(await take(sqs, server)) == 1


async def test_moving_the_clock_wakes_polls(server: SqsServer, sqs: Any) -> None:
    """A poll that waits for a delayed message gets it when a test moves the clock, not later."""
    server.put("q", ["later"], delay=600)
    got: list[dict[str, Any]] = []
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:

            async def poll() -> None:
                got.extend(await take(sqs, server, WaitTimeSeconds=20))

            tasks.start_soon(poll)
            await anyio.to_thread.run_sync(lambda: wait_for(lambda: server.waiting == 1))
            server.advance(601)
    assert [m["Body"] for m in got] == ["later"]


async def test_faults_are_told_as_sqs_tells_them(server: SqsServer, aws: Aws, sqs: Any) -> None:
    """A scripted refusal is the error that the adapters know; a lost reply is a send that happened."""
    queues = SqsQueues(aws, sqs)
    server.faults.script("GetQueueUrl", throttle())
    with pytest.raises(Throttled, match="ThrottlingException"):
        await aws.call("find", lambda: sqs.get_queue_url(QueueName="q"), tries=1)
    server.faults.script("SendMessage", lose_reply(), refuse(503))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await aws.call("send", lambda: sqs.send_message(QueueUrl=server.make_queue("q"), MessageBody="x"), tries=1)
    assert server.bodies("q") == Counter(x=1)
    assert set(server.faults.done) == {
        ("GetQueueUrl", Kind.REFUSE),
        ("SendMessage", Kind.LOSE_REPLY),
        ("SendMessage", Kind.REFUSE),
    }
    assert (await queues.info("q")).depth.total == 1


async def test_a_send_that_was_held_up_arrives_late(server: SqsServer, aws: Aws) -> None:
    """A request that hangs is applied when it is let go, though its client gave up and sent another."""
    impatient = await aws.client("sqs", read_timeout=0.2)
    server.faults.script("SendMessage", hang())
    with pytest.raises(Unavailable):
        await aws.call(
            "send", lambda: impatient.send_message(QueueUrl=server.make_queue("q"), MessageBody="x"), tries=1
        )
    assert server.bodies("q") == Counter()
    server.let_go()
    await anyio.to_thread.run_sync(lambda: wait_for(lambda: server.bodies("q") == Counter(x=1)))


async def test_a_move_task_moves_at_its_rate(server: SqsServer, aws: Aws, sqs: Any) -> None:
    """StartMessageMoveTask: one at a time, as fast as asked, with new ids; it is listed, and can be cancelled."""
    server.put("q-dlq", [str(n) for n in range(30)])
    attributes = await sqs.get_queue_attributes(QueueUrl=server.make_queue("q-dlq"), AttributeNames=["QueueArn"])
    task = {
        "SourceArn": attributes["Attributes"]["QueueArn"],
        "DestinationArn": attributes["Attributes"]["QueueArn"][:-4],
    }
    first = await sqs.start_message_move_task(**task, MaxNumberOfMessagesPerSecond=10)
    with pytest.raises(Refused, match="already a task"):
        await aws.call("move", lambda: sqs.start_message_move_task(**task))
    server.advance(0.95)
    [listed] = (await sqs.list_message_move_tasks(SourceArn=task["SourceArn"]))["Results"]
    assert listed["Status"] == "RUNNING"
    assert 10 <= listed["ApproximateNumberOfMessagesMoved"] < 30
    assert (await sqs.cancel_message_move_task(TaskHandle=first["TaskHandle"]))["ApproximateNumberOfMessagesMoved"] < 30
    await sqs.start_message_move_task(**task)
    server.advance(5)
    [listed] = (await sqs.list_message_move_tasks(SourceArn=task["SourceArn"]))["Results"]
    assert listed["Status"] == "COMPLETED"
    assert server.bodies("q") == Counter(str(n) for n in range(30))
    assert not {e["id"] for e in server.ledger("q")} & {e["id"] for e in server.ledger("q-dlq")}


async def test_as_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server as a process does what the thread does, told and asked over HTTP, and ends with its owner."""
    with SqsProcess(seed=3) as server:
        for name, value in server.environment("bob").items():
            monkeypatch.setenv(name, value)
        url = server.make_queue("q", VisibilityTimeout="60")
        server.put("q", ["a", "b"])
        server.ask("script", operation="ReceiveMessage", faults=[["refuse", 503, "ServiceUnavailable"]])
        async with open_aws(REGION) as aws:
            client = await aws.client("sqs")
            with pytest.raises(Unavailable):
                await aws.call("receive", lambda: client.receive_message(QueueUrl=url), tries=1)
            assert len((await client.receive_message(QueueUrl=url))["Messages"]) == 1
        assert server.bodies("q") == Counter("ab")
        assert server.counts("q")["in_flight"] == 1
        assert [e["received"][0][1] for e in server.ledger("q") if e["received"]] == ["bob"]
        assert server.ask("stats")["done"] == {"ReceiveMessage refuse": 1}
        with pytest.raises(RuntimeError, match="nonsense"):
            server.ask("nonsense")


@pytest.mark.parametrize("fifo", [False, True])
def test_any_sequence_keeps_the_books(*, fifo: bool) -> None:
    """Whatever is done in whatever order, states and counts agree, nothing vanishes, and a FIFO group never runs ahead."""
    for seed in range(30):
        account, rng = Account(seed), random.Random(seed)
        queue = account.create("q.fifo" if fifo else "q", {"FifoQueue": "true"} if fifo else {})
        queue.knobs.duplicates = 0.0 if fifo else 0.1
        receipts: list[str] = []
        for step in range(300):
            match rng.randrange(6):
                case 0 | 1:
                    group = {"group": f"g{rng.randrange(4)}", "deduplication_id": str(step)} if fifo else {}
                    queue.send(
                        account.now(), "x", str(step), {}, delay=None if fifo else rng.choice([None, 5]), **group
                    )
                case 2:
                    found = queue.receive(
                        rng.randint(1, 10), rng.choice([None, 0, 3]), account.now(), "x", lambda _: False
                    )
                    receipts += [receipt for _, receipt in found]
                    _in_order(queue.messages, [message for message, _ in found])
                case 3 if receipts:
                    _quietly(queue.delete, rng.choice(receipts), account.now(), "x")
                case 4 if receipts:
                    _quietly(queue.change_visibility, rng.choice(receipts), rng.choice([0, 2]), account.now())
                case _:
                    account.advance(rng.choice([0.5, 2, 31]))
            assert {s: n for s, n in queue.counts.items() if n} == Counter(m.state for m in queue.messages)
        account.advance(50)
        while queue.counts[State.READY] or queue.next_due() is not None:
            for _, receipt in queue.receive(10, 600, account.now(), "x", lambda _: False):
                queue.delete(receipt, account.now(), "x")
            account.advance(50)
        assert set(Counter(m.state for m in queue.messages)) <= {State.DELETED}


def _in_order(everything: Sequence[Any], found: Sequence[Any]) -> None:
    for message in found:
        if message.group is not None:
            earlier = [
                m for m in everything if m.group == message.group and m.serial < message.serial and m not in found
            ]
            assert all(m.state is State.DELETED for m in earlier), "it ran ahead of its group"


def _quietly(change: Any, *arguments: Any) -> None:
    try:
        change(*arguments)
    except SqsError as error:
        if error.code not in {"InvalidParameterValue", "MessageNotInflight"}:
            raise


def test_depth_costs_nothing(server: SqsServer) -> None:
    """With 100,000 messages waiting, in flight or dead, a step touches a few of them: nothing walks them all."""
    account = Account(0)
    queue = account.create("deep", {})
    for n in range(100_000):
        queue.send(account.now(), "x", str(n), {})
    taken = [receipt for _ in range(5_000) for _, receipt in queue.receive(10, 60, account.now(), "x", lambda _: False)]
    for receipt in taken[::2]:
        queue.delete(receipt, account.now(), "x")
    account.advance(61)
    assert len(queue.receive(10, 60, account.now(), "x", lambda _: False)) == 10
    assert queue.counts == Counter({State.READY: 74_990, State.IN_FLIGHT: 10, State.DELETED: 25_000})
