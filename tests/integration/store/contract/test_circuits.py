"""The record of circuits: a version over an older one, told once, published - on PostgreSQL as on the simulation's small store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.model.spend.circuit import Circuit, Crowd, State, Verdict
from leh_guardian.model.spend.limits import Scope, Tier
from leh_guardian.store import circuits
from leh_guardian.store.transaction import transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW

CASE = Scope.CASE


def minutes(count: int) -> datetime:
    """The instant so many minutes from now."""
    return NOW + timedelta(minutes=count)


def circuit(key: str = "a", version: int = 1, state: State = State.OPEN, **changed: Any) -> Circuit:
    """A circuit."""
    return Circuit(**{"scope": CASE, "key": key, "state": state, "version": version, "since": NOW} | changed)


async def follow(store: Store, *ones: Circuit) -> list[bool]:
    """Write circuits."""
    return [await store.do(lambda tx, one=one: circuits.follow(tx, one)) for one in ones]


async def get(store: Store, key: str = "a") -> Circuit:
    """Read one."""
    found: Circuit = await store.do(lambda tx: circuits.get(tx, CASE, key))
    return found


async def test_a_version_is_written_over_an_older_one_alone(store: Store) -> None:
    """What is as new or newer stays; every field comes back; what was never anything but closed is version 0."""
    whole = circuit(
        version=3,
        tier=Tier.HARD,
        reason="too much",
        actor="kim",
        until=minutes(5),
        opens=2,
        verdict=Verdict.ATTACK,
        allowance=10,
        opened_at=minutes(-1),
        cleared_at=minutes(-2),
        last_use_at=minutes(1),
        asks=True,
        cause=UUID(int=1),
        published=2,
        tripped_at=minutes(-3),
    )
    assert await follow(store, whole, circuit(version=3, state=State.CLOSED), circuit(version=2)) == [
        True,
        False,
        False,
    ]
    assert await get(store) == whole
    newer = circuit(version=4, state=State.CLOSED)
    assert await follow(store, newer) == [True]
    assert (await get(store), await get(store, "b")) == (newer, Circuit(CASE, "b"))
    found = await store.do(lambda tx: circuits.of(tx, [(CASE, "a"), (CASE, "b"), (Scope.USER, "a")]))
    assert found == {(CASE, "a"): newer}
    assert await store.do(lambda tx: circuits.of(tx, [])) == {}


async def test_of_two_who_write_a_version_at_once_one_does(store: Store) -> None:
    """The second waits for the first and is refused: the first version as well as any later one."""
    for version in (1, 2):
        async with store.waiter() as second, transaction(store.pool) as one:
            assert await circuits.follow(one, circuit(version=version, reason="one"))
            await second.begin(lambda tx, version=version: circuits.follow(tx, circuit(version=version, reason="two")))
        assert (second.error, second.result, (await get(store)).reason) == (None, False, "one")


async def test_who_locks_a_circuit_reads_it_as_it_is_then(store: Store) -> None:
    """A move that waited for another one goes on from that one's version."""
    await follow(store, circuit())
    async with store.waiter() as second, transaction(store.pool) as one:
        await circuits.get(one, CASE, "a", lock=True)
        await second.begin(lambda tx: circuits.get(tx, CASE, "a", lock=True))
        await circuits.follow(one, circuit(version=2))
    assert second.result == circuit(version=2)


async def test_listed_is_what_is_not_closed_the_newest_first(store: Store) -> None:
    """Of one moment by key; the closed ones, too, where they are asked for."""
    await follow(store, *(circuit(key, since=minutes(at)) for key, at in (("c", 1), ("b", 2), ("a", 1))))
    await follow(store, circuit("d", state=State.CLOSED, since=minutes(9)))
    assert [one.key for one in await store.do(circuits.listed)] == ["b", "a", "c"]
    assert [one.key for one in await store.do(lambda tx: circuits.listed(tx, closed=True))] == ["d", "b", "a", "c"]


async def test_what_the_worker_does_not_read_yet_is_known(store: Store) -> None:
    """The longest waiting first; an older word never takes back a newer one."""
    await follow(store, circuit("a", since=minutes(2)), circuit("b", 2, since=minutes(1)), circuit("c", published=1))
    assert [one.key for one in await store.do(circuits.unpublished)] == ["b", "a"]
    for key, version in (("b", 2), ("b", 1), ("a", 1), ("nobody", 1)):
        await store.do(lambda tx, key=key, version=version: circuits.published(tx, CASE, key, version))
    assert await store.do(circuits.unpublished) == []
    assert [(await get(store, key)).published for key in "ab"] == [1, 2]


