"""The canary: guardian's own event goes the whole way of an alert, proves that it works, and leaves nothing behind."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.context import ActionContext
from leh_guardian.engine.canary import CANARY_HANDLER, Canary, CanaryParams
from leh_guardian.engine.upkeep import Retention, Upkeep
from leh_guardian.errors import OutcomeUnknown, Refused, StoreUnavailable
from leh_guardian.model.canary import CANARY, envelope
from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Outcome
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

WIDE = """
version: 1
rules:
  - id: everything
    mode: act
    pattern: {source: [{prefix: ""}]}
    actions: [{uses: fix}]
  - id: canaries
    mode: act
    pattern: {source: [leh.guardian], detail-type: [Guardian Canary]}
    actions: []
"""
EVERY = 60.0
KEEP = Retention(timedelta(days=14), 1_000_000, timedelta(days=800))


class Time:
    """A monotonic clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the present."""
        return self.now


@pytest.fixture
def time() -> Time:
    """The time that canaries are measured by."""
    return Time()


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> House:
    """A replica whose rules match whatever they can."""
    return House(pool, rule_set(tmp_path / "rules", WIDE), World(), FakeClock())


def canary_of(house: House, time: Time, replica: str = "one") -> Canary:
    """What a replica proves its path with."""
    return Canary(house.queue, house.pool, house.clock, time, replica=replica, region="ap-northeast-2", every=EVERY)


async def rows(pool: Pool) -> dict[str, int]:
    """Return how many rows each table has."""
    names = "event_log inbox rule_keys rule_runs early_oks incidents actions timers journal".split()
    async with transaction(pool) as tx:
        return {name: await tx.fetchval(f"select count(*) from {name}") for name in names}


async def deliver(house: House) -> None:
    """Take in what was sent, and run what follows."""
    sent, house.queue.sent = house.queue.sent, []
    await house.take(*(text.encode() for text in sent))
    await house.work()


async def test_a_canary_goes_the_whole_way(house: House, time: Time) -> None:
    """Sent, taken in, planned, run, settled and journalled, it proves that all this works; before, nothing does."""
    canary = canary_of(house, time)
    await canary.run_once()
    await house.take(house.queue.sent.pop().encode())
    await canary.run_once()
    assert canary.why_not() == "no canary has come through yet"
    await house.work()
    await canary.run_once()
    assert canary.why_not() is None
    assert await house.journal() == [
        "incident.opened",
        "action.planned",
        "attempt.started",
        "action.succeeded",
        "plan.done",
        "incident.resolved",
    ]


async def test_a_proof_ages_and_is_renewed(house: House, time: Time) -> None:
    """One canary a period; a proof is as old as the moment at which its canary was sent, and is none after 2.5 periods."""
    canary = canary_of(house, time)
    await canary.run_once()
    time.now += 30
    await deliver(house)
    await canary.run_once()
    assert house.queue.sent == []
    assert canary.age() == 30
    time.now += EVERY * 2.5 - 30
    assert canary.why_not() is None
    time.now += 1
    assert "151 s ago" in str(canary.why_not())
    assert canary.overdue() is not None
    await canary.run_once()
    await deliver(house)
    await canary.run_once()
    assert canary.why_not() is None


async def test_one_that_comes_through_too_late_proves_nothing(house: House, time: Time) -> None:
    """A canary that took longer than its bound, through a backlog say, is no proof that alerts are taken in time."""
    canary = canary_of(house, time)
    await canary.run_once()
    time.now += EVERY * 2.5 + 1
    await deliver(house)
    await canary.run_once()
    assert canary.why_not() == "no canary has come through yet"
    assert canary.overdue() is not None


@pytest.mark.parametrize("mode", list(Mode))
async def test_no_mode_hinders_it(pool: Pool, tmp_path: Path, time: Time, mode: Mode) -> None:
    """With everything off the heartbeat still beats: a canary changes nothing."""
    house = House(pool, rule_set(tmp_path / "rules", WIDE), World(), FakeClock(), mode=mode)
    await house.set_mode(mode)
    canary = canary_of(house, time)
    await canary.run_once()
    await deliver(house)
    await canary.run_once()
    assert canary.why_not() is None


async def test_no_rule_of_an_operator_sees_it(house: House, time: Time) -> None:
    """A rule that matches everything, and one written for canaries, see none of them; the first sees everything else."""
    await canary_of(house, time).run_once()
    await deliver(house)
    assert house.world.effects.total() == 0
    await house.take(alarm_event("a"))
    await house.work()
    assert house.world.effects.total() == 1
    assert house.world.told == []
    assert {i["rule"] for i in await house.incidents()} == {"everything"}


async def test_a_forged_one_proves_nothing(house: House, time: Time) -> None:
    """Whoever can send to the queue can send canaries; only a nonce that this process remembers counts, and once it is run."""
    canary = canary_of(house, time)
    await canary.run_once()
    mine = json.loads(house.queue.sent.pop())
    forged = [
        envelope("f" * 32, "one", "ap-northeast-2", house.clock.now()),
        {**mine, "id": "x", "detail": {}},
        {**mine, "id": "y", "detail": {"nonce": [mine["detail"]["nonce"]]}},
    ]
    await house.take(*forged)
    await house.work()
    await canary.run_once()
    assert canary.why_not() is not None
    assert house.world.told == []
    await house.take(mine, mine)
    await house.work()
    await canary.run_once()
    assert canary.why_not() is None


async def test_any_replica_may_take_it_and_another_may_run_it(pool: Pool, tmp_path: Path, time: Time) -> None:
    """Sent by one, taken in by a second, run by a third: it is the path of all of them together that is proved."""
    rules, clock = rule_set(tmp_path / "rules", WIDE), FakeClock()
    one, two, three = (House(pool, rules, World(), clock, replica=name) for name in ("one", "two", "three"))
    canary = canary_of(one, time)
    await canary.run_once()
    await two.take(one.queue.sent.pop().encode())
    await three.work()
    await canary.run_once()
    assert canary.why_not() is None


async def test_each_replica_believes_its_own(house: House, time: Time) -> None:
    """What another replica's canary proves, it proves to that replica."""
    one, two = canary_of(house, time), canary_of(house, time, "two")
    await one.run_once()
    await deliver(house)
    await one.run_once()
    await two.run_once()
    assert one.why_not() is None
    assert two.why_not() is not None


