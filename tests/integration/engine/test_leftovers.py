"""Parked work that nothing pauses is told to rules, over a real table: in time, now and then, never what is paused or on trial."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.parked import ParkedTable
from leh_guardian.engine.leftovers import Leftovers
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.model.spend import circuit as machine
from leh_guardian.model.spend.circuit import Circuit, Recovery, State, Verdict
from leh_guardian.model.spend.limits import Scope, Tier
from leh_guardian.store import circuits
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.clock import FakeClock
from tests.support.gate_tables import Tables, tables
from tests.support.house import House, World, rule_set

RULES = """
version: 1
rules:
  - id: left
    mode: act
    pattern: {source: [leh.guardian], detail-type: [Parked Work Left]}
    dedup: detail.case_id
    guards: {budget: [{max: 100, per: 1h}]}
    actions:
      - uses: fix
        with: {what: "${event.detail.case_id}"}
"""


@pytest.fixture
async def store(aws: Aws, aws_server: EmbeddedAws) -> AsyncIterator[Tables]:
    """The table of parked work."""
    with tables(aws_server.environment()) as made:
        yield made


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> House:
    """A replica with a rule of its own for what is left."""
    world = World()
    return House(pool, rule_set(tmp_path / "rules", RULES, world), world, FakeClock())


async def look(aws: Aws, house: House, store: Tables) -> Leftovers:
    """The look of a replica that has just begun."""
    parked = ParkedTable(aws, await aws.client("dynamodb"), store.parked)
    return Leftovers(
        house.pool, house.planner, lambda: house.rules, parked, house.clock, replica="one", planned=lambda: None
    )


def park(store: Tables, case: str) -> None:
    """Put a piece of work there."""
    store.put(store.parked, case_id=case, item="ev_1#1", evidence_id="ev_1", copy="c")


async def write(house: House, circuit: Circuit) -> None:
    """Write the record of a circuit."""
    async with transaction(house.pool) as tx:
        await circuits.follow(tx, circuit)


async def dedups(house: House) -> list[str]:
    """What rules have heard of."""
    return sorted(one["dedup_key"] for one in await house.incidents())


async def test_it_is_told_after_a_while_and_then_more_and_more_rarely(aws: Aws, store: Tables, house: House) -> None:
    """A release needs its time first; what comes back is told after ten more minutes, twenty, forty, sixty; what goes is forgotten."""
    left = await look(aws, house, store)
    park(store, "case_1")
    told = []
    for minutes in (0, 4, 1, 9, 1, 19, 1, 39, 1, 59, 1, 59, 1):
        house.clock.advance(minutes=minutes)
        told.append(await left.run_once())
    assert told == [0, *[0, 1] * 6]
    assert set(await dedups(house)) == {"case_1"}
    store._dynamo.delete_item(TableName=store.parked, Key={"case_id": {"S": "case_1"}, "item": {"S": "ev_1#1"}})
    await left.run_once()
    park(store, "case_1")
    house.clock.advance(hours=2)
    assert await left.run_once() == 0, "it is another time"


async def test_what_is_paused_or_on_trial_is_not_left(aws: Aws, store: Tables, house: House) -> None:
    """Open, half open, or paused by a person; allowed and shadowed go through; what names no case is a matter for people."""
    now, rules = house.clock.now(), Recovery()
    for number, name in enumerate(("open", "half", "forced", "allowed", "shadow", "../x")):
        park(store, name)
        new = Circuit(Scope.CASE, name)
        opened = machine.trip(new, Tier.PARK, "too much", now, rules, room=name != "shadow")
        match name:
            case "open" | "shadow":
                await write(house, opened)
            case "half":
                await write(house, machine.judged(opened, Verdict.LEGITIMATE, "", now, rules))
            case "forced" | "allowed":
                state = State.FORCED_OPEN if name == "forced" else State.FORCED_CLOSED
                await write(house, machine.forced(new, state, "kim", "x", now, now + rules.longest))
            case _:
                assert number == 5
    left = await look(aws, house, store)
    await left.run_once()
    house.clock.advance(minutes=5)
    assert await left.run_once() == 2
    assert await dedups(house) == ["allowed", "shadow"]


async def test_what_an_account_has_parked_anew_is_told_once_its_circuit_has_closed(
    aws: Aws, store: Tables, house: House
) -> None:
    """It was told while the account was paused, and its worker parked it again: that does not wait for the hour."""
    park(store, "case_1")
    account = machine.trip(
        Circuit(Scope.USER, "user_1"), Tier.HARD, "too much", house.clock.now(), Recovery(), room=True
    )
    await write(house, account)
    left = await look(aws, house, store)
    told = []
    for minutes in (0, 5, 10):
        house.clock.advance(minutes=minutes)
        told.append(await left.run_once())
    await write(house, machine.closed(account, "kim", "paid", house.clock.now()))
    for minutes in (1, 5):
        house.clock.advance(minutes=minutes)
        told.append(await left.run_once())
    assert told == [0, 1, 0, 0, 1]


async def test_nothing_is_left_while_the_fleet_is_paused_or_the_table_is_away(
    aws: Aws, store: Tables, house: House
) -> None:
    """It would be parked again; and a table that is not there is no reason to stop."""
    park(store, "case_1")
    now = house.clock.now()
    fleet = machine.forced(Circuit(Scope.FLEET, ""), State.FORCED_OPEN, "kim", "x", now, now + Recovery().longest)
    await write(house, fleet)
    left = await look(aws, house, store)
    for _ in range(2):
        assert await left.run_once() == 0
        house.clock.advance(minutes=6)
    await write(house, machine.closed(fleet, "kim", "fine", house.clock.now()))
    await left.run_once()
    house.clock.advance(minutes=5)
    assert await left.run_once() == 1
    store._dynamo.delete_table(TableName=store.parked)
    assert await left.run_once() == 0
