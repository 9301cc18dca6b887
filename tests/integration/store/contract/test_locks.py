"""Waiting for each other: in order, not for ever, and not in a circle."""

from __future__ import annotations

from uuid import UUID

import pytest

from leh_guardian.errors import StoreUnavailable
from leh_guardian.store import incidents
from leh_guardian.store.transaction import Transaction, transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, incident

ONE, TWO = UUID(int=1), UUID(int=2)


async def test_planning_is_serialised_by_rule(store: Store) -> None:
    """Two replicas that plan for a rule go one after the other; for other rules side by side."""
    async with store.waiter() as second, transaction(store.pool) as one:
        await incidents.lock_rules(one, ["b", "a"])
        await incidents.lock_rules(one, ["a"])
        await store.do(lambda tx: incidents.lock_rules(tx, ["c", "d"]))
        await store.do(lambda tx: incidents.lock_rules(tx, []))
        await second.begin(lambda tx: incidents.lock_rules(tx, ["c", "b"]))
    assert second.error is None


async def test_a_rules_lock_ends_with_a_rollback(store: Store) -> None:
    """A replica that fails lets the next go on."""
    async with store.waiter() as second, store.rolled_back() as one:
        await incidents.lock_rules(one, ["a"])
        await second.begin(lambda tx: incidents.lock_rules(tx, ["a"]))
    assert second.error is None


async def test_those_who_wait_are_served_one_by_one(store: Store) -> None:
    """Each sees what those before have written; which comes first is open: PostgreSQL lets them race for the new version."""
    await store.open(incident())

    async def count(tx: Transaction) -> int:
        found = await incidents.lock(tx, ONE)
        assert found is not None
        await incidents.save(tx, NOW, [incident(event_count=found.event_count + 1)])
        return found.event_count

    async with store.waiter() as third, store.waiter() as second, transaction(store.pool) as one:
        await incidents.lock(one, ONE)
        await second.begin(count)
        await third.begin(count)
        await incidents.save(one, NOW, [incident(event_count=7)])
    assert {second.result, third.result} == {7, 8}


async def test_of_a_circle_one_is_ended(store: Store) -> None:
    """Two transactions that wait for each other: one is told to try again, the other goes on."""
    await store.open(incident(), incident(2))

    async def crosswise(tx: Transaction) -> None:
        await incidents.lock(tx, TWO)
        await incidents.lock(tx, ONE)

    error: StoreUnavailable | None = None
    async with store.waiter() as second:
        try:
            async with transaction(store.pool) as one:
                await incidents.lock(one, ONE)
                await second.begin(crosswise)
                await incidents.lock(one, TWO)
        except StoreUnavailable as raised:
            error = raised
    [said] = [str(ended) for ended in (error, second.error) if ended is not None]
    assert "deadlock detected" in said
    assert await store.waiting() == 0


async def test_nobody_waits_for_ever(store: Store) -> None:
    """A lock that is not given in time is an outage: try again. Its holder goes on undisturbed."""
    await store.open(incident())

    async def impatient(tx: Transaction) -> None:
        await store.give_up_soon(tx)
        await incidents.lock(tx, ONE)

    async with transaction(store.pool) as one:
        await incidents.lock(one, ONE)
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            await store.do(impatient)
        await incidents.save(one, NOW, [incident(event_count=2)])
    found = await store.do(lambda tx: incidents.lock(tx, ONE))
    assert found.event_count == 2


async def test_a_cancelled_wait_leaves_the_queue(store: Store) -> None:
    """A transaction that is cancelled while it waits is rolled back, and the next gets the lock."""
    await store.open(incident())
    async with store.waiter() as second, transaction(store.pool) as one:
        await incidents.lock(one, ONE)
        async with store.waiter() as cancelled:
            await cancelled.begin(lambda tx: incidents.lock(tx, ONE))
            cancelled.cancel()
        assert await store.waiting() == 0
        await second.begin(lambda tx: incidents.lock(tx, ONE))
    assert second.result == incident()
