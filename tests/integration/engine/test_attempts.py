"""An attempt against a store that hangs or restarts, and outcomes that nobody expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from leh_guardian.context import ActionContext
from leh_guardian.errors import Throttled
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.action import backoff_seconds
from leh_guardian.model.outcome import Done, Wait
from leh_guardian.registry import Registry
from leh_guardian.store import actions
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
version: 1
rules:
  - id: r
    mode: act
    pattern: {detail: {alarmName: [{prefix: leh-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    guards: {cooldown: 1s}
    actions:
      - uses: fix
        with: {what: "${event.detail.alarmName}"}
        retry: {attempts: 3, backoff: 1s}
      - uses: look
"""

Houses = Callable[..., House]


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make houses over one database and one world."""
    world, clock = World(), FakeClock()

    def make(pool_: Pool = pool, **options: Any) -> House:
        return House(pool_, rule_set(tmp_path / "rules", RULE, world), world, clock, **options)

    return make


async def test_handler_is_stopped_while_its_lease_is_still_good(house: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renewal that hangs does not keep the handler going past its lease: when it is stopped, nobody else may have begun."""
    monkeypatch.setattr(actions, "LEASE_SECONDS", 3.0)
    one = house()
    good: list[bool] = []

    async def hook(ctx: ActionContext) -> None:
        async with transaction(one.pool) as other:
            await other.fetch("select id from actions where id = $1 for update", ctx.action_id)
            try:
                await anyio.sleep(20)
            finally:
                with anyio.CancelScope(shield=True):
                    asked = "select lease_until > clock_timestamp() from actions where id = $1"
                    good.append(await other.fetchval(asked, ctx.action_id))

    one.world.hook = hook
    await one.take(alarm_event("leh-1"))
    async with anyio.create_task_group() as tasks:
        await one.executor.run_once(tasks)
    assert good == [True]
    assert one.world.effects == Counter()


async def test_checkpoint_outlives_a_restart_of_the_store(house: Houses, tmp_path: Path) -> None:
    """PostgreSQL restarting under a running action costs neither the attempt nor a repeated effect."""
    server = EmbeddedPostgres.start(tmp_path / "own", durable=False)
    try:
        server.create_database("x")
        pool = await Pool.open(server.dsn("x"), size=4)
        await migrate(pool)
        one = house(pool)

        async def hook(ctx: ActionContext) -> None:
            await anyio.to_thread.run_sync(server.kill)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.to_thread.run_sync, server.restart)
                await ctx.checkpoint("step", 1)
            one.world.hook = None

        one.world.hook = hook
        await one.take(alarm_event("leh-1"))
        async with anyio.create_task_group() as tasks:
            await one.executor.run_once(tasks)
        (action, _) = await one.actions()
        assert (action["status"], action["attempt"]) == ("succeeded", 1)
        await pool.close()
    finally:
        server.stop(remove=True)


@pytest.mark.parametrize("after", [1e30, float("inf"), -5.0, float("nan")])
async def test_the_pause_that_the_other_side_asks_for_is_bounded(house: Houses, after: float) -> None:
    """Whatever a Retry-After says, the next attempt comes within the hour, and nothing breaks."""
    one = house()
    one.world.outcomes = [Throttled("slow down", retry_after=after)]
    await one.take(alarm_event("leh-1"))
    await one.work()
    one.clock.advance(hours=1)
    await one.work()
    assert one.world.effects["leh-1"] == 1


async def test_waiting_for_the_past_is_no_busy_loop(house: Houses) -> None:
    """A handler that waits until an instant that is over is asked again a moment later, not at once."""
    one = house()
    one.world.outcomes = [Wait(one.clock.now() - timedelta(days=1), "?")] * 3
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert len(one.world.attempts) == 1


def test_a_long_backoff_is_kept() -> None:
    """Doubling ends at an hour; a rule that asks for more than that from the start gets it."""
    assert backoff_seconds(60, 30) == 3600
    assert backoff_seconds(7200, 1) == backoff_seconds(7200, 5) == 7200


async def test_an_outcome_that_is_none_goes_to_people(house: Houses) -> None:
    """A defect in what follows an effect neither ends the daemon nor repeats the effect: people are asked."""
    one = house()
    outcome: Any = "fixed"
    one.world.outcomes = [outcome]
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert one.world.effects["leh-1"] == 1
    assert await one.steps() == [("fix", "needs_human")]
    assert len(one.world.told) == 1


async def test_a_step_of_another_version_goes_to_people(house: Houses) -> None:
    """An open incident whose next step uses a handler that this version lacks fails there, and people are told."""
    one = house()
    one.world.outcomes = [Done("fixed")]
    await one.take(alarm_event("leh-1"))
    one.executor._settlement._progression._registry = without(one, "look")
    await one.work()
    assert await one.steps() == [("fix", "succeeded"), ("look", "failed")]
    assert len(one.world.told) == 1


async def test_an_action_of_another_version_is_left_to_it(house: Houses) -> None:
    """While versions are mixed, a replica leaves alone what only a newer one can run; nobody coming, it fails it aloud."""
    old, new = house(), house(replica="new")
    old.executor._registry = without(old, "fix")
    await old.take(alarm_event("leh-1"), alarm_event("leh-2"))
    await old.work()
    assert old.world.attempts == []
    async with anyio.create_task_group() as tasks:
        new.executor._slots = 1
        await new.executor.run_once(tasks)
    assert sum(old.world.effects.values()) == 1
    old.clock.advance(minutes=11)
    await old.work()
    assert Counter(await old.steps())[("fix", "failed")] == 1
    assert len(old.world.told) == 1


async def test_a_stop_waits_for_a_claim_under_way(house: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is being claimed when the daemon stops is not cancelled between its claim and its first step."""
    one = house()
    asked, answer = anyio.Event(), anyio.Event()
    real = actions.claim

    async def slow(*args: Any) -> Any:
        asked.set()
        await answer.wait()
        return await real(*args)

    monkeypatch.setattr(actions, "claim", slow)
    await one.take(alarm_event("leh-1"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.executor.run_once, tasks)
        await asked.wait()
        with anyio.move_on_after(0.05) as waited:
            await one.executor.idle()
        assert waited.cancelled_caught
        answer.set()
        await one.executor.idle()
        assert one.world.effects["leh-1"] == 1


def without(one: House, name: str) -> Registry:
    """The registry of a version that lacks a handler."""
    return Registry(tuple(replace(spec) for spec in one.world.registry() if spec.name != name))


async def test_a_lease_lasts_as_long_as_its_settlement(house: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settlement that the store holds up for longer than the lease is not overtaken: nothing is run a second time."""
    monkeypatch.setattr(actions, "LEASE_SECONDS", 1.0)
    one, two = house(), house()
    await one.take(alarm_event("leh-1"))
    running = anyio.Event()

    async def hook(_: ActionContext) -> None:
        running.set()
        # Lets the other side take the incident's lock before the settlement asks for it.
        await anyio.sleep(0.2)

    one.world.hook = hook
    async with anyio.create_task_group() as tasks:
        assert await one.executor.run_once(tasks) == 1
        await running.wait()
        async with transaction(one.pool) as other:
            await other.fetch("select id from incidents for update")
            await anyio.sleep(2.5)
            async with anyio.create_task_group() as more:
                assert await two.executor.run_once(more) == 0
    assert one.world.effects == Counter({"leh-1": 1})
    assert [a["status"] for a in await one.actions() if a["handler"] == "fix"] == ["succeeded"]
