"""Owns SQS in virtual time: standard queues with visibility timeouts, receipts, redrive policies; the one rule: as bad as SQS may be.

A long poll goes on at the server when its client dies or gives up, and what it finds stays hidden. A receipt that has run out
deletes nothing and says that it did. A message may be delivered again though it is hidden, and in any order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

from leh_guardian.errors import NotFound, Throttled, Unavailable
from leh_guardian.ports import OutgoingMessage, QueueDepth, QueueInfo, ReceivedMessage
from tests.sim.loop import Process, current_process
from tests.sim.world import EPOCH, Fate, World

Answer = TypeVar("Answer")

_ARN = "arn:aws:sqs:ap-northeast-2:012345670123:"
_FULL = 10


@dataclass
class Message:
    """A message in a queue."""

    id: str
    body: bytes
    attributes: Mapping[str, object]
    sent_at: float
    visible_at: float
    receives: int = 0
    taken_by: Process | None = None

    @property
    def receipt(self) -> str:
        """The only receipt that deletes it: the newest."""
        return f"{self.id}/{self.receives}"


@dataclass
class Queue:
    """A queue at the server."""

    name: str
    visibility: float = 30.0
    max_receive: int | None = None
    dead_letters: str | None = None
    messages: dict[str, Message] = field(default_factory=dict)
    arrived: anyio.Event = field(default_factory=anyio.Event)


class SimSqs:
    """The server."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queues: dict[str, Queue] = {}
        self._made = 0
        self.on_delete: Callable[[str, bytes], None] = lambda queue, body: None
        """Called with each message before it is gone."""

    def create(self, name: str, **attributes: object) -> None:
        """Make a queue."""
        self._queues[name] = Queue(name, **attributes)  # type: ignore[arg-type]

    def queue(self, name: str) -> Queue:
        """Return a queue.

        Raises:
            NotFound: there is none of that name.
        """
        found = self._queues.get(name.rpartition(":")[2])
        if found is None:
            raise NotFound(f"queue {name} does not exist")
        return found

    def bodies(self, name: str) -> list[bytes]:
        """Return what is in a queue, hidden or not."""
        return [message.body for message in self.queue(name).messages.values()]

    def send(self, name: str, body: bytes, attributes: Mapping[str, object] | None = None) -> None:
        """Put a message into a queue."""
        self._made += 1
        now = self._world.loop.time()
        message = Message(f"m{self._made}", body, dict(attributes or {}), now, now)
        self._put(self.queue(name), message)

    def _put(self, queue: Queue, message: Message) -> None:
        queue.messages[message.id] = message
        queue.arrived.set()
        queue.arrived = anyio.Event()

    async def receive(
        self, name: str, count: int, wait: float, visibility: float, taker: Process | None = None
    ) -> list[ReceivedMessage]:
        """Long-poll for `taker`: what is visible, or becomes so while the wait lasts."""
        queue = self.queue(name)
        end = self._world.loop.time() + wait
        while not (taken := self._take(queue, count, visibility, taker)) and (now := self._world.loop.time()) < end:
            soon = min((m.visible_at for m in queue.messages.values() if m.visible_at > now), default=end)
            with anyio.move_on_after(min(end, soon) - now):
                await queue.arrived.wait()
        return taken

    def _take(self, queue: Queue, count: int, visibility: float, taker: Process | None) -> list[ReceivedMessage]:
        now, rng = self._world.loop.time(), self._world.rng
        visible = [message for message in queue.messages.values() if message.visible_at <= now]
        rng.shuffle(visible)
        taken: list[ReceivedMessage] = []
        for message in visible[:count]:
            if queue.max_receive is not None and message.receives >= queue.max_receive and queue.dead_letters:
                self._put(self.queue(queue.dead_letters), queue.messages.pop(message.id))
                message.visible_at = now
                continue
            message.receives += 1
            message.taken_by = taker
            if not self._world.roll(self._world.weather.duplicate, "delivered again"):
                message.visible_at = now + visibility
            taken.append(
                ReceivedMessage(
                    message.id,
                    message.receipt,
                    message.body,
                    message.receives,
                    message.attributes,
                    sent_at=EPOCH.timestamp() + message.sent_at,
                )
            )
        return taken

    def delete(self, name: str, receipts: Sequence[str]) -> int:
        """Delete messages; a receipt that is not the newest deletes nothing and counts."""
        queue = self.queue(name)
        for receipt in receipts:
            message = queue.messages.get(receipt.partition("/")[0])
            if message is not None and message.receipt == receipt:
                self.on_delete(name, message.body)
                del queue.messages[message.id]
        return len(receipts)

    def release(self, name: str, receipts: Sequence[str]) -> None:
        """Make messages visible again."""
        queue = self.queue(name)
        for receipt in receipts:
            message = queue.messages.get(receipt.partition("/")[0])
            if message is not None and message.receipt == receipt:
                message.visible_at = self._world.loop.time()
        queue.arrived.set()
        queue.arrived = anyio.Event()

    def held_by(self, name: str, process: Process) -> list[Message]:
        """Return what a process has taken from a queue and neither deleted nor given back."""
        now = self._world.loop.time()
        return [m for m in self.queue(name).messages.values() if m.taken_by is process and m.visible_at > now]

    def depth(self, name: str) -> QueueDepth:
        """Count a queue's messages."""
        now = self._world.loop.time()
        messages = self.queue(name).messages.values()
        visible = sum(message.visible_at <= now for message in messages)
        return QueueDepth(visible, len(messages) - visible)

    def info(self, name: str) -> QueueInfo:
        """Describe a queue."""
        queue = self.queue(name)
        dead = f"{_ARN}{queue.dead_letters}" if queue.dead_letters else None
        depth = self.depth(name)
        return QueueInfo(
            queue.name, queue.name, f"{_ARN}{queue.name}", False, depth, queue.visibility, queue.max_receive, dead
        )

    def sources(self, name: str) -> list[str]:
        """Return the queues whose dead letters go to `name`."""
        return [queue.name for queue in self._queues.values() if queue.dead_letters == name]


