"""The claim: who gets which action, over all replicas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from leh_guardian.errors import LeaseLost
from leh_guardian.model.action import ActionStatus, NewAction, Role
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.mode import Mode
from leh_guardian.store import actions, incidents
from leh_guardian.store.transaction import Transaction, transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import EVENT, NOW, action, incident


def ids(*numbers: int) -> list[UUID]:
    """The ids of actions."""
    return [action(number).id for number in numbers]


def at(number: int, minutes: int, **changed: object) -> NewAction:
    """An action that is due some minutes from now."""
    return action(number, due_at=NOW + timedelta(minutes=minutes), **changed)


async def claim_as(tx: Transaction, owner: str = "two", count: int = 10) -> list[UUID]:
    """Claim as a replica, within its transaction."""
    return sorted(a.id for a in await actions.claim(tx, NOW, Mode.ACT, owner, count))


@pytest.fixture(autouse=True)
async def _an_incident(store: Store) -> None:
    await store.open(incident(), incident(2))


async def test_a_claim_gives_what_an_attempt_needs(store: Store) -> None:
    """All of an action and what people are told of its incident; its first attempt holds the lease."""
    until = NOW + timedelta(hours=1)
    await store.plan(action(params={"what": ["it", None, 1.5]}, deadline=until, step_index=3), run=2)
    [claimed] = await store.claim()
    assert (claimed.id, claimed.incident_id, claimed.role) == (action().id, UUID(int=1), Role.STEP)
    assert (claimed.step_id, claimed.step_index, claimed.handler) == ("step-1", 3, "fix")
    assert claimed.params == {"what": ["it", None, 1.5]}
    assert (claimed.attempt, claimed.failures, claimed.losses, claimed.lost) == (1, 0, 0, False)
    assert (claimed.timeout, claimed.attempts, claimed.backoff, claimed.deadline) == (30.0, 3, 1.0, until)
    assert (claimed.checkpoints, claimed.dry_run, claimed.observed, claimed.over) == ({}, False, False, False)
    assert (claimed.rule_id, claimed.event_id, claimed.limits) == ("rule", EVENT.id, {"things": 10})
    assert claimed.incident == {
        "severity": "sev2",
        "dedup_key": "key-1",
        "opened_at": NOW.isoformat(),
        "began_at": NOW.isoformat(),
    }
    assert await store.claim() == []


async def test_planning_twice_plans_once(store: Store) -> None:
    """An action that is stored already is left alone, whatever the second plan says."""
    await store.plan(action(), action())
    await store.plan(action(params={"what": "else"}), action(2))
    assert [a.params["what"] for a in await store.claim()] == ["it", "it"]


async def test_the_longest_due_come_first(store: Store) -> None:
    """By due time, then by the time of planning; what is due later, or settled, is left."""
    await store.plan(at(1, -1), at(2, -3), at(3, -2), at(4, 1), at(5, -9, status=ActionStatus.SKIPPED))
    assert [await store.claimed_ids(1) for _ in range(4)] == [ids(2), ids(3), ids(1), []]


async def test_of_a_plan_the_first_step_comes_first(store: Store) -> None:
    """What is due and was planned at the same time goes by its place in the plan."""
    await store.plan(*[action(number, step_index=9 - number, serialize_key="key") for number in range(1, 4)])
    assert await store.claimed_ids() == ids(3)


async def test_no_two_replicas_claim_the_same(store: Store) -> None:
    """What a claim holds is skipped by another, not waited for, even while it is not committed."""
    await store.plan(action(1))
    async with transaction(store.pool) as one, transaction(store.pool) as two:
        assert await claim_as(one) == ids(1)
        await store.plan(action(2))
        assert await claim_as(two) == ids(2)


async def test_a_claim_looks_at_some_more_than_it_takes(store: Store) -> None:
    """It holds four times what it takes, for the serialize keys among them; another replica gets the rest."""
    await store.plan(*[at(number, number - 60) for number in range(1, 7)])
    async with transaction(store.pool) as one, transaction(store.pool) as two:
        assert await claim_as(one, count=1) == ids(1)
        assert await claim_as(two) == ids(5, 6)


async def test_a_claim_that_rolls_back_starts_nothing(store: Store) -> None:
    """The action is due still, as a first attempt."""
    await store.plan(action())
    async with store.rolled_back() as tx:
        assert await claim_as(tx) == ids(1)
    assert [a.attempt for a in await store.claim()] == [1]


async def test_actions_of_a_key_start_one_after_the_other(store: Store) -> None:
    """One of a key at most is started; the next follows when it has ended. Without a key there is nothing to wait for."""
    keyed = [at(number, number - 60, serialize_key="key") for number in range(1, 4)]
    await store.plan(*keyed, at(4, -5), at(5, -5), at(6, -4, serialize_key="other"))
    first, *others = await store.claim()
    assert [a.id for a in (first, *others)] == ids(1, 4, 5, 6)
    assert await store.claim() == []
    later = NOW + timedelta(minutes=1)
    await store.do(lambda tx: actions.settle(tx, first, NOW, ActionStatus.WAITING, {}, due_at=later))
    assert await store.claim() == []
    await store.do(lambda tx: actions.withdraw(tx, NOW, ids(1), "over"))
    assert await store.claimed_ids() == ids(2)


async def test_what_has_begun_keeps_its_key(store: Store) -> None:
    """An action that waits for its second attempt goes before one of its key that is due earlier."""
    await store.plan(action(1, serialize_key="key"))
    [first] = await store.claim()
    await store.do(lambda tx: actions.settle(tx, first, NOW, ActionStatus.SCHEDULED, {}, due_at=NOW))
    await store.plan(at(2, -5, serialize_key="key"))
    assert await store.claimed_ids() == ids(1)


async def test_two_claims_of_a_key_at_once(store: Store) -> None:
    """A replica that starts another action of a key being started waits for the index, then was not quick enough."""
    await store.plan(action(1, serialize_key="key"))
    async with store.waiter() as second, transaction(store.pool) as one:
        assert await claim_as(one) == ids(1)
        await store.plan(at(2, -5, serialize_key="key"), action(3))
        await second.begin(claim_as)
    assert isinstance(second.error, LeaseLost)
    assert await store.claimed_ids() == ids(3)


async def test_a_key_whose_claim_rolled_back_is_free(store: Store) -> None:
    """If the first replica's claim fails, the second that waited has its own."""
    await store.plan(action(1, serialize_key="key"))
    async with store.waiter() as second, store.rolled_back() as one:
        assert await claim_as(one) == ids(1)
        await store.plan(at(2, -5, serialize_key="key"))
        await second.begin(claim_as)
    assert second.result == ids(2)
    assert await store.claim() == []


