"""How many circuits are open at once: never more than the cap, whoever moves them at the same time, on a real PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import anyio
import anyio.abc
import pytest

from leh_guardian.engine.circuits import LOCK, CircuitKeeper
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.spend import circuit as machine
from leh_guardian.model.spend.circuit import Circuit, Recovery, State, Verdict
from leh_guardian.model.spend.limits import Scope, Tier, Unit
from leh_guardian.model.window import Amount
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import circuits, counters, incidents, spending
from leh_guardian.store.counters import Counted
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.metrics import Metrics
from tests.support.clock import FakeClock

CAP: Final = 3
KEEPERS: Final = 6
OFTEN: Final = replace(Recovery(), most_opened=10_000)
"""Only the number that is open keeps another one from opening."""
_OPEN = (
    "select count(*) from circuits where actor = 'guardian' and scope <> 'fleet' and state in ('open', 'half_open')"
    " and tier is distinct from 'hard'"
)


async def active(pool: Pool, cases: int, at: datetime) -> None:
    """Let so many cases have used something."""
    name = spending.series(Scope.CASE, Unit.ATTEMPTS)
    rows = [Counted(name, f"case_{n}", Amount(at, Decimal(1)), at + timedelta(days=9)) for n in range(cases)]
    async with transaction(pool) as tx:
        await counters.add(tx, rows)


def keeper(pool: Pool, clock: FakeClock, recovery: Recovery = OFTEN) -> CircuitKeeper:
    """A replica's keeper of circuits, without a table that workers read."""
    rules = RuleSet("", ())
    return CircuitKeeper(
        pool,
        None,  # type: ignore[arg-type]
        lambda: rules,
        None,
        recovery,
        clock,
        Metrics(),
        replica="one",
        planned=lambda: None,
    )


@pytest.fixture
async def keepers(pool: Pool, postgres: EmbeddedPostgres) -> AsyncIterator[list[CircuitKeeper]]:
    """Replicas with connections of their own."""
    clock = FakeClock()
    await active(pool, CAP * 10, clock.now())
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(KEEPERS):
            mine = await Pool.open(postgres.dsn("guardian"), size=1)
            stack.push_async_callback(mine.close)
            made.append(keeper(mine, clock))
        yield made


async def people(kept: CircuitKeeper, key: str, rng: random.Random) -> None:
    """Be a person with a word about a circuit: as `leh-guardian breaker` does it."""
    now = kept._clock.now()
    async with transaction(kept._pool) as tx:
        await incidents.lock_rules(tx, [LOCK])
        one = await circuits.get(tx, Scope.CASE, key, lock=True)
        if one.state is not State.CLOSED and rng.random() < 0.7:
            await circuits.follow(tx, machine.closed(one, "kim", "fine", now))
        else:
            state = rng.choice([State.FORCED_OPEN, State.FORCED_CLOSED, State.SHADOW])
            await circuits.follow(tx, machine.forced(one, state, "kim", "wait", now, now + timedelta(minutes=1)))


async def test_at_once_no_more_open_than_the_cap(pool: Pool, keepers: list[CircuitKeeper]) -> None:
    """Each replica opens another case at the same instant, again and again: of thirty active ones three are open."""
    opened: list[Circuit] = []

    async def open_(kept: CircuitKeeper, key: str, number: int) -> None:
        opened.append(await kept.trip(Scope.CASE, key, Tier.PARK, "too much", UUID(int=number)))

    for turn in range(4):
        async with anyio.create_task_group() as tasks:
            for number, kept in enumerate(keepers):
                tasks.start_soon(open_, kept, f"case_{turn}_{number}", turn * 10 + number)
        async with transaction(pool) as tx:
            assert await tx.fetchval(_OPEN) == CAP
    assert sum(one.state is State.OPEN for one in opened) == CAP


async def test_through_any_history_no_more_are_open_than_the_cap(pool: Pool, keepers: list[CircuitKeeper]) -> None:
    """Trips, verdicts, trials, people's words and expiries of six replicas, all at once; somebody looks all the while."""
    rng, looks = random.Random(7), []
    clock = keepers[0]._clock
    assert isinstance(clock, FakeClock)

    async def move(kept: CircuitKeeper, seed: int) -> None:
        own = random.Random(seed)
        for number in range(25):
            key = f"case_{own.randrange(9)}"
            match own.randrange(6):
                case 0 | 1 | 2:
                    tier = Tier.HARD if own.random() < 0.05 else Tier.PARK
                    await kept.trip(Scope.CASE, key, tier, f"too much {number}", UUID(int=seed * 1000 + number))
                case 3:
                    await kept.judge(Scope.CASE, key, own.choice(list(Verdict)), "looked at", None)
                case 4:
                    await people(kept, key, own)
                case _:
                    clock.advance(minutes=own.choice([0, 1, 20]))
                    await kept._move_on()

    async def look(finished: anyio.abc.CancelScope) -> None:
        while not finished.cancel_called:
            async with transaction(pool) as tx:
                looks.append(await tx.fetchval(_OPEN))

    async with anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()
        tasks.start_soon(look, scope)
        async with anyio.create_task_group() as movers:
            for kept in keepers:
                movers.start_soon(move, kept, rng.randrange(10_000))
        scope.cancel()
    assert len(looks) > 20
    assert max(looks) == CAP


async def test_the_cap_is_of_those_who_are_active_now(pool: Pool) -> None:
    """Not of those who were when a replica looked last: two that looked at different times have one cap."""
    clock = FakeClock()
    await active(pool, 30, clock.now())
    one, other = keeper(pool, clock), keeper(pool, clock)
    clock.advance(hours=25)
    await active(pool, 1, clock.now())
    states = [
        (await kept.trip(Scope.CASE, f"case_{n}", Tier.PARK, "too much", UUID(int=n))).state
        for n, kept in enumerate([one, other])
    ]
    assert states == [State.OPEN, State.SHADOW]
    await active(pool, 20, clock.now())
    assert (await one.trip(Scope.CASE, "case_9", Tier.PARK, "too much", UUID(int=9))).state is State.OPEN


async def test_what_a_person_has_closed_was_opened_all_the_same(pool: Pool) -> None:
    """Three openings in ten minutes are three, whoever closes or pauses them meanwhile; a person's pause is none."""
    clock = FakeClock()
    await active(pool, 100, clock.now())
    kept = keeper(pool, clock, Recovery())
    for number in range(3):
        await kept.trip(Scope.CASE, f"case_{number}", Tier.PARK, "too much", UUID(int=number))
        async with transaction(pool) as tx:
            there = await circuits.get(tx, Scope.CASE, f"case_{number}")
            now = clock.now()
            until = now + timedelta(hours=1)
            word = (
                machine.closed(there, "kim", "fine", now)
                if number
                else machine.forced(there, State.FORCED_OPEN, "kim", "wait", now, until)
            )
            await circuits.follow(tx, word)
            paused = Circuit(Scope.CASE, f"paused_{number}")
            await circuits.follow(tx, machine.forced(paused, State.FORCED_OPEN, "kim", "wait", now, until))
    shadowed = await kept.trip(Scope.CASE, "case_8", Tier.PARK, "too much", UUID(int=8))
    clock.advance(minutes=11)
    opened = await kept.trip(Scope.CASE, "case_9", Tier.PARK, "too much", UUID(int=9))
    assert (shadowed.state, opened.state) == (State.SHADOW, State.OPEN)
