"""What happens to the actions of an incident that a person has resolved while they were under way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import anyio
import pytest

from leh_guardian.context import ActionContext
from leh_guardian.errors import Transient
from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Outcome, Wait
from leh_guardian.store import actions
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House

Houses = Callable[..., House]


@pytest.mark.parametrize("outcome", [Transient("later"), Wait(FakeClock().now(), "not yet")])
async def test_its_running_action_is_not_tried_again(house: Houses, outcome: Outcome | Exception) -> None:
    """An attempt that runs while a person resolves its incident ends, and whatever it ends in is the end of the action."""
    one = house()

    async def hook(_: ActionContext) -> None:
        await one.resolve()

    one.world.hook = hook
    one.world.outcomes = [outcome]
    await one.take(alarm_event("leh-1"))
    await one.work()
    one.clock.advance(hours=1)
    await one.work()
    assert len(one.world.attempts) == 1
    assert await one.steps() == [("fix", "skipped")]
    assert "action.skipped" in await one.journal()


async def test_its_halted_action_is_over(house: Houses) -> None:
    """Resolved and then stopped by the kill switch at a checkpoint, an action is not kept for the switch's end."""
    one = house()

    async def hook(ctx: ActionContext) -> None:
        await one.resolve()
        await one.set_mode(Mode.OFF)
        await ctx.checkpoint("step", 1)

    one.world.hook = hook
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert await one.steps() == [("fix", "skipped")]
    await one.set_mode(Mode.ACT)
    await one.work()
    assert one.world.effects == Counter()


async def test_its_lost_action_is_over(house: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt whose process died, and whose incident was resolved since, is not taken up again."""
    one = house()
    await one.take(alarm_event("leh-1"))
    with monkeypatch.context() as short:
        short.setattr(actions, "LEASE_SECONDS", 0.0)
        async with transaction(one.pool) as tx:
            await actions.claim(tx, one.clock.now(), Mode.ACT, "died", 1)
    await one.resolve()
    await one.work()
    assert one.world.attempts == []
    assert await one.steps() == [("fix", "skipped")]


async def test_nobody_is_called_for_what_is_resolved(house: Houses) -> None:
    """A call that had not gone out when a person resolved its incident never does: they know."""
    one = house()
    one.world.outcomes = [Transient("1"), Transient("2"), Transient("3")]
    await one.take(alarm_event("leh-1"))
    for _ in range(2):
        async with anyio.create_task_group() as tasks:
            await one.executor.run_once(tasks)
        one.clock.advance(seconds=10)
    async with anyio.create_task_group() as tasks:
        await one.executor.run_once(tasks)
    await one.resolve()
    await one.work()
    assert one.world.told == []
    tells = [(a["params"]["kind"], a["status"]) for a in await one.actions() if a["role"] == "tell"]
    assert sorted(tells) == [("page", "skipped"), ("status", "succeeded")]


async def test_at_most_once_stopped_half_way_is_told(house: Houses) -> None:
    """What is at most once and was stopped while it ran goes to a person, who is told - it does not vanish in a list."""
    one = house("once")

    async def hook(ctx: ActionContext) -> None:
        await one.set_mode(Mode.OFF)
        await ctx.checkpoint("step", 1)

    one.world.hook = hook
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert await one.steps() == [("once", "needs_human")]
    assert len(one.world.told) == 1
    assert "action.needs_human" in await one.journal()
