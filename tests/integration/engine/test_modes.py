"""The kill switch and lowered modes, met while an action is half done; approvals of what has begun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.context import ActionContext
from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Wait
from leh_guardian.store import actions
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
    pattern: {{detail: {{alarmName: [{{prefix: leh-}}], state: {{value: [ALARM]}}}}}}
    resolve_on: {{detail: {{state: {{value: [OK]}}}}}}
    dedup: detail.alarmName
    {serialize}
    guards: {{cooldown: 1s}}
    actions:
      - uses: {uses}
        with: {{what: "${{event.detail.alarmName}}"}}
"""

Houses = Callable[..., House]


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make houses over one database and one world."""
    world, clock = World(), FakeClock()

    def make(uses: str = "fix", serialize: str = "", **options: Any) -> House:
        rules = rule_set(tmp_path / "rules", RULE.format(uses=uses, serialize=serialize), world)
        return House(pool, rules, world, clock, **options)

    return make


def lower_half_way(one: House, mode: Mode) -> None:
    """Lower the mode in the middle of the first attempt."""

    async def hook(ctx: ActionContext) -> None:
        if ctx.attempt == 1:
            await one.set_mode(mode)
        await ctx.checkpoint("step", ctx.attempt)

    one.world.hook = hook


async def ok(one: House) -> None:
    """Send the OK and let its hold pass."""
    await one.take(alarm_event("leh-1", "OK", time="2026-11-22T17:59:30Z"))
    one.clock.advance(minutes=6)
    await one.work()


async def test_half_done_is_not_ended_by_a_dry_run(house: Houses) -> None:
    """Lowered to observe half-way, an action is held, not tried out and called done; raised, it goes on from there."""
    one = house()
    lower_half_way(one, Mode.OBSERVE)
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert await one.steps() == [("fix", "scheduled")]
    assert (await one.journal()).count("action.held") == 1
    await one.set_mode(Mode.ACT)
    await one.work()
    assert await one.steps() == [("fix", "succeeded")]
    assert one.world.effects["leh-1"] == 1


@pytest.mark.parametrize(("mode", "status"), [(Mode.OFF, "waiting"), (Mode.PROPOSE, "proposed")])
async def test_lowered_while_it_waits_is_said(house: Houses, mode: Mode, status: str) -> None:
    """An action whose wait is over under a lowered mode is held or proposed like any other, never just left lying."""
    one = house()
    one.world.outcomes = [Wait(one.clock.now() + timedelta(minutes=1), "not yet")]
    await one.take(alarm_event("leh-1"))
    await one.work()
    await one.set_mode(mode)
    one.clock.advance(minutes=2)
    await one.work()
    (action,) = [a for a in await one.actions() if a["role"] == "step"]
    assert action["status"] == status
    assert ("action.held" if mode is Mode.OFF else "action.proposed") in await one.journal()
    if mode is Mode.PROPOSE:
        assert await one.answer(action["id"], approve=True)
    else:
        await one.set_mode(Mode.ACT)
    await one.work()
    assert one.world.effects["leh-1"] == 2  # the look that waited, and the end


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.PROPOSE])
async def test_lost_under_a_lowered_mode_is_said(house: Houses, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost attempt that the mode now keeps from going on is held or proposed; it does not stay "running" for ever."""
    one = house()
    await one.take(alarm_event("leh-1"))
    await lose(one, monkeypatch)
    await one.set_mode(mode)
    await one.work()
    (action,) = [a for a in await one.actions() if a["role"] == "step"]
    assert action["status"] == ("scheduled" if mode is Mode.OFF else "proposed")
    if mode is Mode.PROPOSE:
        assert await one.answer(action["id"], approve=True)
    else:
        assert action["held"]
        await one.set_mode(Mode.ACT)
    await one.work()
    assert one.world.effects["leh-1"] == 1


async def test_at_most_once_lost_is_unknown_whatever_the_mode(house: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost at-most-once attempt goes to a person at once, even with everything off: approving it would repeat it."""
    one = house("once")
    await one.take(alarm_event("leh-1"))
    await lose(one, monkeypatch)
    await one.set_mode(Mode.PROPOSE)
    await one.work()
    assert await one.steps() == [("once", "needs_human")]
    assert one.world.effects == Counter()
    assert len(one.world.told) == 1


async def lose(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process take the due action and die."""
    with monkeypatch.context() as short:
        short.setattr(actions, "LEASE_SECONDS", 0.0)
        async with transaction(one.pool) as tx:
            assert await actions.claim(tx, one.clock.now(), Mode.ACT, "died", 1)


async def test_half_done_and_proposed_keeps_its_key(house: Houses) -> None:
    """What was stopped half-way and waits for approval is not overtaken by another of its key, and approving it works."""
    one = house(serialize="serialize: source")
    lower_half_way(one, Mode.PROPOSE)
    await one.take(alarm_event("leh-1"))
    await one.work()
    one.world.hook = None
    await one.set_mode(Mode.ACT)
    await one.take(alarm_event("leh-2"))
    one.world.outcomes = [Wait(one.clock.now() + timedelta(hours=1), "not yet")]
    await one.work()
    (first,) = await one.actions("proposed")
    assert await one.answer(first["id"], approve=True)
    for _ in range(2):
        await one.work()
        one.clock.advance(hours=2)
    assert [ctx.attempt for ctx in one.world.attempts] == [2, 3, 1]


async def test_rejecting_what_has_begun_lets_its_ok_close_the_incident(house: Houses) -> None:
    """A held OK that found the incident busy with a half-done proposal closes it when that is rejected."""
    one = house()
    lower_half_way(one, Mode.PROPOSE)
    await one.take(alarm_event("leh-1"))
    await one.work()
    await ok(one)
    (action,) = await one.actions("proposed")
    assert await one.incidents("triggered")
    assert await one.answer(action["id"], approve=False)
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["resolved"]


async def test_no_switch_silences_guardians_own_messages(house: Houses) -> None:
    """`mode set off --handler notify` holds the rules' own messages; what people must know is told all the same."""
    one = house("fix")
    one.world.outcomes = [ValueError("defect")]
    await one.set_mode(Mode.OFF, "notify")
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert len(one.world.told) == 1


async def test_what_reads_and_is_switched_off_is_said(house: Houses) -> None:
    """A handler that only reads, switched off by name, is held with a line in the journal."""
    one = house("look")
    await one.set_mode(Mode.OFF, "look")
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert "action.held" in await one.journal()
    await one.set_mode(Mode.ACT, "look")
    await one.work()
    assert await one.steps() == [("look", "succeeded")]
