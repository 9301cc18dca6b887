"""Records of use through the engine, on a real PostgreSQL: counted once, limits crossed, circuits opened by the rules that say so."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.engine.circuits import CircuitKeeper
from leh_guardian.engine.usual import UsualUse
from leh_guardian.errors import Refused, Unavailable
from leh_guardian.model.spend import circuit as machine
from leh_guardian.model.spend.circuit import Circuit, Recovery, State, Verdict
from leh_guardian.model.spend.limits import Scope, Tier, Unit
from leh_guardian.store import circuits, spending
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.metrics import Metrics
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULES = """
version: 1
rules:
  - id: spend
    mode: act
    pattern: {source: [leh.guardian], detail-type: [Spend Limit Crossed]}
    dedup: detail.key
    guards: {budget: [{max: 100, per: 1h}]}
    resolve_on: {detail-type: [Circuit Changed], detail: {state: [closed]}}
    actions:
      - uses: fix
        with: {what: "${event.detail.scope} ${event.detail.key} ${event.detail.tier}"}
"""
BUDGET = """
version: 1
prices:
  m: [{from: 2024-01-01, prompt: 1, completion: 1}]
limits:
  - {tier: warn, scope: case, over: 1h, tokens: 500}
  - {tier: park, scope: case, over: 1h, tokens: 1000}
  - {tier: park, scope: case, over: 1h, tokens: 700, deviates: true}
  - {tier: hard, scope: user, over: 24h, usd: 0.01}
  - {tier: warn, scope: fleet, over: 30d, usd: 1, attempts: 3}
"""

Houses = Callable[..., House]


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make houses over one database and one world."""
    world, clock = World(), FakeClock()

    def make(**options: Any) -> House:
        folder = tmp_path / "rules"
        folder.mkdir(exist_ok=True)
        (folder / "budget.yaml").write_text(BUDGET, encoding="utf-8")
        return House(pool, rule_set(folder, RULES, world), world, clock, **options)

    return make


def use(number: int, tokens: int, case: str = "case_1", user: str = "user_1", **more: Any) -> dict[str, Any]:
    """A record of use."""
    detail = {"case_id": case, "user_id": user, "model": "m", "prompt_tokens": tokens, **more}
    return {"source": "leh.ai-worker", "detail-type": "TokenUsage", "id": f"use {number} {case}", "detail": detail}


async def used(house: House, scope: Scope = Scope.CASE, key: str = "case_1") -> dict[str, Decimal]:
    """What was counted."""
    async with transaction(house.pool) as tx:
        found = await spending.used_since(tx, scope, key, house.clock.now() - timedelta(days=40))
    return {unit.value: amount for unit, amount in found.items()}


async def journal(house: House, kind: str) -> list[str]:
    """The reasons of a kind."""
    async with transaction(house.pool) as tx:
        return [row["reason"] for row in await tx.fetch("select reason from journal where kind = $1 order by id", kind)]


async def test_use_is_counted_once_for_case_user_and_all(house: Houses) -> None:
    """Copies in one batch and in the next count nothing; failed attempts count like any other."""
    one = house()
    for _ in range(2):
        await one.take(use(1, 100, outcome="error"), use(1, 100, outcome="error"), use(2, 50, completion_tokens=25))
    assert await used(one) == {"tokens": 175, "usd": Decimal("0.000175"), "attempts": 2}
    assert await used(one, Scope.USER, "user_1") == await used(one)
    assert await used(one, Scope.FLEET, "") == await used(one)


async def test_a_crossed_limit_says_from_what_it_was_estimated(house: Houses) -> None:
    """Log and table together cross one; an id is taken in once, and the worker's own word is no estimate."""
    one = house()
    estimated = {"source": "leh.guardian"}
    log, table = ({"estimated_from": name, "estimated": True, "attempts": 2} for name in ("log", "table"))
    twice = use(2, 500, **table)
    await one.take(use(1, 600, **log) | estimated, twice | estimated, twice | estimated)
    await one.take(use(3, 2000, "case_2"))
    assert await used(one) == {"tokens": 1100, "usd": Decimal("0.0011"), "attempts": 4}
    async with transaction(one.pool) as tx:
        rows = await tx.fetch("select event #>> '{detail}' as detail from incidents")
    told = {detail["key"]: detail for detail in (json.loads(row["detail"]) for row in rows)}
    assert (told["case_1"]["estimated"], told["case_1"]["estimated_from"]) == (True, ["log", "table"])
    assert (told["case_2"]["estimated"], told["case_2"]["estimated_from"]) == (False, [])


