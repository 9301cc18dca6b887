"""Leases, fences, serial keys, modes and approvals, on a real PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import anyio
import pytest

from leh_guardian.context import ActionContext
from leh_guardian.engine import verbs
from leh_guardian.errors import Halted, LeaseLost
from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Done, NoOp, Wait
from leh_guardian.store import actions
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.integration.engine.conftest import RULE
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

Houses = Callable[..., House]


async def set_mode(house: House, mode: Mode, scope: str = "*") -> None:
    """Move the kill switch."""
    async with transaction(house.pool) as tx:
        await verbs.set_mode(tx, scope, mode, house.clock.now(), "test", "because")


async def test_replicas_share_the_work_and_do_each_thing_once(house: Houses) -> None:
    """Six replicas claiming at once run every action, none of them twice."""
    houses = [house(replica=f"r{n}") for n in range(6)]
    await houses[0].take(*(alarm_event(f"leh-{n}") for n in range(60)))
    async with anyio.create_task_group() as tasks:
        for each in houses:
            tasks.start_soon(each.work)
    await houses[0].work()
    assert houses[0].world.effects == Counter({f"leh-{n}": 1 for n in range(60)})


async def test_same_serialize_key_runs_one_after_the_other(house: Houses) -> None:
    """Actions that share a key never run at once, whatever replica claims them; others do."""
    running = most = 0

    async def hook(_: ActionContext) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.02)
        running -= 1

    houses = [house(serialize="serialize: source", replica=f"r{n}") for n in range(3)]
    houses[0].world.hook = hook
    await houses[0].take(*(alarm_event(f"leh-{n}") for n in range(8)))
    for _ in range(20):
        async with anyio.create_task_group() as tasks:
            for each in houses:
                tasks.start_soon(each.work)
    assert most == 1
    assert sum(houses[0].world.effects.values()) == 8


async def test_a_started_action_keeps_its_key_through_its_backoff(house: Houses) -> None:
    """While an action waits for its next attempt, another of the same key does not slip in between."""
    from leh_guardian.errors import Transient

    one = house(serialize="serialize: source")
    one.world.outcomes = [Transient("later")]
    await one.take(alarm_event("leh-1"), alarm_event("leh-2"))
    await one.work()
    assert one.world.effects == Counter()
    one.clock.advance(seconds=1)
    await one.work()
    assert [ctx.attempt for ctx in one.world.attempts] == [1, 2, 1]


async def test_an_attempt_whose_lease_ran_out_writes_nothing(house: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica frozen past its lease is overtaken; when it wakes it can neither checkpoint nor settle."""
    frozen, quick = house(replica="frozen"), house(replica="quick")
    await frozen.take(alarm_event("leh-1"))
    with monkeypatch.context() as short:
        short.setattr(actions, "LEASE_SECONDS", 0.0)
        async with transaction(frozen.pool) as tx:
            (stale,) = await actions.claim(tx, frozen.clock.now(), Mode.ACT, "frozen", 1)
    await quick.work()
    assert quick.world.effects["leh-1"] == 1
    now = frozen.clock.now()
    for write in (
        lambda tx: actions.renew(tx, stale.id, stale.attempt),
        lambda tx: actions.checkpoint(tx, stale, Mode.ACT, {"x": 1}),
        lambda tx: frozen.executor._settlement.settle(tx, stale, Done("late"), now),
    ):
        with pytest.raises(LeaseLost):
            async with transaction(frozen.pool) as tx:
                await write(tx)
    assert [a["status"] for a in await quick.actions()] == ["succeeded"]
    assert "attempt.lost" in await quick.journal()