async def test_handlers_of_a_newer_version_are_left_to_it(store: Store) -> None:
    """An action whose handler is unknown is left alone for ten minutes, then claimed all the same."""
    await store.plan(at(1, -9, handler="newer"), at(2, -11, handler="newer"), at(3, -5))
    assert await store.claimed_ids(handlers=["fix", "else"]) == ids(2, 3)
    assert await store.claimed_ids(handlers=[]) == []
    assert await store.claimed_ids() == ids(1)


async def test_lost_attempts_are_claimed_again(store: Store, leases_run_out: Callable[[], None]) -> None:
    """Once its lease has run out an action is claimed anew, says so, and counts its losses; before, it is not."""
    await store.plan(action(1), action(2, retryable=False))
    await store.claim()
    assert await store.claim() == []
    leases_run_out()
    for number in (1, 2):
        await store.do(lambda tx, number=number: actions.renew(tx, action(number).id, 1))
    again = await store.claim()
    assert [(a.id, a.attempt, a.losses, a.lost, a.retryable) for a in again] == [
        (action(1).id, 2, 1, True, True),
        (action(2).id, 2, 1, True, False),
    ]
    assert [a.losses for a in await store.claim()] == [2, 2]


async def test_waiting_is_no_loss(store: Store) -> None:
    """What waited and is due goes on with the next attempt."""
    await store.plan(action())
    [claimed] = await store.claim()
    await store.do(lambda tx: actions.settle(tx, claimed, NOW, ActionStatus.WAITING, {"a": 1}, due_at=NOW, failures=2))
    [again] = await store.claim()
    assert (again.attempt, again.lost, again.losses, again.failures) == (2, False, 0, 2)


async def test_of_a_resolved_incident_all_is_over_but_messages(store: Store) -> None:
    """An action of a resolved incident is claimed and told that it is over; a message to people is not."""
    await store.plan(action(1), action(2, role=Role.TELL, changes=False), action(3, of=2))
    await store.do(lambda tx: incidents.save(tx, NOW, [incident(status=IncidentStatus.RESOLVED)]))
    assert [(a.id.int - 1000, a.over) for a in await store.claim()] == [(1, True), (2, False), (3, False)]
