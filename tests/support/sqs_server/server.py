"""Owns the SQS server as its users see it; the one rule: what it tells of the past is a copy, taken between two requests.

Long polls wait here: a message that arrives, comes back or ends its delay goes to the poll that has waited longest.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request
from tests.support.sqs_server.account import ACCOUNT, REGION, Account
from tests.support.sqs_server.errors import SqsError, told
from tests.support.sqs_server.messages import State
from tests.support.sqs_server.moves import Moves
from tests.support.sqs_server.operations import Operations
from tests.support.sqs_server.queue import Queue

_TYPE = "application/x-amz-json-1.0"
DeleteHook = Callable[[str, Sequence[Mapping[str, Any]]], Awaitable[None] | None]
"""Called with a queue's name and the ledger entries that are about to be deleted."""


@dataclass(eq=False)
class _Poll:
    """A ReceiveMessage that waits."""

    body: Mapping[str, Any]
    by: str
    answer: asyncio.Future[Answer]


class SqsServer(FaultyServer):
    """SQS on loopback, in a thread of its own."""

    def __init__(self, port: int = 0, *, seed: int = 0) -> None:
        super().__init__(port)
        self._account = Account(seed)
        self._operations = Operations(self._account, lambda queue: f"{self.url}/{ACCOUNT}/{queue.name}")
        self._moves = Moves(self._account)
        self._polls: defaultdict[Queue, deque[_Poll]] = defaultdict(deque)
        self._alarms: dict[Queue, asyncio.TimerHandle] = {}
        self.on_delete: DeleteHook | None = None
        """Called in the server's thread before a delete is applied; what it raises ends the server with an error."""

    # What tests ask for, from their own thread.

    def environment(self, who: str = "test") -> dict[str, str]:
        """The variables that make every AWS SDK talk to this server as the client `who`."""
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return own | {"AWS_ACCESS_KEY_ID": who, "AWS_SECRET_ACCESS_KEY": "test"}

    def make_queue(self, name: str, **attributes: str) -> str:
        """Make a queue; returns its URL."""
        return f"{self.url}/{ACCOUNT}/{self.call(self._account.create, name, attributes).name}"

    def make_pair(self, name: str, *, max_receive: int = 3, visibility: int = 30) -> tuple[str, str]:
        """Make a queue and its DLQ `name`-dlq (the `.fifo` of a FIFO queue stays at the end); returns their names."""
        stem, fifo = name.removesuffix(".fifo"), name.endswith(".fifo")
        more, tail = ({"FifoQueue": "true"}, ".fifo") if fifo else ({}, "")
        dlq = f"{stem}-dlq{tail}"
        self.make_queue(dlq, **more)
        policy = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{dlq}", "maxReceiveCount": max_receive}
        self.make_queue(name, RedrivePolicy=json.dumps(policy), VisibilityTimeout=str(visibility), **more)
        return name, dlq

    def put(self, queue: str, bodies: Sequence[str], **more: Any) -> list[str]:
        """Put messages straight into a queue, bodies that SQS would refuse included; returns their ids.

        `more`: `delay`, `group`, `deduplication_id`, `trace`, or callables of the index that give them.
        """

        def put() -> list[str]:
            target = self._account.named(queue)
            ids = []
            for n, body in enumerate(bodies):
                options = {name: value(n) if callable(value) else value for name, value in more.items()}
                ids.append(target.send(self._account.now(), "test", body, {}, **options).id)
            self._serve(target)
            return ids

        return self.call(put)

    def ledger(self, queue: str) -> list[dict[str, Any]]:
        """Return all that ever came into a queue, in order of arrival, with what became of it."""
        return self.call(lambda: [message.entry() for message in self._account.named(queue).messages])

    def bodies(self, queue: str) -> Counter[str]:
        """Return how often each body ever came into a queue."""
        return self.call(lambda: Counter(message.body for message in self._account.named(queue).messages))

    def counts(self, queue: str) -> Counter[str]:
        """Return how many messages are in each state, zero for those that none is in."""

        def counts() -> Counter[str]:
            target = self._account.named(queue)
            target.settle(self._account.now())
            return Counter({state.value: target.counts[state] for state in State})

        return self.call(counts)

    def advance(self, seconds: float) -> None:
        """Move the server's clock on: what is hidden or delayed comes back without a wait."""

        def advance() -> None:
            self._account.advance(seconds)
            for queue in self._account:
                self._serve(queue)

        self.call(advance)

    def tune(self, queue: str | None = None, **knobs: Any) -> None:
        """Set knobs of a queue, or of every present and future one."""

        def tune() -> None:
            everywhere = [self._account.knobs, *(q.knobs for q in self._account)]
            for target in everywhere if queue is None else [self._account.named(queue).knobs]:
                for name, value in knobs.items():
                    if not hasattr(target, name):
                        raise AttributeError(f"no knob named {name}")
                    setattr(target, name, value)

        self.call(tune)

    @property
    def waiting(self) -> int:
        """How many long polls wait."""
        return self.call(lambda: sum(len(polls) for polls in self._polls.values()))

    # What the server does, in its own thread.

    def operation(self, request: Request) -> str:
        """Return the name of the operation, such as SendMessageBatch."""
        return request.header("x-amz-target").rpartition(".")[2] or super().operation(request)

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault as SQS does."""
        return told(fault.code, f"{fault.code}: a fault of the test", fault.status, fault.headers)

    def answer(self, request: Request) -> Answer | Awaitable[Answer]:
        """Run an operation."""
        operation, by = self.operation(request), _client(request.head)
        try:
            body = _read(request.body)
            if operation.startswith("DeleteMessage") and self.on_delete is not None:
                return self._delete_with_hook(operation, body, by)
            return self._run(operation, body, by)
        except SqsError as error:
            return told(error.code, str(error))

    def _run(self, operation: str, body: Mapping[str, Any], by: str) -> Answer | Awaitable[Answer]:
        for queue in self._moves.go_on():
            self._serve(queue)
        if operation.endswith(("MoveTask", "MoveTasks")):
            run = {"Start": self._moves.start, "List": self._moves.list, "Cancel": self._moves.cancel}
            return _answer(run[operation.partition("Message")[0]](body))
        found = self._operations.run(operation, body, by)
        if operation == "ReceiveMessage":
            if not found and (wait := self._wait(body)):
                return self._hold(body, by, wait)
        elif (
            operation not in {"GetQueueUrl", "GetQueueAttributes"} and "QueueUrl" in body and operation != "DeleteQueue"
        ):
            self._serve(self._account.at(body["QueueUrl"]))
        return _answer(found)

    async def _delete_with_hook(self, operation: str, body: Mapping[str, Any], by: str) -> Answer:
        hook = self.on_delete
        try:
            queue = self._account.at(body.get("QueueUrl"))
            receipts = [entry.get("ReceiptHandle", "") for entry in body.get("Entries") or [body]]
            entries = [message.entry() for receipt in receipts if (message := queue.of_receipt(receipt)) is not None]
            told_so = hook(queue.name, entries) if hook is not None else None
            if told_so is not None:
                await told_so
            answer = self._run(operation, body, by)
            return answer if isinstance(answer, Answer) else await answer
        except SqsError as error:
            return told(error.code, str(error))

    def _wait(self, body: Mapping[str, Any]) -> float:
        queue = self._account.at(body.get("QueueUrl"))
        wait = body.get("WaitTimeSeconds")
        return min(queue.attributes.wait if wait is None else wait, queue.knobs.longest_wait)

    def _hold(self, body: Mapping[str, Any], by: str, wait: float) -> Awaitable[Answer]:
        queue = self._account.at(body.get("QueueUrl"))
        poll = _Poll(body, by, self._loop.create_future())
        self._polls[queue].append(poll)
        # A poll of a dead connection may only go on if it is not cancelled with its connection.
        timer = self._loop.call_later(wait, self._end_poll, poll)

        def over(_: object) -> None:
            timer.cancel()
            if poll in self._polls[queue]:
                self._polls[queue].remove(poll)

        poll.answer.add_done_callback(over)
        self._serve(queue)
        return asyncio.shield(poll.answer) if queue.knobs.dead_polls_take else poll.answer

    def _end_poll(self, poll: _Poll) -> None:
        if not poll.answer.done():
            poll.answer.set_result(_answer({}))

    def _serve(self, queue: Queue) -> None:
        """Give what is visible to the polls that wait, and look again when something will be."""
        queue.settle(self._account.now())
        polls = self._polls[queue]
        while polls and queue.counts[State.READY]:
            poll = polls.popleft()
            if poll.answer.done():
                continue
            try:
                found = self._operations.receive_message(poll.body, poll.by)
            except SqsError as error:
                poll.answer.set_result(told(error.code, str(error)))
                continue
            if not found:
                # A FIFO queue whose groups are all in flight.
                polls.appendleft(poll)
                break
            poll.answer.set_result(_answer(found))
        if polls and (due := queue.next_due()) is not None:
            self._look_at(queue, due)

    def _look_at(self, queue: Queue, due: float) -> None:
        timer = self._alarms.pop(queue, None)
        if timer is not None:
            timer.cancel()
        pause = max(0.0, due - self._account.now())
        self._alarms[queue] = self._loop.call_later(pause, self._serve, queue)


def _answer(body: Mapping[str, Any]) -> Answer:
    try:
        return Answer(200, orjson.dumps(body), content_type=_TYPE)
    except TypeError:
        # A lone surrogate, put in by a test.
        return Answer(200, json.dumps(body).encode(), content_type=_TYPE)


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        read: Mapping[str, Any] = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Lone surrogates are for `check_body` to refuse.
        try:
            read = json.loads(body)
        except ValueError as error:
            # Another service's protocol: a daemon that runs for long asks more than queues.
            raise SqsError("UnknownOperationException", "this server speaks SQS alone") from error
    return read


def _client(head: bytes) -> str:
    """Return the access key id that signed the request."""
    _, _, rest = head.partition(b"Credential=")
    return rest.partition(b"/")[0].decode("latin-1")