async def test_at_most_once_is_not_repeated_after_a_loss(house: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost attempt of an at-most-once handler goes to a person, never to another attempt."""
    one = house(uses="once")
    await one.take(alarm_event("leh-1"))
    with monkeypatch.context() as short:
        short.setattr(actions, "LEASE_SECONDS", 0.0)
        async with transaction(one.pool) as tx:
            await actions.claim(tx, one.clock.now(), Mode.ACT, "died", 1)
    await one.work()
    assert [a["status"] for a in await one.actions() if a["role"] == "step"] == ["needs_human"]
    assert one.world.effects == Counter()
    assert len(one.world.told) == 1


async def test_propose_waits_for_a_person(house: Houses) -> None:
    """A proposed action runs once it is approved, people are told what to type, and a second answer is refused."""
    one = house(rule_mode="propose")
    await one.take(alarm_event("leh-1"))
    await one.work()
    (action,) = [a for a in await one.actions() if a["role"] == "step"]
    assert action["status"] == "proposed"
    assert f"actions approve {action['id']}" in one.world.told[0]
    async with transaction(one.pool) as tx:
        assert (await verbs.answer_proposal(tx, UUID(action["id"]), one.clock.now(), "kim", "ok", approve=True)).counted
    async with transaction(one.pool) as tx:
        late = await verbs.answer_proposal(tx, UUID(action["id"]), one.clock.now(), "lee", "no", approve=False)
        assert not late.counted
    await one.work()
    assert one.world.effects["leh-1"] == 1
    assert [i["status"] for i in await one.incidents()] == ["resolved"]


async def test_rejected_action_never_runs(house: Houses) -> None:
    """A rejected action is over; the incident stays open for the person."""
    one = house(rule_mode="propose")
    await one.take(alarm_event("leh-1"))
    await one.work()
    (action,) = [a for a in await one.actions() if a["role"] == "step"]
    async with transaction(one.pool) as tx:
        assert (
            await verbs.answer_proposal(tx, UUID(action["id"]), one.clock.now(), "kim", "no", approve=False)
        ).counted
    await one.work()
    assert one.world.effects == Counter()
    # Whoever decides is at it.
    assert [i["status"] for i in await one.incidents()] == ["acknowledged"]


@pytest.mark.parametrize("scope", ["*", "fix"])
async def test_kill_switch_holds_what_changes_things(house: Houses, scope: str) -> None:
    """Off, for everything or one handler, is read in the claim of every replica; raised again, what was held starts."""
    one, two = house(), house(replica="two")
    await set_mode(one, Mode.OFF, scope)
    await one.take(alarm_event("leh-1"))
    for _ in range(3):
        await one.work()
        await two.work()
    assert one.world.attempts == []
    (action,) = await one.actions()
    assert (action["status"], action["held"]) == ("scheduled", True)
    assert (await one.journal()).count("action.held") == 1
    await set_mode(one, Mode.ACT, scope)
    await two.work()
    assert one.world.effects["leh-1"] == 1


async def test_kill_switch_lets_people_be_told_and_things_be_read(house: Houses) -> None:
    """With everything off, looking and telling go on: guardian gets quieter, not blind."""
    one = house(uses="look")
    await set_mode(one, Mode.OFF)
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert one.world.effects["leh-1"] == 1


async def test_lowering_the_mode_stops_a_running_action_at_its_checkpoint(house: Houses) -> None:
    """The switch reaches a running action at its next checkpoint; it goes on there when the mode is raised again."""
    one = house()

    async def hook(ctx: ActionContext) -> None:
        if ctx.attempt == 1:
            await set_mode(one, Mode.OFF)
        await ctx.checkpoint("step", ctx.attempt)

    one.world.hook = hook
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert one.world.effects == Counter()
    assert "attempt.halted" in await one.journal()
    await set_mode(one, Mode.ACT)
    await one.work()
    assert one.world.effects["leh-1"] == 1
    assert [(c.attempt, c.remembered.get("step")) for c in one.world.attempts] == [(2, 1)]


async def test_resolving_by_hand_withdraws_a_halted_action(house: Houses) -> None:
    """An action that the switch halted does not go on when the mode is raised, once a person has closed its incident."""
    one = house()

    async def hook(ctx: ActionContext) -> None:
        await set_mode(one, Mode.OFF)
        await ctx.checkpoint("step", ctx.attempt)

    one.world.hook = hook
    await one.take(alarm_event("leh-1"))
    await one.work()
    (incident,) = await one.incidents()
    async with transaction(one.pool) as tx:
        assert await verbs.resolve(tx, UUID(incident["id"]), one.clock.now(), "kim", "by hand")
    await set_mode(one, Mode.ACT)
    await one.work()
    assert one.world.effects == Counter()
    assert [(a["status"], a["attempt"]) for a in await one.actions()] == [("skipped", 1)]


@pytest.mark.parametrize(
    ("mode", "effects", "status"),
    [(Mode.OBSERVE, 0, "succeeded"), (Mode.PROPOSE, 0, "proposed"), (Mode.ACT, 1, "succeeded")],
)
async def test_lowest_mode_wins(house: Houses, mode: Mode, effects: int, status: str) -> None:
    """This process's own mode, the switch and the rule: the most careful of them decides."""
    one = house(mode=mode)
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert sum(one.world.effects.values()) == effects
    assert [a["status"] for a in await one.actions() if a["role"] == "step"] == [status]


async def test_waiting_costs_no_attempt_and_ends_at_its_time(house: Houses) -> None:
    """A handler that says "not yet" is asked again, as often as it takes."""
    one = house()
    one.world.outcomes = [Wait(one.clock.now() + timedelta(minutes=n), "not yet") for n in range(1, 6)]
    await one.take(alarm_event("leh-1"))
    for _ in range(6):
        await one.work()
        one.clock.advance(minutes=1)
    (action,) = [a for a in await one.actions() if a["role"] == "step"]
    assert (action["status"], action["failures"], action["attempt"]) == ("succeeded", 0, 6)


async def test_nothing_to_do_is_told_apart_from_done(house: Houses) -> None:
    """A precondition that no longer holds skips the action, with its reason."""
    one = house()
    one.world.outcomes = [NoOp("already in order")]
    await one.take(alarm_event("leh-1"))
    await one.work()
    (action,) = await one.actions()
    assert (action["status"], action["outcome"]["summary"]) == ("skipped", "already in order")


async def test_shutdown_gives_a_running_action_back(house: Houses) -> None:
    """Cancelled at shutdown, an attempt is released without counting as failed, and goes on elsewhere."""
    one, two = house(), house(replica="two")
    started = anyio.Event()

    async def hook(ctx: ActionContext) -> None:
        if ctx.attempt == 1:
            started.set()
            await anyio.sleep_forever()

    one.world.hook = hook
    await one.take(alarm_event("leh-1"))
    async with anyio.create_task_group() as tasks:
        await one.executor.run_once(tasks)
        await started.wait()
        tasks.cancel_scope.cancel()
    (action,) = await two.actions()
    assert (action["status"], action["failures"]) == ("scheduled", 0)
    await two.work()
    assert one.world.effects["leh-1"] == 1
    assert "attempt.released" in await two.journal()


async def test_timeout_of_an_attempt_is_a_retry(house: Houses) -> None:
    """An attempt that takes longer than its time is ended and tried again."""
    one = house(uses="fix\n        timeout: 50ms")

    async def hook(ctx: ActionContext) -> None:
        if ctx.attempt == 1:
            await anyio.sleep(0.5)

    one.world.hook = hook
    await one.take(alarm_event("leh-1"))
    await one.work()
    one.clock.advance(seconds=5)
    await one.work()
    assert one.world.effects["leh-1"] == 1
    assert "attempt.retry" in await one.journal()


VERIFY = """
version: 1
rules:
  - id: r
    mode: act
    pattern: {detail: {alarmName: [{prefix: leh-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    guards: {cooldown: 1s}
    actions: [{uses: fix}]
    verify: {uses: look, with: {what: proof}, within: 10m}
"""


@pytest.mark.parametrize(("waits", "status"), [(3, "resolved"), (30, "triggered")])
async def test_the_proof_has_its_time(pool: Pool, tmp_path: Path, waits: int, status: str) -> None:
    """A remedy is done when its proof comes true in time; if it does not, people are told and the incident stays open."""
    world, clock = World(), FakeClock()
    one = House(pool, rule_set(tmp_path / "rules", VERIFY, world), world, clock)
    until = [Wait(clock.now() + timedelta(minutes=n), "not yet") for n in range(1, waits + 1)]
    world.outcomes = [Done("fixed"), *until]
    await one.take(alarm_event("leh-1"))
    for _ in range(waits + 1):
        await one.work()
        clock.advance(minutes=1)
    await one.work()
    assert [i["status"] for i in await one.incidents()] == [status]
    assert ("plan.verified" in await one.journal()) == (status == "resolved")
    said = [text for text in world.told if "효과가 확인되지 않았습니다" in text]
    assert len(said) == (status == "triggered")


async def test_a_dry_run_has_nothing_to_prove(pool: Pool, tmp_path: Path) -> None:
    """Held at observe by the process or the switch, a rule is tried out: no proof is asked for what was not done."""
    world, clock = World(), FakeClock()
    one = House(pool, rule_set(tmp_path / "rules", VERIFY, world), world, clock, mode=Mode.OBSERVE)
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert [(a["role"], a["dry_run"]) for a in await one.actions()] == [("step", True)]
    assert world.told == []


async def test_observing_rules_tell_nobody(pool: Pool, tmp_path: Path) -> None:
    """A rule that only observes runs its messages dry, too."""
    world, clock = World(), FakeClock()
    text = RULE.format(mode="observe", uses="notify", serialize="").replace("what:", "text:")
    one = House(pool, rule_set(tmp_path / "rules", text, world), world, clock)
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert [(a["handler"], a["status"]) for a in await one.actions()] == [("notify", "succeeded")]
    assert world.told == []
    assert "action.observed" in await one.journal()


def test_halted_is_no_handler_error() -> None:
    """A handler that catches its own errors does not catch the kill switch by accident."""
    from leh_guardian.errors import HandlerError

    assert not issubclass(Halted, HandlerError)
    assert not issubclass(LeaseLost, HandlerError)
