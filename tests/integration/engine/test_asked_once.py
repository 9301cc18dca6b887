"""One word for a whole plan: people are asked once and shown every step, and nothing runs on it that is not as they saw it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from leh_guardian.engine import verbs
from leh_guardian.model.mode import Mode
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
version: 1
rules:
  - id: r
    mode: propose
    {asks}
    pattern: {{detail: {{alarmName: [{{prefix: leh-}}], state: {{value: [ALARM]}}}}}}
    resolve_on: {{detail: {{state: {{value: [OK]}}}}}}
    dedup: detail.alarmName
    guards: {{cooldown: 1s}}
    actions:
      - uses: look
        with: {{what: seen}}
      - {{id: one, uses: fix, with: {{what: "${{actions.look.what}}"}}}}
      - {{id: two, uses: fix, with: {{what: "{two}"}}}}
      - {{id: three, uses: fix, with: {{what: last}}}}
"""
Houses = Callable[..., House]


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make a house whose rule is asked for as `asks` says."""

    def make(asks: str = "asks: once", two: str = "next") -> House:
        world = World()
        rules = rule_set(tmp_path / "rules", RULE.format(asks=asks, two=two), world)
        return House(pool, rules, world, FakeClock())

    return make


async def proposed(one: House) -> list[str]:
    """Return the steps that wait for a word, after everything else is done."""
    await one.work()
    return [action["step"] for action in await one.actions("proposed")]


async def say_yes(one: House, who: str = "kim") -> None:
    """Approve what waits."""
    [waiting] = await one.actions("proposed")
    one.clock.advance(seconds=5)
    async with transaction(one.pool) as tx:
        assert (
            await verbs.answer_proposal(tx, UUID(waiting["id"]), one.clock.now(), who, "said so", approve=True)
        ).counted


async def test_one_word_is_for_all_that_was_shown(house: Houses) -> None:
    """The message names every step and what it is given; after one approval all of them run, in its giver's name."""
    one = house()
    await one.take(alarm_event("leh-1"))
    assert await proposed(one) == ["one"]
    [message] = one.world.told
    assert 'fix {"what":"seen"} → fix {"what":"next"} → fix {"what":"last"}' in message
    await say_yes(one)
    assert await proposed(one) == []
    assert one.world.effects == {"seen": 2, "next": 1, "last": 1}
    by = {action["step"]: action["approved_by"] for action in await one.actions() if action["role"] == "step"}
    assert by == {"look": None, "one": "kim", "two": "kim", "three": "kim"}
    assert (await one.journal()).count("action.proposed") == 1


async def test_what_is_approved_is_shown_whole(house: Houses) -> None:
    """Long parameters do not push a later step out of the message: nobody approves what they have not seen."""
    one = house(two="n" * 250)
    await one.take(alarm_event("leh-1"))
    assert await proposed(one) == ["one"]
    assert "n" * 250 in one.world.told[0]
    assert 'fix {"what":"last"}' in one.world.told[0]


async def test_a_rule_that_does_not_say_so_asks_for_each(house: Houses) -> None:
    """Without `asks`, every step that changes things waits for its own word, and only it is shown."""
    one = house("")
    await one.take(alarm_event("leh-1"))
    for step in ("one", "two", "three"):
        assert await proposed(one) == [step]
        await say_yes(one)
    assert await proposed(one) == []
    assert "→" not in one.world.told[0]


async def test_what_was_not_known_is_asked_for_again(house: Houses) -> None:
    """A step that depends on what an approved one finds was not shown: it gets a question of its own, which covers the rest."""
    one = house(two="${actions.one.what}")
    await one.take(alarm_event("leh-1"))
    assert await proposed(one) == ["one"]
    assert "다시 묻습니다" in one.world.told[0]
    await say_yes(one)
    assert await proposed(one) == ["two"]
    await say_yes(one)
    assert await proposed(one) == []
    assert one.world.effects["last"] == 1


async def test_a_changed_plan_needs_a_new_word(house: Houses, pool: Pool) -> None:
    """What would be done differs from what was shown: it does not run on the old word. Nor does anything of another run."""
    one = house()
    await one.take(alarm_event("leh-1"))
    assert await proposed(one) == ["one"]
    async with transaction(pool) as tx:
        plan = json.loads(await tx.fetchval("select plan::text from incidents"))
        plan["steps"][2]["params"]["what"] = "something else"
        await tx.execute("update incidents set plan = $1", json.dumps(plan))
    await say_yes(one)
    assert await proposed(one) == ["two"]
    assert one.world.effects == {"seen": 2}
    assert "something else" in one.world.told[-1]
    await say_yes(one)
    assert await proposed(one) == []
    await one.take(alarm_event("leh-1", "OK", time="2026-11-22T17:59:30Z"))
    await one.take(alarm_event("leh-1", time="2026-11-22T18:00:00Z"))
    one.clock.advance(seconds=30)
    assert await proposed(one) == ["one"]
    assert one.world.effects["last"] == 1


async def test_several_people_are_asked_once_each(house: Houses) -> None:
    """Where a rule wants two words, one is none; both together are for the whole plan."""
    one = house("approvals: 2\n    asks: once")
    await one.take(alarm_event("leh-1"))
    assert await proposed(one) == ["one"]
    await say_yes(one)
    assert await proposed(one) == ["one"]
    assert one.world.effects == {"seen": 1}
    await say_yes(one, "lee")
    assert await proposed(one) == []
    assert one.world.effects == {"seen": 2, "next": 1, "last": 1}
    assert {a["approved_by"] for a in await one.actions() if a["step"] in {"one", "two", "three"}} == {"kim, lee"}


async def test_a_word_does_not_outdo_the_switch(house: Houses) -> None:
    """Switched off after the approval, what it covers is held like anything else; a rejection ends the plan."""
    one = house()
    await one.take(alarm_event("leh-1"), alarm_event("leh-2"))
    assert await proposed(one) == ["one", "one"]
    first, second = await one.actions("proposed")
    assert await one.answer(second["id"], approve=False)
    assert await one.answer(first["id"], approve=True)
    await one.set_mode(Mode.OFF, "fix")
    await one.work()
    assert one.world.effects == {"seen": 2}
    await one.set_mode(Mode.ACT, "fix")
    await one.work()
    assert one.world.effects == {"seen": 3, "next": 1, "last": 1}
