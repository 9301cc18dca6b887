"""What the taking in of events writes: the inbox and the log."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from leh_guardian.store import inbox
from leh_guardian.store.transaction import transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW

KEYS = [UUID(int=number) for number in range(1, 6)]
LATER = NOW + timedelta(days=1)


async def test_a_key_is_taken_once(store: Store) -> None:
    """Of the keys given, those come back that were not there, once each."""
    assert await store.do(lambda tx: inbox.take(tx, NOW, [KEYS[1], KEYS[0], KEYS[1]])) == {KEYS[0], KEYS[1]}
    assert await store.do(lambda tx: inbox.take(tx, NOW, KEYS[1:4])) == {KEYS[2], KEYS[3]}
    assert await store.do(lambda tx: inbox.take(tx, NOW, [])) == set()


async def test_a_key_in_hand_is_waited_for_and_then_known(store: Store) -> None:
    """Two replicas with the same event: the second waits for the first to commit, and has nothing new."""
    async with store.waiter() as second, transaction(store.pool) as first:
        assert await inbox.take(first, NOW, KEYS[:2]) == set(KEYS[:2])
        await second.begin(lambda tx: inbox.take(tx, NOW, KEYS[1:3]))
    assert second.result == {KEYS[2]}


async def test_a_key_that_was_rolled_back_is_free(store: Store) -> None:
    """If the first replica fails, the second that waited for it takes the event in."""
    async with store.waiter() as second, store.rolled_back() as first:
        await inbox.take(first, NOW, KEYS[:2])
        await second.begin(lambda tx: inbox.take(tx, NOW, KEYS[1:3]))
    assert second.result == set(KEYS[1:3])


async def test_old_keys_and_bodies_are_forgotten_in_portions(store: Store) -> None:
    """By each reason at most a portion goes: by age from the log, by number from the log, by age from the inbox."""
    await store.do(lambda tx: inbox.log_bodies(tx, NOW, [(False, b"old")] * 5))
    await store.do(lambda tx: inbox.log_bodies(tx, LATER, [(True, b"new")] * 5))
    await store.do(lambda tx: inbox.take(tx, NOW, KEYS))

    async def dropped(*, log_before: object = NOW, inbox_before: object = NOW, log_rows: int = 100) -> int:
        gone: int = await store.do(
            lambda tx: inbox.forget(tx, log_before=log_before, inbox_before=inbox_before, log_rows=log_rows, portion=3)  # type: ignore[arg-type]
        )
        return gone

    assert await dropped() == 0
    assert [await dropped(log_before=LATER) for _ in range(3)] == [3, 2, 0]
    assert [await dropped(log_rows=1) for _ in range(3)] == [3, 1, 0]
    assert [await dropped(inbox_before=LATER) for _ in range(3)] == [3, 2, 0]
    assert await store.do(lambda tx: inbox.take(tx, NOW, KEYS)) == set(KEYS)


async def test_the_number_of_rows_is_told_by_their_ids(store: Store) -> None:
    """What was rolled back leaves a gap in the ids, which counts as rows: fewer are kept, never more."""
    await store.do(lambda tx: inbox.log_bodies(tx, NOW, [(False, b"a")] * 2))
    async with store.rolled_back() as tx:
        await inbox.log_bodies(tx, NOW, [(False, b"gap")] * 8)
    await store.do(lambda tx: inbox.log_bodies(tx, NOW, [(False, b"b")]))
    assert await store.do(lambda tx: inbox.forget(tx, log_before=NOW, inbox_before=NOW, log_rows=5, portion=9)) == 2
    assert await store.do(lambda tx: inbox.forget(tx, log_before=NOW, inbox_before=NOW, log_rows=5, portion=9)) == 0
