"""One transaction for many events decides what one transaction for each would have decided."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.emptied import empty
from tests.support.house import House, World, rule_set

RULES = """
version: 1
rules:
  - id: fixed
    mode: act
    pattern: {detail: {alarmName: [{prefix: leh-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    guards: {cooldown: 1s, budget: [{max: 3, per: 1h}]}
    actions: [{uses: fix}]
  - id: told
    mode: act
    pattern: {detail: {alarmName: [leh-a], state: {value: [ALARM]}}}
    actions: []
"""


def events(seed: int) -> list[dict[str, Any]]:
    """Alarms and OKs of two names, out of order, some of them delivered twice."""
    rng = random.Random(seed)
    made = [
        alarm_event(
            rng.choice(["leh-a", "leh-b"]),
            rng.choice(["ALARM", "ALARM", "OK"]),
            event_id=f"{seed}-{number}",
            time=f"2026-11-22T17:{rng.randrange(40, 59)}:00Z",
        )
        for number in range(14)
    ]
    return [*made, *rng.choices(made, k=3)]


async def decided(pool: Pool, folder: Path, batches: list[list[dict[str, Any]]]) -> tuple[Any, ...]:
    """Take batches in on an empty store; return everything that was decided, but for ids and how often a reason was grouped."""
    async with transaction(pool) as tx:
        await empty(tx)
    world = World()
    one = House(pool, rule_set(folder, RULES, world), world, FakeClock())
    for batch in batches:
        await one.take(*batch)
    async with transaction(pool) as tx:
        incidents = await tx.fetch(
            "select i.rule_id, i.dedup_key, status, event_count, run, last_trigger_at, ok_at, event_id, level, t.kind, t.due_at"
            " from incidents i left join timers t on t.incident_id = i.id order by i.rule_id, i.dedup_key, i.opened_at, i.run, t.kind"
        )
        actions = await tx.fetch("select id, step_id, status, due_at from actions order by id")
        early = await tx.fetch("select rule_id, dedup_key, ok_at from early_oks order by 1, 2")
        lines = await tx.fetch("select kind, coalesce((data->>'events')::int, 1) as events from journal")
    told: Counter[str] = Counter()
    for line in lines:
        told[line["kind"]] += line["events"]
    return [tuple(i) for i in incidents], [tuple(a) for a in actions], [tuple(e) for e in early], told


@pytest.mark.parametrize("seed", range(25))
async def test_a_batch_decides_what_its_events_one_by_one_decide(pool: Pool, tmp_path: Path, seed: int) -> None:
    """Incidents, runs, counts, held OKs, timers, planned actions and the journal are the same."""
    given = events(seed)
    one_by_one = await decided(pool, tmp_path / "rules", [[event] for event in given])
    at_once = await decided(pool, tmp_path / "rules", [given])
    assert at_once == one_by_one
