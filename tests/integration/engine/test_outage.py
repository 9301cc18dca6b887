"""Taking alerts in while PostgreSQL is away, and with more in them than memory should hold."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.engine import intake as intakes
from leh_guardian.errors import RightsMissing, StoreUnavailable
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.ports import ReceivedMessage
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event, body
from tests.support.clock import FakeClock
from tests.support.house import House, NoQueue, World, rule_set

RULE = """
version: 1
rules:
  - id: r
    mode: act
    pattern: {detail: {alarmName: [{prefix: leh-}]}}
    dedup: detail.alarmName
    guards: {cooldown: 1s}
    actions: [{uses: fix}]
"""


class Queue(NoQueue):
    """An alert queue that has ten messages for every poll, and counts the polls."""

    def __init__(self, size: int = 0) -> None:
        super().__init__()
        self.polls = 0
        self._size = size

    async def receive(self) -> Sequence[ReceivedMessage]:
        """Give ten alarms, padded to a size."""
        self.polls += 1
        names = [f"leh-{self.polls}-{n}" for n in range(10)]
        return [ReceivedMessage(n, n, body({**alarm_event(n), "padding": "x" * self._size})) for n in names]

    async def delete(self, receipts: Sequence[str]) -> int:
        """Remember what was deleted."""
        return await super().delete(receipts)


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Callable[[Queue], House]:
    """Make a house over a queue."""

    def make(queue: Queue) -> House:
        one = House(pool, rule_set(tmp_path / "rules", RULE), World(), FakeClock())
        one.intake._queue = queue  # type: ignore[assignment]
        return one

    return make


async def logged(pool: Pool) -> Any:
    """Return how many bodies are in the event log."""
    async with transaction(pool) as tx:
        return await tx.fetchval("select count(*) from event_log")


async def test_what_was_received_is_kept_while_the_store_is_away(
    house: Callable[[Queue], House], pool: Pool, dead: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage drops no message from memory and receives no further ones, which would use up their receives."""
    monkeypatch.setattr(intakes, "_NAP", 0.01)
    queue = Queue()
    one = house(queue)
    send, receive = anyio.create_memory_object_stream[Sequence[ReceivedMessage]](10)
    async with send, receive, anyio.create_task_group() as deletes:
        await one.intake.poll(send)
        one.intake._pool = dead
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await one.intake.drain(receive, deletes)
            assert await one.intake.poll(send) == 0
        assert (queue.polls, queue.deleted) == (1, [])
        one.intake._pool = pool
        assert await one.intake.drain(receive, deletes) == 10
        assert await one.intake.poll(send) == 10
    assert len(queue.deleted) == 10
    assert await logged(pool) == 10


async def test_what_was_received_is_kept_while_a_right_is_missing(
    house: Callable[[Queue], House], pool: Pool, postgres: EmbeddedPostgres
) -> None:
    """A right that was taken away is no fault of any message: none is given up, and all are taken in once it is back."""
    role, other = f"weak_{uuid.uuid4().hex[:8]}", "leh_guardian.event_log"
    async with transaction(pool) as tx:
        await tx.execute(f"create role {role} login password 'weak'")
        await tx.execute(f"grant usage on schema leh_guardian to {role}")
        await tx.execute(f"grant select, insert, update, delete on all tables in schema leh_guardian to {role}")
        await tx.execute(f"revoke insert on {other} from {role}")
    weak = await Pool.open(f"postgresql://{role}:weak@127.0.0.1:{postgres.port}/guardian", size=1)
    queue = Queue()
    one = house(queue)
    send, receive = anyio.create_memory_object_stream[Sequence[ReceivedMessage]](10)
    try:
        async with send, receive, anyio.create_task_group() as deletes:
            await one.intake.poll(send)
            one.intake._pool = weak
            for _ in range(2):
                with pytest.raises(RightsMissing):
                    await one.intake.drain(receive, deletes)
            assert queue.deleted == []
            async with transaction(pool) as tx:
                await tx.execute(f"grant insert on {other} to {role}")
            assert await one.intake.drain(receive, deletes) == 10
        assert len(queue.deleted) == 10
        assert await logged(pool) == 10
    finally:
        await weak.close()
        async with transaction(pool) as tx:
            await tx.execute(f"drop owned by {role}")
            await tx.execute(f"drop role {role}")


async def test_a_storm_of_large_messages_is_bounded_by_weight(
    house: Callable[[Queue], House], pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the committer behind, polling stops at a number of bytes, and one transaction takes no more than that."""
    monkeypatch.setattr(intakes, "_NAP", 0.01)
    size = 250_000
    queue = Queue(size)
    one = house(queue)
    send, receive = anyio.create_memory_object_stream[Sequence[ReceivedMessage]](1000)
    async with send, receive, anyio.create_task_group() as deletes:
        for _ in range(100):
            await one.intake.poll(send)
        assert queue.polls * 10 * size < intakes._WEIGHT + 10 * size + 100_000
        while queue.polls < 10:
            taken = await one.intake.drain(receive, deletes)
            assert taken * size < intakes._WEIGHT + 10 * size + 100_000
            await one.intake.poll(send)


async def test_a_hanging_delete_does_not_hold_up_the_taking_in(
    house: Callable[[Queue], House], pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS hanging on deletes costs redeliveries, never the committer: alerts still in the queue are taken in."""
    monkeypatch.setattr(intakes, "_DELETE_DEADLINE", 0.05)
    monkeypatch.setattr(intakes, "_DELETES", 1)

    class Hanging(Queue):
        async def delete(self, receipts: Sequence[str]) -> int:
            await anyio.sleep_forever()
            return len(receipts)

    one = house(Hanging())
    send, receive = anyio.create_memory_object_stream[Sequence[ReceivedMessage]](1000)
    with anyio.fail_after(10):
        async with send, receive, anyio.create_task_group() as deletes:
            for _ in range(5):
                await one.intake.poll(send)
                await one.intake.drain(receive, deletes)
    assert await logged(pool) == 50