class Client:
    """The way from a process to the server."""

    def __init__(self, world: World, sqs: SimSqs) -> None:
        self._world = world
        self._sqs = sqs

    async def ask(self, what: str, serve: Callable[[], Awaitable[Answer]], *, effect: bool = False) -> Answer:
        """Have the server do something; it goes on with it whatever becomes of the one who asked."""
        fate = await self._world.call(what, effect=effect)
        if fate is Fate.FAILS:
            raise Unavailable(f"{what}: SQS refused")
        if self._world.roll(self._world.weather.throttle, "throttled"):
            raise Throttled(f"{what}: slow down")
        answer = await self._world.remote(serve)
        await self._world.reply(fate)
        if fate is Fate.LOSES_ANSWER:
            raise Unavailable(f"{what}: no answer")
        return answer


class SimAlertQueue(Client):
    """The alert queue of a replica."""

    def __init__(self, world: World, sqs: SimSqs, name: str, *, wait: float, visibility: float) -> None:
        super().__init__(world, sqs)
        self.name = name
        self.wait = wait
        self._visibility = visibility

    async def receive(self) -> Sequence[ReceivedMessage]:
        """Long-poll once."""
        taker = current_process()
        return await self.ask(
            "receive", lambda: self._sqs.receive(self.name, _FULL, self.wait, self._visibility, taker)
        )

    async def delete(self, receipts: Sequence[str]) -> int:
        """Delete up to ten messages."""
        return await self.ask("delete", lambda: _now(lambda: self._sqs.delete(self.name, receipts)))

    async def depth(self) -> QueueDepth:
        """Return the counts."""
        return await self.ask("depth", lambda: _now(lambda: self._sqs.depth(self.name)))

    async def ping(self) -> None:
        """Raise when it cannot be used."""
        await self.depth()


class SimQueues(Client):
    """SQS as handlers use it."""

    async def info(self, queue: str) -> QueueInfo:
        """Describe a queue."""
        return await self.ask(f"describe {queue}", lambda: _now(lambda: self._sqs.info(queue)))

    async def dead_letter_sources(self, queue: QueueInfo) -> Sequence[str]:
        """Return the queues whose dead letters go to `queue`."""
        return await self.ask("sources", lambda: _now(lambda: self._sqs.sources(queue.name)))

    async def receive(self, queue: QueueInfo, count: int, visibility: float) -> Sequence[ReceivedMessage]:
        """Take up to `count` messages."""
        return await self.ask("take letters", lambda: self._sqs.receive(queue.name, min(_FULL, count), 1, visibility))

    async def send(self, queue: QueueInfo, messages: Sequence[OutgoingMessage]) -> Mapping[str, str]:
        """Send messages."""

        def put() -> Mapping[str, str]:
            for message in messages:
                self._sqs.send(queue.name, message.body, message.attributes)
            return {}

        return await self.ask("send letters", lambda: _now(put), effect=True)

    async def delete(self, queue: QueueInfo, receipts: Sequence[str]) -> int:
        """Delete messages."""
        return await self.ask("delete letters", lambda: _now(lambda: self._sqs.delete(queue.name, receipts)))

    async def release(self, queue: QueueInfo, receipts: Sequence[str]) -> None:
        """Make messages visible again."""
        await self.ask("release letters", lambda: _now(lambda: self._sqs.release(queue.name, receipts)))


async def _now(work: Callable[[], Answer]) -> Answer:
    return work()