async def test_limits_sum_over_models_and_bills_tell_them_apart(house: Houses) -> None:
    """Two models that are each below a limit cross it together, in one batch and over two; what each used can be asked for."""
    one = house()
    await one.take(use(1, 600), use(2, 300, model="cheap"))
    await one.take(use(3, 300, model="cheap"))
    await one.work()
    assert one.world.effects["case case_1 park"] == 1
    now = one.clock.now()
    async with transaction(one.pool) as tx:
        found = await spending.models_between(
            tx, Scope.CASE, "case_1", now - timedelta(hours=1), now + timedelta(hours=1)
        )
    assert {model: (used[Unit.TOKENS], used[Unit.ATTEMPTS]) for model, used in found.items()} == {
        "m": (600, 1),
        "cheap": (600, 2),
    }


async def test_the_gravest_limit_is_told_once_in_a_while(house: Houses) -> None:
    """Warn, then park; more of it is told again after ten minutes, not with each event."""
    one = house()
    await one.take(use(1, 501))
    await one.work()
    assert one.world.effects == {"case case_1 warn": 1}
    one = house()
    await one.take(use(2, 600))
    await one.take(use(3, 600))
    await one.work()
    [incident] = await one.incidents()
    assert incident["dedup_key"] == "case_1"
    assert incident["events"] == 2


async def test_only_a_case_that_is_unlike_itself_is_parked_early(house: Houses) -> None:
    """With twelve hours like this one it is its usual self; an hour with an alarm teaches nothing."""
    one = house()
    for number in range(13):
        await one.take(use(number, 450, user=f"user_{number}"))
        one.clock.advance(minutes=65)
    await one.take(use(20, 800, user="user_20"))
    await one.work()
    assert one.world.effects == {"case case_1 warn": 1}
    async with transaction(one.pool) as tx:
        hours = await spending.hours(tx, "case_1", one.clock.now() - timedelta(days=14), one.clock.now())
    one.clock.advance(minutes=60)
    async with transaction(one.pool) as tx:
        assert await spending.hours(tx, "case_1", one.clock.now() - timedelta(days=14), one.clock.now()) == hours
    assert set(hours) == {Decimal(450)}
    await one.take(use(30, 800, case="case_2", user="user_30"))
    await one.work()
    assert one.world.effects["case case_2 park"] == 1


async def test_money_stops_an_account_over_its_cases(house: Houses) -> None:
    """Each case stays below its own limits; the account's sum is over its cap."""
    one = house()
    for number in range(25):
        await one.take(use(1, 450, case=f"case_{number}"))
    await one.work()
    assert one.world.effects == {"user user_1 hard": 1}


async def test_a_limit_of_two_amounts_needs_both(house: Houses) -> None:
    """A dollar in one attempt is not three attempts."""
    one = house()
    await one.take(use(1, 2_000_000, case="", user=""))
    await one.work()
    assert one.world.effects == {}
    await one.take(*(use(number, 1, case="", user="") for number in range(2, 5)))
    await one.work()
    assert one.world.effects == {"fleet  warn": 1}


async def test_what_has_no_price_or_no_tokens_is_said(house: Houses) -> None:
    """In the journal, once for each batch; the dearest price is taken, and nothing is lost for it."""
    one = house()
    await one.take(use(1, 100, model="new"), use(2, 100, prompt_tokens="many"))
    assert await used(one) == {"tokens": 100, "usd": Decimal("0.0001"), "attempts": 1}
    assert "new" in (await journal(one, "usage.unpriced"))[0]
    assert len(await journal(one, "usage.no_tokens")) == 1


async def test_old_minutes_become_hours(house: Houses) -> None:
    """Nothing is lost or doubled by it, also where the hour has a row already; the newest day stays by the minute."""
    one = house()
    usual = UsualUse(one.pool, one.clock)
    start = one.clock.now().replace(minute=0)
    for minute in (0, 1, 59):
        await one.take(use(minute, 10, user="") | {"time": (start + timedelta(minutes=minute - 60)).isoformat()})
    one.clock.advance(minutes=27 * 60)
    await one.take(use(100, 7, user=""))
    before = await used(one)
    while await usual.run_once():
        pass
    assert await used(one) == before


