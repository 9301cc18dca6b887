"""Attempts under their lease: whoever is overtaken writes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from leh_guardian.errors import LeaseLost
from leh_guardian.model.action import ActionStatus, ClaimedAction
from leh_guardian.model.mode import Mode
from leh_guardian.store import actions, control, overview
from leh_guardian.store.transaction import Transaction, autocommit, transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, action, incident

LATER = NOW + timedelta(minutes=1)
OFF, OBSERVE, PROPOSE, ACT = Mode
Step = Callable[[Transaction, ClaimedAction], Awaitable[object]]

STEPS: dict[str, Step] = {
    "renew": lambda tx, a: actions.renew(tx, a.id, a.attempt),
    "checkpoint": lambda tx, a: actions.checkpoint(tx, a, ACT, {"step": 1}),
    "settle": lambda tx, a: actions.settle(tx, a, NOW, ActionStatus.SUCCEEDED, {"result": "done"}),
}


WAITING = {name: step for name, step in STEPS.items() if name != "renew"}


@pytest.fixture(autouse=True)
async def _an_incident(store: Store) -> None:
    await store.open(incident(), incident(2))


async def started(store: Store) -> ClaimedAction:
    """The first attempt of an action."""
    await store.plan(action())
    [claimed] = await store.claim()
    return claimed


async def renewed(store: Store, claimed: ClaimedAction) -> bool:
    """Renew as an attempt does: by a statement of its own."""
    async with autocommit(store.pool) as tx:
        return await actions.renew(tx, claimed.id, claimed.attempt)


async def listed(store: Store, number: int = 1) -> dict[str, object]:
    """What people see of an action."""
    rows = await store.do(overview.list_actions)
    return next(row for row in rows if row["id"] == str(action(number).id))


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
async def test_an_overtaken_attempt_writes_nothing(
    store: Store, leases_run_out: Callable[[], None], step: Step
) -> None:
    """Once another attempt has the action, renewal, checkpoint and settlement of the one before are refused."""
    leases_run_out()
    before = await started(store)
    await store.claim()
    with pytest.raises(LeaseLost):
        await store.do(lambda tx: step(tx, before))
    found = await listed(store)
    assert (found["status"], found["attempt"], found["outcome"]) == ("running", 2, None)


@pytest.mark.parametrize("step", WAITING.values(), ids=WAITING)
async def test_an_attempt_that_is_being_overtaken_waits_and_writes_nothing(
    store: Store, leases_run_out: Callable[[], None], step: Step
) -> None:
    """While another replica's claim is being committed the old attempt waits, and then is too late."""
    leases_run_out()
    before = await started(store)
    async with store.waiter() as second, transaction(store.pool) as one:
        [again] = await actions.claim(one, NOW, ACT, "two", 1)
        assert again.attempt == 2
        await second.begin(lambda tx: step(tx, before))
    assert isinstance(second.error, LeaseLost)


@pytest.mark.parametrize("step", WAITING.values(), ids=WAITING)
async def test_an_attempt_that_was_not_overtaken_after_all_goes_on(
    store: Store, leases_run_out: Callable[[], None], step: Step
) -> None:
    """If the other replica's claim rolls back, the attempt that waited owns its action still."""
    leases_run_out()
    before = await started(store)
    async with store.waiter() as second, store.rolled_back() as one:
        await actions.claim(one, NOW, ACT, "two", 1)
        await second.begin(lambda tx: step(tx, before))
    assert second.error is None


async def test_a_renewal_waits_for_nobody(store: Store, leases_run_out: Callable[[], None]) -> None:
    """While others hold the action a renewal says that nothing was done, and it is lost once they have committed."""
    leases_run_out()
    before = await started(store)
    async with store.rolled_back() as one:
        await actions.claim(one, NOW, ACT, "two", 1)
        assert await renewed(store, before) is False
    assert await renewed(store, before) is True
    async with transaction(store.pool) as one:
        await actions.claim(one, NOW, ACT, "two", 1)
        assert await renewed(store, before) is False
    with pytest.raises(LeaseLost):
        await renewed(store, before)


async def test_a_renewal_needs_no_transaction(
    store: Store, monkeypatch: pytest.MonkeyPatch, leases_run_out: Callable[[], None]
) -> None:
    """Alone it is there at once; in a transaction it goes the way of that."""
    leases_run_out()
    claimed = await started(store)
    monkeypatch.setattr(actions, "LEASE_SECONDS", 30.0)
    async with store.rolled_back() as tx:
        assert await actions.renew(tx, claimed.id, claimed.attempt)
    async with store.rolled_back() as tx:
        assert len(await actions.claim(tx, NOW, ACT, "two", 1)) == 1
    assert await renewed(store, claimed) is True
    assert await store.claim() == []


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
async def test_a_settled_attempt_writes_nothing_more(store: Store, step: Step) -> None:
    """The fence falls with the settlement, whoever settled."""
    claimed = await started(store)
    await store.do(lambda tx: STEPS["settle"](tx, claimed))
    with pytest.raises(LeaseLost):
        await store.do(lambda tx: step(tx, claimed))


