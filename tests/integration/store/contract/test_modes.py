"""Modes and the kill switch: what they keep from starting, on every replica, and who lets it go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from leh_guardian.model.action import ActionStatus, Role
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.mode import Mode, lowest
from leh_guardian.store import actions, control, incidents, overview
from leh_guardian.store.transaction import Transaction, transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, action, incident

OFF, OBSERVE, PROPOSE, ACT = Mode


async def set_mode(store: Store, scope: str, mode: Mode) -> None:
    """Set the switch of a scope."""
    await store.do(lambda tx: control.set_mode(tx, scope, mode, "reason", "kim", NOW))


async def hold(store: Store, mode: Mode = ACT) -> list[tuple[int, Mode]]:
    """Hold back what may not start: (number of the action, mode), sorted."""
    held = await store.do(lambda tx: actions.hold_back(tx, NOW, mode))
    return sorted((action_id.int - 1000, allowed) for action_id, _, allowed in held)


async def state(store: Store, number: int = 1) -> tuple[str, bool, str | None]:
    """What people see of an action: status, whether it is held, who approved it."""
    found = {a["id"]: a for a in await store.do(overview.list_actions)}[str(action(number).id)]
    return found["status"], found["held"], found["approved_by"]


@pytest.fixture(autouse=True)
async def _an_incident(store: Store) -> None:
    await store.open(incident(), incident(2))


@pytest.mark.parametrize("everything", [None, *Mode])
@pytest.mark.parametrize("own", [OBSERVE, ACT])
async def test_the_lowest_mode_decides(store: Store, everything: Mode | None, own: Mode) -> None:
    """What changes things starts at act, runs dry at observe, waits for approval at propose, and is held at off."""
    await store.plan(*[action(mode.rank, mode=mode) for mode in Mode])
    if everything is not None:
        await set_mode(store, "*", everything)
    allowed = {mode.rank: lowest(mode, own, everything or ACT) for mode in Mode}
    assert await hold(store, own) == [(n, mode) for n, mode in allowed.items() if mode in {OFF, PROPOSE}]
    claimed = {a.id.int - 1000: a.dry_run for a in await store.claim(mode=own)}
    assert claimed == {n: mode is OBSERVE for n, mode in allowed.items() if mode in {OBSERVE, ACT}}
    expected = {OFF: ("scheduled", True), PROPOSE: ("proposed", False)}
    for number, mode in allowed.items():
        assert (await state(store, number))[:2] == expected.get(mode, ("running", False))
    # Said once: nothing is held, or proposed, again and again.
    assert await hold(store, own) == []


async def test_what_only_reads_is_held_by_its_own_switch_alone(store: Store) -> None:
    """Whatever the rule and the switch for everything say, reading goes on, never dry, until its handler is off."""
    await store.plan(action(1, changes=False, mode=OFF), action(2, changes=False, mode=OFF, handler="look"))
    await set_mode(store, "*", OFF)
    await set_mode(store, "look", OFF)
    await set_mode(store, "fix", OBSERVE)
    assert await hold(store, OFF) == [(2, OFF)]
    assert [(a.id, a.dry_run, a.observed) for a in await store.claim(mode=OFF)] == [(action(1).id, False, False)]


async def test_messages_are_held_by_no_switch(store: Store) -> None:
    """People are told whatever is switched off; of a rule that only observes, the message knows that."""
    await store.plan(action(1, role=Role.TELL, handler="notify", mode=OFF), action(2, role=Role.TELL, mode=OBSERVE))
    await set_mode(store, "*", OFF)
    await set_mode(store, "notify", OFF)
    assert await hold(store, OFF) == []
    assert [(a.id, a.observed) for a in await store.claim(mode=OFF)] == [(action(1).id, False), (action(2).id, True)]


async def test_a_switch_is_for_its_handler(store: Store) -> None:
    """Others go on; setting it anew replaces it; what was held goes on when it is raised."""
    await store.plan(action(1), action(2, handler="other"))
    await set_mode(store, "fix", OFF)
    assert await hold(store) == [(1, OFF)]
    assert await store.claimed_ids() == [action(2).id]
    await set_mode(store, "fix", ACT)
    assert await hold(store) == []
    assert await store.claimed_ids() == [action(1).id]
    assert (await state(store))[1] is False
    [row] = await store.do(control.modes)
    assert dict(row) == {"scope": "fix", "mode_rank": 3, "reason": "reason", "set_by": "kim", "set_at": NOW}


async def test_approved_it_runs_and_rejected_it_ends(store: Store) -> None:
    """A proposal is answered once; approved it is due at once and runs at propose, but not at observe or off."""
    await store.plan(action(1), action(2), action(3))
    assert await hold(store, PROPOSE) == [(1, PROPOSE), (2, PROPOSE), (3, PROPOSE)]
    later = NOW - timedelta(seconds=1)

    async def decide(number: int, *, approve: bool) -> bool:
        done: bool = await store.do(lambda tx: actions.decide(tx, action(number).id, later, "kim\x00", approve=approve))
        return done

    assert [await decide(1, approve=True), await decide(2, approve=False)] == [True, True]
    assert [await decide(1, approve=False), await decide(2, approve=True), await decide(9, approve=True)] == [False] * 3
    assert await state(store, 1) == ("scheduled", False, "kim\\x00")
    assert await state(store, 2) == ("rejected", False, None)
    await set_mode(store, "*", OFF)
    assert await store.claim(mode=PROPOSE) == []
    await set_mode(store, "*", ACT)
    assert await hold(store, PROPOSE) == []
    assert [(a.id, a.dry_run) for a in await store.claim(mode=PROPOSE)] == [(action(1).id, False)]


async def test_begun_in_earnest_it_is_not_tried_out(store: Store) -> None:
    """An action that has begun is held at observe, with its key; what was tried out before may be tried out again."""
    await store.plan(action(1, serialize_key="key"))
    [claimed] = await store.claim()
    await store.do(lambda tx: actions.settle(tx, claimed, NOW, ActionStatus.SCHEDULED, {}, due_at=NOW))
    await store.plan(action(2, serialize_key="key"), action(3))
    [dry] = await store.claim(mode=OBSERVE)
    assert (dry.id, dry.dry_run) == (action(3).id, True)
    await store.do(lambda tx: actions.settle(tx, dry, NOW, ActionStatus.SCHEDULED, {}, due_at=NOW))
    assert await hold(store, OBSERVE) == [(1, OBSERVE)]
    assert await store.claimed_ids(mode=OBSERVE) == [action(3).id]
    assert await hold(store, PROPOSE) == [(1, PROPOSE), (2, PROPOSE)]
    assert await state(store, 1) == ("proposed", False, None)
    await store.do(lambda tx: actions.decide(tx, action(2).id, NOW, "kim", approve=True))
    # Proposed as it is, what has begun keeps its key.
    assert await store.claim() == []


@pytest.mark.parametrize(("lowered", "status"), [(OFF, "scheduled"), (OBSERVE, "scheduled"), (PROPOSE, "proposed")])
async def test_lost_under_a_lowered_mode(
    store: Store, leases_run_out: Callable[[], None], lowered: Mode, status: str
) -> None:
    """A lost attempt that may not go on is put back and counted; what may not be repeated is claimed, to be ended."""
    leases_run_out()
    await store.plan(action(1), action(2, retryable=False), action(3, of=2))
    await store.claim()
    await store.do(lambda tx: incidents.save(tx, NOW, [incident(2, status=IncidentStatus.RESOLVED)]))
    assert await hold(store, lowered) == [(1, lowered)]
    assert await state(store, 1) == (status, lowered is not PROPOSE, None)
    ended = await store.claim(mode=lowered)
    assert [(a.id, a.lost, a.dry_run) for a in ended] == [
        (action(2).id, True, lowered is OBSERVE),
        (action(3).id, True, lowered is OBSERVE),
    ]
    if lowered is not PROPOSE:
        [again] = [a for a in await store.claim() if a.id == action(1).id]
        assert (again.attempt, again.losses, again.lost) == (2, 1, False)


async def test_busy_or_resolved_incidents_are_not_held_back(store: Store) -> None:
    """What somebody else has in hand is looked at again later; of a resolved incident nothing is proposed any more."""
    await store.plan(action(1), action(2, of=2))
    await store.do(lambda tx: incidents.save(tx, NOW, [incident(2, status=IncidentStatus.RESOLVED)]))
    async with transaction(store.pool) as one:
        await incidents.lock(one, UUID(int=1))
        assert await hold(store, PROPOSE) == []
    assert await hold(store, PROPOSE) == [(1, PROPOSE)]


async def test_what_went_on_meanwhile_is_not_held_back(store: Store) -> None:
    """An action that was withdrawn while its row was waited for stays so; one that was only looked at is held."""
    await store.plan(action(1), action(2))

    async def hold_in(tx: Transaction) -> list[int]:
        return sorted(action_id.int - 1000 for action_id, _, _ in await actions.hold_back(tx, NOW, OFF))

    async with store.waiter() as second, transaction(store.pool) as one:
        await actions.withdraw(one, NOW, [action(1).id], "over")
        await second.begin(hold_in)
    assert second.result == [2]
    assert await state(store, 1) == ("skipped", False, None)


async def test_of_what_is_due_a_hundred_are_held_at_once(store: Store) -> None:
    """The rest follows at the next look."""
    await store.plan(*[action(number) for number in range(1, 131)])
    assert [len(await hold(store, OFF)) for _ in range(3)] == [100, 30, 0]