def refused(number: int, case: str = "case_1", **more: Any) -> dict[str, Any]:
    """The worker's word that it refused a call."""
    spent = {"source": "leh.ai-worker", "detail-type": "AllowanceSpent", "detail": {"case_id": case, "tokens": 9}}
    return {**spent, "id": f"refused {number} {case}", **more}


async def test_what_the_worker_refuses_is_a_limit_that_was_crossed(house: Houses) -> None:
    """It parks the case, counts as no use, and is not silenced by what was told minutes ago: there may be no further word."""
    one = house()
    await one.take(refused(1), refused(2), refused(3, case="case_2"))
    await one.work()
    assert one.world.effects == {"case case_1 park": 1, "case case_2 park": 1}
    assert await used(one) == {"tokens": 0, "usd": 0, "attempts": 0}
    [incident] = [row for row in await one.incidents() if row["dedup_key"] == "case_1"]
    assert incident["events"] == 1, "two words in one batch are one"
    await one.take(refused(4))
    [incident] = [row for row in await one.incidents() if row["dedup_key"] == "case_1"]
    assert incident["events"] == 2


async def test_a_refusal_of_before_is_old_news(house: Houses) -> None:
    """What was refused before the circuit closed again, or while it is open or half open, opens nothing."""
    one = house()
    now = one.clock.now()
    tripped = machine.trip(Circuit(Scope.CASE, "case_1"), Tier.PARK, "r", now, Recovery(), room=True)
    states = [tripped, machine.judged(tripped, Verdict.LEGITIMATE, "r", now, Recovery())]
    states.append(machine.closed(states[-1], "kim", "fine", now))
    for number, state in enumerate(states):
        async with transaction(one.pool) as tx:
            await circuits.follow(tx, state)
        await one.take(refused(number, time=(now - timedelta(seconds=1)).isoformat()))
    await one.work()
    assert one.world.effects == {}
    await one.take(refused(9, time=now.isoformat()))
    await one.work()
    assert one.world.effects == {"case case_1 park": 1}


async def test_a_refusal_without_a_case_is_said_to_be_none(house: Houses) -> None:
    """It stops nobody."""
    one = house()
    await one.take({**refused(1), "detail": {"tokens": 9}}, {**refused(2), "source": "somebody.else"})
    assert await journal(one, "usage.no_tokens") != []
    assert await one.incidents() == []


class Board:
    """A board that can be away or hold what somebody else wrote: DynamoDB itself is asked in the adapter's tests."""

    def __init__(self) -> None:
        self.items: dict[tuple[Scope, str], tuple[State, int]] = {}
        self.away = False
        self.before_read: Callable[[], Awaitable[None]] | None = None
        """What happens, once, before the next answer."""

    async def publish(self, circuit: Circuit) -> int:
        """Take a newer version."""
        if self.away:
            raise Unavailable("DynamoDB is away")
        there = self.items.get((circuit.scope, circuit.key), (State.CLOSED, 0))
        if there[1] < circuit.version:
            self.items[circuit.scope, circuit.key] = (circuit.state, circuit.version)
            return circuit.version
        return there[1]

    async def read(self, scope: Scope, key: str) -> tuple[State, int] | None:
        """Say what is there."""
        meanwhile, self.before_read = self.before_read, None
        if meanwhile is not None:
            await meanwhile()
        return self.items.get((scope, key))


@pytest.fixture
def board() -> Board:
    """What the worker reads."""
    return Board()


def keeper(house: House, board: Board | None, recovery: Recovery | None = None) -> CircuitKeeper:
    """A keeper of circuits."""
    rules = house.rules
    return CircuitKeeper(
        house.pool,
        house.planner,
        lambda: rules,
        board,
        recovery or Recovery(),
        house.clock,
        Metrics(),
        replica="one",
        planned=lambda: None,
    )


CAUSE = UUID(int=7)


async def trip(kept: CircuitKeeper, key: str = "case_1", tier: Tier = Tier.PARK, cause: UUID = CAUSE) -> Circuit:
    """Open a circuit."""
    return await kept.trip(Scope.CASE, key, tier, "too much", cause)


