"""Window rules through the engine, on a real PostgreSQL: counted once, over batches, replicas, restarts and backlogs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.engine.upkeep import Retention, Upkeep
from leh_guardian.fields import parse_duration
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
version: 1
rules:
  - id: spend
    mode: {mode}
    pattern: {{source: [leh.ai-worker], detail-type: [TokenUsage]}}
    window: {{{window}}}
    {more}
    guards: {{budget: [{{max: 1000, per: 1h}}]}}
    actions: {actions}
"""
SUM = "sum: detail.cost_usd, by: detail.case_id, over: 1d, above: 50"
FIX = '[{uses: fix, with: {what: "${event.detail.case_id} ${event.window.value}"}}]'

Houses = Callable[..., House]


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make houses over one database and one world."""
    world, clock = World(), FakeClock()

    def make(window: str = SUM, *, mode: str = "act", more: str = "", actions: str = FIX, **options: Any) -> House:
        text = RULE.format(window=window, mode=mode, more=more, actions=actions)
        return House(pool, rule_set(tmp_path / "rules", text, world), world, clock, **options)

    return make


def used(number: int, cost: Any = 10, case: str | None = "case_1", time: str = "") -> dict[str, Any]:
    """One use of tokens."""
    detail = {"cost_usd": cost, "evidence_id": f"ev_{number}", **({"case_id": case} if case else {})}
    event = {"source": "leh.ai-worker", "detail-type": "TokenUsage", "id": f"use {number} {case}", "detail": detail}
    return event | ({"time": time} if time else {})


async def counters(house: House) -> list[tuple[str, float]]:
    """What the table holds: key and amount."""
    async with transaction(house.pool) as tx:
        return [(row["key"], float(row["amount"])) for row in await tx.fetch("select * from counters order by key, at")]


async def journal(house: House, kind: str) -> int:
    """How many events were journalled as `kind`."""
    async with transaction(house.pool) as tx:
        return int(
            await tx.fetchval(
                "select coalesce(sum((data::jsonb->>'events')::int), 0) from journal where kind = $1", kind
            )
        )


async def test_too_much_over_the_window_fires_for_its_key_alone(house: Houses) -> None:
    """Five tens are the bound and no more; the sixth opens one incident, with the sum in it; another case stays below."""
    one = house()
    for number in range(5):
        await one.take(used(number), used(number, 9, "case_2"))
    assert await one.incidents() == []
    await one.take(used(5))
    await one.work()
    [incident] = await one.incidents()
    assert incident["dedup_key"] == "case_1"
    assert one.world.effects == {"case_1 60": 1}


async def test_more_than_too_much_is_the_same_incident(house: Houses) -> None:
    """While it is open, further events are counted by it, and nobody is told again."""
    one = house(actions="[]")
    await one.take(used(1, 51))
    await one.take(used(2), used(3))
    await one.work()
    [incident] = await one.incidents()
    assert incident["events"] == 2
    assert len(one.world.told) == 1


async def test_a_copy_is_counted_once(house: Houses) -> None:
    """In one batch, and in the next: the inbox knows it."""
    one = house()
    for _ in range(4):
        await one.take(used(1, 20), used(1, 20))
    assert await one.incidents() == []
    assert await counters(one) == [("case_1", 20.0)]


async def test_two_replicas_count_together(house: Houses) -> None:
    """Each alone stays below; whoever commits later sees both."""
    one, two = house(), house(replica="two")
    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(one.take, used(number, 7))
            tasks.start_soon(two.take, used(number + 10, 7))
    assert len(await one.incidents()) == 1


async def test_what_slides_out_counts_no_more(house: Houses) -> None:
    """Forty, and forty a day and a minute later: never more than fifty within a day."""
    one = house()
    await one.take(used(1, 40))
    one.clock.advance(minutes=24 * 60 + 2)
    await one.take(used(2, 40))
    assert await one.incidents() == []


async def test_a_backlog_is_judged_by_when_it_happened(house: Houses) -> None:
    """After two hours away sixty deletes of two hours ago come at once: within ten minutes then, they fire now. Spread they do not."""
    one = house("over: 10m, at_least: 50", actions="[]")
    now = one.clock.now()
    spread = [now.replace(hour=1, minute=number % 60, second=0) for number in range(60)]
    await one.take(*(used(n, time=when.isoformat()) for n, when in enumerate(spread)))
    assert await one.incidents() == []
    crowd = [now.replace(hour=0, minute=number % 10, second=number % 60) for number in range(60)]
    await one.take(*(used(n + 100, time=when.isoformat()) for n, when in enumerate(crowd)))
    [incident] = await one.incidents()
    assert incident["dedup_key"] == ""


async def test_only_different_things_are_told_apart(house: Houses) -> None:
    """The same piece of evidence a hundred times is one; the fifth different one fires."""
    one = house("distinct: detail.evidence_id, over: 10m, at_least: 5", actions="[]")
    repeated = [used(1, time="") | {"id": f"copy {number}"} for number in range(100)]
    await one.take(*repeated)
    for number in (2, 3, 4):
        await one.take(used(number))
    assert await one.incidents() == []
    await one.take(used(5))
    assert len(await one.incidents()) == 1


async def test_amounts_that_are_none_are_journalled(house: Houses) -> None:
    """Missing, negative and hostile amounts count nothing and stop nothing; a missing key counts with its like."""
    one = house()
    await one.take(used(1, -1000), used(2, "many"), used(3, {"a": 1}), used(4, 51, case=None))
    assert await journal(one, "suppressed.not_counted") == 3
    [incident] = await one.incidents()
    assert incident["dedup_key"] == ""


async def test_a_window_that_only_tells_says_what_it_measured(house: Houses) -> None:
    """The message to people has the sum, the bound and the length in Korean."""
    one = house(actions="[]")
    await one.take(used(1, 51.5))
    await one.work()
    [text] = [told for told in one.world.told if "spend" in told]
    assert "1일 동안 합계 51.5 (한도 50)" in text


async def test_an_ok_closes_what_a_window_opened(house: Houses) -> None:
    """`resolve_on` is as for any other rule."""
    one = house(more="resolve_on: {source: [leh.backend], detail-type: [SpendReviewed]}\n    dedup: detail.case_id")
    await one.take(used(1, 60))
    await one.work()
    one.clock.advance(minutes=1)
    reviewed = {"source": "leh.backend", "detail-type": "SpendReviewed", "id": "ok", "detail": {"case_id": "case_1"}}
    await one.take(reviewed)
    one.clock.advance(minutes=6)
    await one.timers.run_once()
    [incident] = await one.incidents()
    assert incident["status"] == "resolved"


async def test_a_rule_that_is_off_counts_nothing(house: Houses) -> None:
    """Switched on again, it does not fire for what came while it was off."""
    one = house(mode="off")
    await one.take(used(1, 60))
    assert await counters(one) == []
    assert await journal(one, "suppressed.rule_off") == 1


async def test_another_measure_begins_anew(house: Houses) -> None:
    """An edit of what is summed does not mix dollars with tokens; an edit of the bound keeps what was counted."""
    await house().take(used(1, 45))
    tokens = house("sum: detail.tokens, by: detail.case_id, over: 1d, above: 10")
    await tokens.take(used(2, 0))
    assert await tokens.incidents() == []
    lower = house("sum: detail.cost_usd, by: detail.case_id, over: 1d, above: 40")
    await lower.take(used(3, 1))
    assert len(await lower.incidents()) == 1


async def test_old_buckets_go(house: Houses) -> None:
    """Once no window can hold them."""
    one = house()
    await one.take(used(1))
    keep = Retention(parse_duration("7d"), 1000, parse_duration("90d"))
    upkeep = Upkeep(one.pool, one.clock, keep)
    one.clock.advance(minutes=24 * 60 + 59)
    await upkeep.run_once()
    assert len(await counters(one)) == 1
    one.clock.advance(minutes=2)
    await upkeep.run_once()
    assert await counters(one) == []