async def test_a_case_closed_by_hand_is_no_proof(house: House, time: Time) -> None:
    """An incident of a canary that somebody resolved before it was run did not go the whole way."""
    canary = canary_of(house, time)
    await canary.run_once()
    await house.take(house.queue.sent.pop().encode())
    async with transaction(house.pool) as tx:
        await tx.execute("update incidents set status = 'resolved'")
    await canary.run_once()
    assert canary.why_not() is not None


@pytest.mark.parametrize("error", [Refused("no"), OutcomeUnknown("who knows"), RuntimeError("a defect")])
async def test_nobody_is_told_of_one_that_fails(pool: Pool, tmp_path: Path, time: Time, error: Exception) -> None:
    """Whatever becomes of a canary, no message goes out: the heartbeat that stays away is the message."""

    async def fail(_: ActionContext, __: CanaryParams) -> Outcome:
        raise error

    broken = replace(CANARY_HANDLER, run=fail)
    house = House(pool, rule_set(tmp_path / "rules", WIDE), World(), FakeClock(), canary=broken)
    canary = canary_of(house, time)
    await canary.run_once()
    await deliver(house)
    await canary.run_once()
    assert canary.why_not() is not None
    async with transaction(pool) as tx:
        assert await tx.fetchval("select count(*) from actions where role = 'tell'") == 0
    assert "incident.escalated" not in await house.journal()


async def test_people_do_not_see_it(house: House, time: Time) -> None:
    """Lists and counts leave canaries out, open or done; whoever asks for their rule by name is shown them."""
    canary = canary_of(house, time)
    await canary.run_once()
    await house.take(house.queue.sent.pop().encode())
    for _ in range(2):
        async with transaction(house.pool) as tx:
            assert await overview.list_incidents(tx) == []
            assert await overview.list_actions(tx) == []
            counts = await overview.counts(tx, house.clock.now())
            assert (counts["incidents"]["open"], counts["actions"]["by_status"]) == (0, {})
            assert len(await overview.list_incidents(tx, rule=CANARY)) == 1
        await house.work()
    assert (await rows(house.pool))["event_log"] == 0


async def test_upkeep_leaves_nothing_of_it(house: House, time: Time) -> None:
    """After an hour every row that canaries made is gone, one that never ended too; what belongs to alerts stays."""
    await house.take(alarm_event("a"))
    await house.work()
    before = await rows(house.pool)
    canary = canary_of(house, time)
    for _ in range(3):
        await canary.run_once()
        await deliver(house)
        time.now += EVERY
    await canary.run_once()
    await house.take(house.queue.sent.pop().encode())
    assert (await rows(house.pool))["incidents"] == before["incidents"] + 4
    upkeep = Upkeep(house.pool, house.clock, KEEP)
    assert await upkeep.run_once() == 0
    house.clock.advance(seconds=3601)
    while await upkeep.run_once():
        pass
    assert await rows(house.pool) == before


async def test_none_is_sent_while_the_store_is_away(house: House, time: Time, dead: Any) -> None:
    """During an outage of the store canaries do not pile up among the alerts in the queue."""
    canary = canary_of(house, time)
    await canary.run_once()
    canary._pool = dead
    house.queue.sent.clear()
    for _ in range(3):
        time.now += EVERY
        with pytest.raises(StoreUnavailable):
            await canary.run_once()
    assert house.queue.sent == []