async def test_a_trip_is_written_once_for_each_cause(house: Houses, board: Board) -> None:
    """A copy of the same action, after a person has closed the circuit, opens nothing again."""
    kept = keeper(house(), board)
    opened = await trip(kept)
    await kept.publish(opened)
    assert board.items[Scope.CASE, "case_1"] == (State.OPEN, 1)
    assert (await trip(kept)).version == 1
    async with transaction(kept._pool) as tx:
        there = await circuits.get(tx, Scope.CASE, "case_1")
        await circuits.follow(tx, machine.closed(there, "kim", "fine", kept._clock.now()))
    assert (await trip(kept)).state is State.CLOSED
    assert (await trip(kept, cause=UUID(int=8))).state is State.OPEN


async def test_what_is_crossed_after_a_closing_is_news(house: Houses, board: Board) -> None:
    """However lately an alarm was told: what it led to is over, and what was used until then is accepted."""
    one = house()
    kept = keeper(one, board)
    await one.take(use(1, 1500))
    opened = await trip(kept)
    one.clock.advance(minutes=1)
    async with transaction(one.pool) as tx:
        await circuits.follow(tx, machine.closed(opened, "kim", "fine", one.clock.now()))
    told = []
    for number in (2, 3, 4):
        one.clock.advance(minutes=1)
        await one.take(use(number, 600))
        told.append({i["dedup_key"]: i["events"] for i in await one.incidents()}["case_1"])
    # A warning, the limit, and no word again.
    assert told == [2, 3, 3]


async def test_an_old_verdict_is_not_about_a_new_opening(house: Houses, board: Board) -> None:
    """It names the opening that it judged."""
    one = house()
    kept = keeper(one, board)
    first = await trip(kept)
    one.clock.advance(minutes=5)
    async with transaction(one.pool) as tx:
        await circuits.follow(tx, machine.closed(first, "kim", "fine", one.clock.now()))
    second = await trip(kept, cause=UUID(int=8))
    late = await kept.judge(Scope.CASE, "case_1", Verdict.LEGITIMATE, "", first.opened_at)
    assert late.state is State.OPEN
    assert (await kept.judge(Scope.CASE, "case_1", Verdict.LEGITIMATE, "", second.opened_at)).state is State.HALF_OPEN


async def test_rules_hear_of_circuits_and_the_incident_ends_with_them(house: Houses, board: Board) -> None:
    """Opened by a rule's step, closed by a person: the event of its closing is the rule's OK."""
    one = house()
    kept = keeper(one, board)
    await one.take(use(1, 2000))
    await one.work()
    opened = await trip(kept)
    await kept.run_once()
    async with transaction(one.pool) as tx:
        await circuits.follow(tx, machine.closed(opened, "kim", "a real upload", one.clock.now()))
    await kept.run_once()
    assert board.items[Scope.CASE, "case_1"] == (State.CLOSED, 2)
    one.clock.advance(minutes=6)
    await one.timers.run_once()
    [incident] = await one.incidents()
    assert incident["status"] == "resolved"
    await one.take(use(2, 400))
    assert len(await one.incidents("triggered")) == 0, "what was accepted is not held against the case again"


async def test_use_in_spite_of_an_open_circuit_is_remembered(house: Houses, board: Board) -> None:
    """How long it took to have an effect: by when the use happened, not by when its record came; what was before it is none."""
    one = house()
    opened = one.clock.now()
    await trip(keeper(one, board))
    one.clock.advance(seconds=40)
    for number, (after, effect) in enumerate([(-5, 0), (4, 4), (2, 4)]):
        happened = (opened + timedelta(seconds=after)).isoformat()
        await one.take({**use(number, 10), "time": happened})
        async with transaction(one.pool) as tx:
            found = (await circuits.get(tx, Scope.CASE, "case_1")).open_to_effect
        assert found == timedelta(seconds=effect), (after, found)


async def test_too_many_open_circuits_are_one_trouble(house: Houses, board: Board) -> None:
    """The fourth within ten minutes is shadowed, and rules hear of it; a hard limit opens whatever the number."""
    one = house()
    kept = keeper(one, board, replace(Recovery(), share=1.0))
    await one.take(*(use(number, 1, f"case_{number}") for number in range(20)))
    states = [(await trip(kept, f"case_{number}", cause=UUID(int=number))).state for number in range(4)]
    assert states == [State.OPEN, State.OPEN, State.OPEN, State.SHADOW]
    assert (await trip(kept, "case_9", Tier.HARD, UUID(int=9))).state is State.OPEN


