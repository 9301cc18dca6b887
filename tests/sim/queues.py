"""Owns SQS in virtual time: the queues of the tests' own server under the real adapters; the one rule: as bad as SQS may be.

The same queues answer over HTTP in tests/support/sqs_server, where one suite holds them beside other SQS servers. Here a client
stands in the place of aiobotocore's. A long poll goes on at the server when its client dies or gives up, and what it finds
stays hidden.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from botocore.exceptions import HTTPClientError

from leh_guardian.adapters.aws import Aws
from tests.sim.breaker import refusal
from tests.sim.loop import current_process
from tests.sim.world import Fate, World
from tests.support.sqs_server.account import REGION, Account
from tests.support.sqs_server.errors import SqsError
from tests.support.sqs_server.messages import Message, State
from tests.support.sqs_server.operations import Operations

Body = Mapping[str, Any]

_LIVE = {State.READY, State.DELAYED, State.IN_FLIGHT}


class _Account(Account):
    def __init__(self, world: World) -> None:
        super().__init__(0)
        self._world = world
        self.random = random.Random(world.seed + 3)

    def now(self) -> float:
        return self._world.begin.timestamp() + self._world.loop.time()


class SimSqs:
    """The server."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._account = _Account(world)
        self._account.knobs.duplicates = world.weather.duplicate
        self._account.knobs.resurrections = world.weather.lose / 4
        self._account.knobs.entry_failures = world.weather.fail
        self._account.knobs.shuffle = True
        self._operations = Operations(self._account, lambda queue: f"https://sqs.test/{queue.name}")
        self._changed = anyio.Event()
        self.on_delete: Callable[[str, bytes], None] = lambda queue, body: None
        """Called with each message before it is gone."""

    def create(self, name: str, **attributes: str) -> None:
        """Make a queue."""
        self._account.create(name, attributes)

    def calm_down(self) -> None:
        """Misbehave no longer."""
        for queue in self._account:
            queue.knobs.duplicates = queue.knobs.resurrections = queue.knobs.entry_failures = 0.0

    def messages(self, name: str) -> list[Message]:
        """Return what is in a queue, hidden or not."""
        return [message for message in self._account.named(name).messages if message.state in _LIVE]

    def bodies(self, name: str) -> list[bytes]:
        """Return the bodies of what is in a queue."""
        return [message.body.encode() for message in self.messages(name)]

    def put(self, name: str, body: bytes) -> None:
        """Put a message into a queue."""
        self.run("SendMessage", {"QueueUrl": f"/{name}", "MessageBody": body.decode()}, "sender")

    def held_by(self, name: str, who: str) -> list[Message]:
        """Return what a client has taken from a queue and neither deleted nor given back."""
        return [m for m in self.messages(name) if m.state is State.IN_FLIGHT and m.received[-1][1] == who]

    def run(self, operation: str, body: Body, by: str) -> Body:
        """Run an operation.

        Raises:
            SqsError: it is refused.
        """
        if operation.startswith("DeleteMessage"):
            self._tell_of_deletes(body)
        answer = self._operations.run(operation, body, by)
        self._changed.set()
        self._changed = anyio.Event()
        return answer

    def _tell_of_deletes(self, body: Body) -> None:
        queue = self._account.at(body["QueueUrl"])
        for entry in body.get("Entries", [body]):
            message = queue.of_receipt(entry["ReceiptHandle"])
            if message is not None:
                self.on_delete(queue.name, message.body.encode())

    async def receive(self, body: Body, by: str) -> Body:
        """Long-poll: what is visible, or becomes so while the wait lasts."""
        queue, loop = self._account.at(body["QueueUrl"]), self._world.loop
        end = loop.time() + body.get("WaitTimeSeconds", 0)
        while not (found := self._operations.run("ReceiveMessage", body, by)) and loop.time() < end:
            due = queue.next_due()
            soon = end if due is None else min(end, due - self._world.begin.timestamp())
            with anyio.move_on_after(max(0.001, soon - loop.time())):
                await self._changed.wait()
        return found


class SimAws(Aws):
    """The session, without the SDK behind it: its one retry layer and its table of errors are the real ones."""

    def __init__(self) -> None:
        self.region = REGION


class SimClient:
    """A process's client, in the place of aiobotocore's."""

    def __init__(self, world: World, sqs: SimSqs) -> None:
        self._world = world
        self._sqs = sqs

    async def receive_message(self, **body: Any) -> Body:
        """Long-poll once."""
        return await self._ask("ReceiveMessage", body)

    async def delete_message_batch(self, **body: Any) -> Body:
        """Delete up to ten messages."""
        return await self._ask("DeleteMessageBatch", body)

    async def send_message_batch(self, **body: Any) -> Body:
        """Send up to ten messages."""
        return await self._ask("SendMessageBatch", body, effect=True)

    async def change_message_visibility_batch(self, **body: Any) -> Body:
        """Hide or show up to ten messages."""
        return await self._ask("ChangeMessageVisibilityBatch", body)

    async def get_queue_attributes(self, **body: Any) -> Body:
        """Describe a queue."""
        return await self._ask("GetQueueAttributes", body)

    async def get_queue_url(self, **body: Any) -> Body:
        """Find a queue."""
        return await self._ask("GetQueueUrl", body)

    async def list_dead_letter_source_queues(self, **body: Any) -> Body:
        """Find the sources of a dead-letter queue."""
        return await self._ask("ListDeadLetterSourceQueues", body)

    async def _ask(self, operation: str, body: Body, *, effect: bool = False) -> Body:
        process = current_process()
        assert process is not None
        fate = await self._world.call(operation, effect=effect)
        if fate is Fate.FAILS:
            raise refusal(operation, "ServiceUnavailable", 503)
        if self._world.roll(self._world.weather.throttle, "throttled"):
            raise refusal(operation, "RequestThrottled", 400)
        answer = await self._world.remote(lambda: self._serve(operation, body, process.id))
        await self._world.reply(fate)
        if fate is Fate.LOSES_ANSWER:
            raise HTTPClientError(error="no answer")
        return answer

    async def _serve(self, operation: str, body: Body, by: str) -> Body:
        try:
            if operation == "ReceiveMessage":
                return await self._sqs.receive(body, by)
            return self._sqs.run(operation, body, by)
        except SqsError as error:
            raise refusal(operation, error.code, 400) from error
