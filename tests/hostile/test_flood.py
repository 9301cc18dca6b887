"""A flood of keys that an attacker chooses: everything is written down, and people are told a bounded number of times."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from leh_guardian.model.guards import TELLING
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.faults.sizes import LONG
from tests.hostile.bodies import s3, text
from tests.support.clock import FakeClock
from tests.support.figures import show
from tests.support.house import House, World, rule_set

PEOPLE = """
version: 1
rules:
  - id: people
    mode: act
    pattern: {source: [aws.s3]}
    dedup: detail.object.key
    actions: []
"""
RULES = f"""{PEOPLE.rstrip()}
  - id: message
    mode: act
    pattern: {{source: [aws.s3]}}
    dedup: detail.object.key
    resolve_on: {{detail-type: [Object Deleted]}}
    actions: [{{uses: notify, with: {{text: "new: ${{event.detail.object.key}}"}}}}]
  - id: more
    mode: act
    pattern: {{source: [aws.s3]}}
    dedup: detail.object.key
    guards: {{budget: [{{max: 50, per: 1h}}]}}
    actions: []
"""
KEYS = 10_000 if LONG else 3_000
SECONDS = TELLING.per.total_seconds()


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> House:
    """A replica on rules that only tell people."""
    world = World()
    return House(pool, rule_set(tmp_path / "rules", RULES, world), world, FakeClock())


async def work_off(house: House) -> None:
    """Work until nothing is left to do; what a storm brings to people is gathered for half a minute."""
    for _ in range(4):
        await house.work(rounds=400)
        house.clock.advance(seconds=35)


async def told_of(house: House) -> Counter[str]:
    """Return how many calls there were by rule, whether they went out singly or with others."""
    async with transaction(house.pool) as tx:
        rows = await tx.fetch(
            "select i.rule_id, count(distinct i.id) as n from actions a join incidents i on i.id = a.incident_id"
            " where a.role = 'tell' and a.status in ('succeeded', 'skipped') group by i.rule_id"
        )
    return Counter({row["rule_id"]: row["n"] for row in rows})


async def test_thousands_of_keys_are_told_a_bounded_number_of_times(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """One body with as many records as fit: an incident and a line for each, and one message for all that are not told singly."""
    started = time.perf_counter()
    await house.take(text({"Records": [s3(f"flood/{n}", eventTime=None) for n in range(KEYS)]}))
    took = time.perf_counter() - started
    assert len(house.queue.deleted) == 1
    await work_off(house)
    kinds, told = Counter(await house.journal()), await told_of(house)
    show(
        capsys,
        f"flood: {KEYS} keys in one body, three rules, taken in within {took:.1f} s; told {len(house.world.told)} times",
    )
    async with transaction(house.pool) as tx:
        assert await tx.fetchval("select count(*) from incidents") == 3 * KEYS
    assert kinds["suppressed.budget"] == 3 * KEYS - 2 * TELLING.max - 50
    assert told["people"] == TELLING.max + 1
    assert told["more"] == 51
    singly = [line for line in house.world.told if line.startswith("new: ")]
    assert len(singly) == TELLING.max
    # What is told of the budgets and of each incident came as a few messages, each of them with the others' titles.
    assert len([line for line in house.world.told if line not in singly]) < 20


async def test_a_flood_that_goes_on_is_told_once_a_window(pool: Pool, tmp_path: Path) -> None:
    """Hour after hour: as many messages as the guard has, and one for the rest."""
    world = World()
    house = House(pool, rule_set(tmp_path / "rules", PEOPLE, world), world, FakeClock())
    for hour in range(3):
        for portion in range(2):
            keys = [s3(f"{hour}/{portion}/{n}") for n in range(2 * TELLING.max)]
            await house.take(text({"Records": keys}))
            house.clock.advance(seconds=60)
        await work_off(house)
        house.clock.advance(seconds=SECONDS)
    assert 0 < (await told_of(house))["people"] <= 3 * (TELLING.max + 1)
    assert "suppressed.budget" in await house.journal()


async def test_metrics_do_not_grow_with_keys(house: House) -> None:
    """No label comes from an event: a hundred keys or four hundred, the same series."""
    counts = []
    for number in (100, 400):
        await house.take(text({"Records": [s3(f"{number}/{n}") for n in range(number)]}))
        await work_off(house)
        counts.append(len(house.metrics.render().splitlines()))
    assert counts[0] == counts[1]