async def test_half_open_is_decided_by_what_went_through(house: Houses, board: Board) -> None:
    """By guardian's own count: half the allowance closes it, more than all opens it again."""
    one = house()
    kept = keeper(one, board, replace(Recovery(), allowance=100))
    for key, tokens, state in (
        ("case_1", 60, State.CLOSED),
        ("case_2", 101, State.OPEN),
    ):
        await kept.trip(Scope.CASE, key, Tier.PARK, "too much", UUID(int=len(key) + tokens))
        await kept.judge(Scope.CASE, key, Verdict.LEGITIMATE, "fine", None)
        one.clock.advance(minutes=11)
        await one.take(use(1, tokens, case=key))
        await kept.run_once()
        assert (await kept.get(Scope.CASE, key)).state is state


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        ([(10, 500), (29, 500), (31, 49)], State.HALF_OPEN),
        ([(29, 500), (31, 50)], State.CLOSED),
        ([(30, 50)], State.CLOSED),
        ([(31, 60), (59, 41)], State.OPEN),
        ([(31, 60), (75, 41)], State.OPEN),
    ],
)
async def test_a_trial_counts_from_its_beginning_within_the_minute(
    house: Houses, board: Board, seconds: list[tuple[int, int]], state: State
) -> None:
    """What was used in the same minute before it counts nothing, whenever it is told; what is used after it counts at once."""
    one = house()
    kept = keeper(one, board, replace(Recovery(), allowance=100))
    minute = one.clock.now()
    await trip(kept)
    one.clock.advance(seconds=30.7)
    early = [{**use(number, 300), "time": (minute + timedelta(seconds=5)).isoformat()} for number in (20, 21)]
    await one.take(early[0])
    await kept.judge(Scope.CASE, "case_1", Verdict.LEGITIMATE, "fine", None)
    one.clock.advance(seconds=50)
    told = [
        {**use(number, tokens), "time": (minute + timedelta(seconds=at)).isoformat()}
        for number, (at, tokens) in enumerate(seconds)
    ]
    await one.take(*told)
    await one.take(early[1])
    await kept.run_once()
    assert (await kept.get(Scope.CASE, "case_1")).state is state
    assert (await used(one))["tokens"] == 600 + sum(tokens for _, tokens in seconds)


@pytest.mark.parametrize(
    ("behind", "state"), [(1, State.HALF_OPEN), (0, State.OPEN), (None, State.OPEN)], ids=["before", "in it", "unsaid"]
)
async def test_a_call_that_a_trial_did_not_let_through_is_none_of_it(
    house: Houses, board: Board, behind: int | None, state: State
) -> None:
    """It was under way, or its worker believed for seconds what it had read: it ends within the trial, and counts before it."""
    one = house()
    kept = keeper(one, board, replace(Recovery(), allowance=100))
    await trip(kept)
    trial = await kept.judge(Scope.CASE, "case_1", Verdict.LEGITIMATE, "fine", None)
    one.clock.advance(seconds=40)
    said = {} if behind is None else {"circuit": trial.version - behind}
    await one.take({**use(1, 500, **said), "time": one.clock.now().isoformat()})
    await kept.run_once()
    assert (await kept.get(Scope.CASE, "case_1")).state is state
    assert (await used(one))["tokens"] == 500


async def test_what_was_accepted_ends_within_the_minute(house: Houses, board: Board) -> None:
    """What is used after a circuit was closed is held against the case from the next second on, and nothing from before."""
    one = house()
    opened = await trip(keeper(one, board))
    one.clock.advance(seconds=20.5)
    async with transaction(one.pool) as tx:
        await circuits.follow(tx, machine.closed(opened, "kim", "fine", one.clock.now()))
    one.clock.advance(seconds=30)
    at = [
        {**use(n, 450), "time": (one.clock.now() - timedelta(seconds=s)).isoformat()}
        for n, s in enumerate((40, 30, 25))
    ]
    await one.take(*at)
    assert await one.incidents() == []
    await one.take({**use(9, 60), "time": one.clock.now().isoformat()})
    assert [incident["dedup_key"] for incident in await one.incidents()] == ["case_1"]


