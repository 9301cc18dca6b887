"""Budgets per target: counted as an action begins, whichever rule, replica or person asked for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.engine import by_hand
from leh_guardian.errors import Transient
from leh_guardian.model.mode import Mode
from leh_guardian.store import target_runs
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
  - id: r{number}
    mode: {mode}
    pattern: {{detail: {{alarmName: [{{prefix: leh-}}], state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    guards: {{cooldown: 1s}}
    actions:
      - {{uses: fix, with: {{what: user_1}}, retry: {{attempts: 3, backoff: 1s}}}}
"""
BUDGET = """
version: 1
prices: {m: [{from: 2026-01-01, prompt: 1, completion: 1}]}
per_target: {fix: [{max: 1, per: 24h}]}
"""
Houses = Callable[..., House]


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make replicas of one world, with rules that fix the same target, once a day at most."""
    world, clock = World(), FakeClock()

    def make(rules: int = 1, mode: str = "act", **options: Any) -> House:
        folder = tmp_path / f"rules-{mode}"
        folder.mkdir(exist_ok=True)
        (folder / "budget.yaml").write_text(BUDGET, encoding="utf-8")
        text = "version: 1\nrules:\n" + "".join(RULE.format(number=n, mode=mode) for n in range(rules))
        return House(pool, rule_set(folder, text, world), world, clock, **options)

    return make


async def by_person(one: House, *, over_budget: bool = False) -> None:
    """Ask for the same by hand."""
    async with transaction(one.pool) as tx:
        await by_hand.start(
            tx,
            one.world.registry(),
            "fix",
            {"what": "user_1"},
            about="user_1",
            limits={},
            now=one.clock.now(),
            who="kim",
            reason="it must be",
            over_budget=over_budget,
        )


async def statuses(one: House) -> list[str]:
    """What became of the actions."""
    return sorted(status for step, status in await one.steps() if step == "fix")


async def test_of_two_rules_on_two_replicas_one_runs(house: Houses) -> None:
    """Whoever is first; the other is refused as beyond a limit, its incident stays open, and people are told why."""
    one, other = house(2), house(2, replica="other")
    await one.take(alarm_event("leh-1"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.executor.run_once, tasks)
        tasks.start_soon(other.executor.run_once, tasks)
    await one.work()
    assert one.world.effects == {"user_1": 1}
    assert await statuses(one) == ["failed", "succeeded"]
    assert "suppressed.budget" in await one.journal()
    assert any(
        "user_1에 대한 fix은(는) 1일에 1번까지만" in line for notice in one.world.notices for line in notice.lines
    )
    one.clock.advance(hours=23, minutes=59)
    await one.take(alarm_event("leh-2"))
    await one.work()
    assert one.world.effects == {"user_1": 1}
    one.clock.advance(minutes=2)
    await one.take(alarm_event("leh-3"))
    await one.work()
    assert one.world.effects == {"user_1": 2}


async def test_a_person_is_held_by_it_and_may_go_past_it_knowingly(house: Houses) -> None:
    """What goes past it is in the journal with who and why, and counts."""
    one = house()
    await by_person(one)
    await one.work()
    await by_person(one)
    await one.work()
    assert (one.world.effects, await statuses(one)) == ({"user_1": 1}, ["failed", "succeeded"])
    await one.resolve()
    await by_person(one, over_budget=True)
    await one.work()
    assert one.world.effects == {"user_1": 2}
    async with transaction(one.pool) as tx:
        said = await tx.fetch("select kind, reason, data::text from journal where data::text like '%over_budget%'")
        passed = await tx.fetchval("select reason from journal where kind = 'action.over_budget'")
        runs = await target_runs.of(tx, "fix", "user_1")
    assert [(row["kind"], row["reason"]) for row in said] == [("incident.opened", "it must be")]
    assert passed.startswith("the budget of fix for user_1 is spent")
    assert len(runs) == 2


async def test_an_action_is_one_run_however_often_it_is_tried(house: Houses) -> None:
    """And what is only tried out is none."""
    dry = house(mode="observe")
    await dry.take(alarm_event("leh-1"))
    await dry.work()
    async with transaction(dry.pool) as tx:
        assert await target_runs.of(tx, "fix", "user_1") == []
    one = house()
    one.world.outcomes = [Transient("later"), Transient("later")]
    await one.take(alarm_event("leh-2"))
    for _ in range(4):
        await one.work()
        one.clock.advance(seconds=5)
    assert one.world.effects == {"user_1": 1}


async def test_what_is_held_back_or_rejected_is_no_run(house: Houses) -> None:
    """A budget is not spent by asking: an action counts when it begins."""
    one = house(mode="propose")
    await one.take(alarm_event("leh-1"))
    await one.work()
    [asked] = await one.actions("proposed")
    await one.answer(asked["id"], approve=False)
    await one.set_mode(Mode.OFF)
    await by_person(one)
    await one.work()
    await one.set_mode(Mode.ACT)
    await one.work()
    assert one.world.effects == {"user_1": 1}