async def test_what_is_being_renewed_is_not_claimed(store: Store, leases_run_out: Callable[[], None]) -> None:
    """A claim skips an action whose attempt is just renewing its lease, though it ran out."""
    leases_run_out()
    claimed = await started(store)
    async with transaction(store.pool) as one:
        await actions.renew(one, claimed.id, claimed.attempt)
        assert await store.claim() == []
    assert len(await store.claim()) == 1


async def test_renewal_and_checkpoint_lengthen_the_lease(
    store: Store, monkeypatch: pytest.MonkeyPatch, leases_run_out: Callable[[], None]
) -> None:
    """Each gives the whole time of a lease anew; the end of a lease that has run out may still be put off."""
    for name in ("renew", "checkpoint"):
        leases_run_out()
        await store.plan(action())
        [claimed] = await store.claim()
        monkeypatch.setattr(actions, "LEASE_SECONDS", 30.0)
        await store.do(lambda tx, name=name, claimed=claimed: STEPS[name](tx, claimed))
        assert await store.claim() == []
        leases_run_out()
        await store.do(lambda tx, claimed=claimed: STEPS["renew"](tx, claimed))


async def test_a_lease_of_its_own_length(store: Store, leases_run_out: Callable[[], None]) -> None:
    """Claimed, checkpointed and renewed for as long as was asked for, whatever is usual."""
    leases_run_out()
    await store.plan(action())
    [claimed] = await store.do(lambda tx: actions.claim(tx, NOW, ACT, "one", 1, None, 60.0))
    assert await store.claim() == []
    await store.do(lambda tx: actions.checkpoint(tx, claimed, ACT, {"a": 1}))
    assert await store.claim() == []
    await store.do(lambda tx: actions.renew(tx, claimed.id, claimed.attempt, 60.0))
    assert await store.claim() == []
    await store.do(lambda tx: actions.renew(tx, claimed.id, claimed.attempt))
    assert len(await store.claim()) == 1


async def test_checkpoints_are_what_the_next_attempt_remembers(
    store: Store, leases_run_out: Callable[[], None]
) -> None:
    """All of them are replaced each time; hostile names and values survive."""
    claimed = await started(store)
    await store.do(lambda tx: actions.checkpoint(tx, claimed, ACT, {"a": 1}))
    leases_run_out()
    await store.do(lambda tx: actions.checkpoint(tx, claimed, ACT, {"b\x00": ["\ud83d", 1.5]}))
    assert [a.checkpoints for a in await store.claim()] == [{"b\x00": ["\ud83d", 1.5]}]


@pytest.mark.parametrize("switch", Mode)
@pytest.mark.parametrize("approved", [False, True])
async def test_a_checkpoint_asks_the_modes(store: Store, switch: Mode, approved: bool) -> None:
    """In earnest it goes on at act, or approved at propose."""
    await store.plan(action())
    await store.do(lambda tx: actions.hold_back(tx, NOW, PROPOSE))
    await store.do(lambda tx: actions.decide(tx, action().id, NOW, "kim", approve=approved))
    if not approved:
        await store.plan(action(2))
    [claimed] = await store.claim()
    await store.do(lambda tx: control.set_mode(tx, "fix", switch, "", "kim", NOW))
    allowed = await store.do(lambda tx: actions.checkpoint(tx, claimed, ACT, {}))
    assert allowed is (switch is ACT or (switch is PROPOSE and approved))


@pytest.mark.parametrize("switch", Mode)
async def test_a_dry_run_goes_on_unless_switched_off(store: Store, switch: Mode) -> None:
    """What is only tried out is stopped by off alone."""
    await store.plan(action(mode=OBSERVE))
    [claimed] = await store.claim()
    await store.do(lambda tx: control.set_mode(tx, "*", switch, "", "kim", NOW))
    assert await store.do(lambda tx: actions.checkpoint(tx, claimed, ACT, {})) is (switch is not OFF)


async def test_a_checkpoint_that_waits_has_asked_before(store: Store) -> None:
    """A switch that is set while a checkpoint waits for its row stops the action at its next one."""
    claimed = await started(store)
    async with store.waiter() as second, transaction(store.pool) as one:
        await actions.renew(one, claimed.id, claimed.attempt)
        await second.begin(lambda tx: actions.checkpoint(tx, claimed, ACT, {}))
        await control.set_mode(one, "*", OFF, "stop", "kim", NOW)
    assert second.result is True
    assert await store.do(lambda tx: actions.checkpoint(tx, claimed, ACT, {})) is False


async def test_a_settlement_keeps_what_it_is_not_given(store: Store) -> None:
    """Due time and failures stay unless given; the outcome is what people read."""
    claimed = await started(store)
    await store.do(
        lambda tx: actions.settle(
            tx, claimed, LATER, ActionStatus.SCHEDULED, {"result": "retry"}, due_at=NOW, failures=2
        )
    )
    [again] = await store.claim()
    await store.do(lambda tx: actions.settle(tx, again, LATER, ActionStatus.NEEDS_HUMAN, {"summary": "증거 \x00"}))
    found = await listed(store)
    assert (found["status"], found["due_at"], found["failures"]) == ("needs_human", NOW, 2)
    assert (found["outcome"], found["updated_at"]) == ({"summary": "증거 \x00"}, LATER)