async def test_a_worker_that_cannot_be_told_is_told_later(house: Houses, board: Board) -> None:
    """The record is kept, the step fails for the moment, and the loop writes it once DynamoDB is back."""
    kept = keeper(house(), board)
    board.away = True
    opened = await trip(kept)
    with pytest.raises(Unavailable):
        await kept.publish(opened)
    with pytest.raises(Unavailable):
        await kept.run_once()
    board.away = False
    await kept.run_once()
    assert board.items[Scope.CASE, "case_1"] == (State.OPEN, 1)
    with pytest.raises(Refused, match="LEH_BREAKER__TABLE"):
        await keeper(house(), None).publish(replace(opened, version=9))


async def test_a_replica_that_is_late_does_not_write_a_trial_again(house: Houses, board: Board) -> None:
    """It finds a newer version in the table, or reads one while it compares: that is another replica's, and no hand's."""
    one = house()
    kept, other = keeper(one, board), keeper(one, board)
    opened = await trip(kept)
    trial = await other.judge(Scope.CASE, "case_1", Verdict.LEGITIMATE, "fine", None)
    await other.publish(trial)
    await kept.publish(opened)
    assert (await kept.get(Scope.CASE, "case_1")).version == trial.version
    read = board.read

    async def quick(scope: Scope, key: str) -> tuple[State, int] | None:
        async with transaction(one.pool) as tx:
            there = await circuits.get(tx, scope, key)
            await circuits.follow(tx, machine.closed(there, "kim", "fine", one.clock.now()))
        board.read = read  # type: ignore[method-assign]
        await other.run_once()
        return await read(scope, key)

    one.clock.advance(seconds=61)
    board.read = quick  # type: ignore[method-assign]
    other._compared = one.clock.now()
    await kept.run_once()
    assert (await kept.get(Scope.CASE, "case_1")).version == trial.version + 1


async def test_a_copy_that_was_changed_by_hand_is_written_again(house: Houses, board: Board) -> None:
    """Deleted, or with a version above the record's: the record wins in a version above it."""
    one = house()
    kept = keeper(one, board)
    await kept.publish(await trip(kept))
    for there in (None, (State.CLOSED, 40)):
        board.items.clear()
        if there:
            board.items[Scope.CASE, "case_1"] = there
        one.clock.advance(seconds=61)
        await kept.run_once()
        await kept.run_once()
        state, version = board.items[Scope.CASE, "case_1"]
        assert state is State.OPEN
        assert version > (there[1] if there else 1)


async def test_a_writer_that_was_overtaken_changes_nothing(house: Houses, board: Board) -> None:
    """It finds a newer version in the table, the record's own: nobody has written there by hand, and nothing is written anew."""
    one = house()
    kept = keeper(one, board)
    opened = await trip(kept)
    judged = await kept.judge(Scope.CASE, "case_1", Verdict.LEGITIMATE, "a bulk upload", None)
    await kept.publish(judged)
    await kept.publish(opened)
    assert await kept.get(Scope.CASE, "case_1") == replace(judged, published=2)
    assert board.items[Scope.CASE, "case_1"] == (State.HALF_OPEN, 2)


async def test_a_copy_that_changes_while_it_is_compared_is_no_strangers(house: Houses, board: Board) -> None:
    """Between the look at the record and the one at the table another replica has moved it on."""
    one = house()
    kept, other = keeper(one, board), keeper(one, board)
    await kept.publish(await trip(kept))
    one.clock.advance(seconds=61)

    async def move() -> None:
        await other.publish(await other.judge(Scope.CASE, "case_1", Verdict.ATTACK, "from one address", None))

    board.before_read = move
    await kept.run_once()
    await kept.run_once()
    assert (await kept.get(Scope.CASE, "case_1")).version == 2
    assert board.items[Scope.CASE, "case_1"] == (State.OPEN, 2)


async def test_attempts_are_a_limit_of_their_own() -> None:
    """Every unit has a series."""
    assert {spending.series(Scope.CASE, unit) for unit in Unit} == {
        f"usage/case/{unit}" for unit in ("tokens", "usd", "attempts")
    }