async def test_each_version_is_told_once(store: Store) -> None:
    """In order; a rollback gives it back; what another tells now is passed by."""
    await follow(store, circuit("b"), circuit("a"), circuit("a", scope=Scope.USER))
    async with store.rolled_back() as tx:
        assert [(one.scope, one.key) for one in await circuits.take_untold(tx)] == [
            (CASE, "a"),
            (CASE, "b"),
            (Scope.USER, "a"),
        ]
        assert await store.do(circuits.take_untold) == []
    assert len(await store.do(circuits.take_untold)) == 3
    assert await store.do(circuits.take_untold) == []
    await follow(store, circuit("b", 2))
    assert await store.do(circuits.take_untold) == [circuit("b", 2)]


async def test_use_of_what_is_open_is_noted(store: Store) -> None:
    """The newest; of what pauses work alone."""
    states = {"a": State.OPEN, "b": State.FORCED_OPEN, "c": State.HALF_OPEN}
    await follow(store, *(circuit(key, state=state) for key, state in states.items()))
    for at in (2, 1):
        await store.do(lambda tx, at=at: circuits.used(tx, {(CASE, key): minutes(at) for key in "dca"}))
        await store.do(lambda tx, at=at: circuits.used(tx, {(CASE, "a"): minutes(0), (CASE, "b"): minutes(5 - at)}))
    assert [(await get(store, key)).last_use_at for key in "abc"] == [minutes(2), minutes(4), None]


async def test_the_crowd_is_what_guardian_opened(store: Store) -> None:
    """Open or begun again, and what has opened lately, whoever has closed it since; a person's and the fleet's are not counted."""
    await follow(
        store,
        circuit("a", tripped_at=minutes(-20)),
        circuit("b", state=State.HALF_OPEN, tripped_at=minutes(-1)),
        circuit("c", state=State.CLOSED, tripped_at=minutes(-1)),
        circuit("d", state=State.CLOSED, tripped_at=minutes(-20)),
        circuit("e", state=State.CLOSED, actor="kim", tripped_at=minutes(-1)),
        circuit("g", state=State.FORCED_OPEN, actor="kim", opened_at=minutes(-1), tripped_at=minutes(-20)),
        circuit("", scope=Scope.FLEET, tripped_at=minutes(-1)),
        circuit("f", state=State.SHADOW),
    )
    assert await store.do(lambda tx: circuits.crowd(tx, minutes(-10))) == Crowd(2, 3)


async def test_an_alarm_is_told_once_in_a_while(store: Store) -> None:
    """Each scope, key and tier by itself; told again once it is long enough ago, to the instant."""
    park, hard = (CASE, "a", Tier.PARK), (CASE, "a", Tier.HARD)

    async def told(at: int, *alarms: Any) -> Any:
        return await store.do(lambda tx: circuits.newly_told(tx, dict.fromkeys(alarms, minutes(at - 10)), minutes(at)))

    assert await told(0, park, park) == {park}
    assert await told(10, park, hard) == {hard}
    assert await told(11, park, hard) == {park}
    assert await told(12) == set()
    since = {park: minutes(11), hard: minutes(12)}
    assert await store.do(lambda tx: circuits.newly_told(tx, since, minutes(13))) == {hard}


@pytest.mark.parametrize("old", [False, True])
async def test_of_two_who_tell_an_alarm_at_once_one_does(store: Store, old: bool) -> None:
    """The second waits for the first, and does not tell it."""
    alarm = (CASE, "a", Tier.PARK)
    if old:
        await store.do(lambda tx: circuits.newly_told(tx, {alarm: minutes(-70)}, minutes(-60)))
    async with store.waiter() as second, transaction(store.pool) as one:
        assert await circuits.newly_told(one, {alarm: minutes(-10)}, NOW) == {alarm}
        await second.begin(lambda tx: circuits.newly_told(tx, {alarm: minutes(-10)}, NOW))
    assert (second.error, second.result) == (None, set())


async def test_what_is_closed_for_long_is_forgotten(store: Store) -> None:
    """Unless the worker reads an older version; alarms likewise; at most a portion of each."""
    closed = circuit(state=State.CLOSED, published=1)
    await follow(store, *(replace(closed, key=key) for key in "ab"), replace(closed, key="c", published=0))
    await follow(store, replace(closed, key="d", since=minutes(5)), circuit("e", published=1))
    for key in "ab":
        await store.do(lambda tx, key=key: circuits.newly_told(tx, {(CASE, key, Tier.PARK): NOW}, NOW))
    assert await store.do(lambda tx: circuits.forget(tx, minutes(1), 1)) == 2
    assert await store.do(lambda tx: circuits.forget(tx, minutes(1), 9)) == 2
    assert await store.do(lambda tx: circuits.forget(tx, minutes(1), 9)) == 0
    assert sorted(one.key for one in await store.do(lambda tx: circuits.listed(tx, closed=True))) == ["c", "d", "e"]
