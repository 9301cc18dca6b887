"""Ten thousand matching events into ten thousand incidents, with their actions and journal, on a disk that is waited for."""

from __future__ import annotations

import time
from pathlib import Path

from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULES = """
version: 1
rules:
  - id: storm
    mode: act
    pattern: {detail: {alarmName: [{prefix: storm-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    guards: {cooldown: 10m}
    actions: [{uses: fix, with: {what: "${event.detail.alarmName}"}}]
"""
BATCH = 500


async def plan(dsn: str, folder: Path, count: int) -> None:
    """Print how long it takes."""
    pool = await Pool.open(dsn, size=4)
    try:
        await migrate(pool)
        world = World()
        house = House(pool, rule_set(folder / "planning", RULES, world), world, FakeClock())
        events = [alarm_event(f"storm-{number}") for number in range(count)]
        began = time.perf_counter()
        for start in range(0, count, BATCH):
            await house.take(*events[start : start + BATCH])
        seconds = time.perf_counter() - began
        async with pool.connection() as connection:
            stored = await connection.fetchrow(
                "select (select count(*) from incidents) as incidents, (select count(*) from actions) as actions,"
                " (select count(*) from journal) as lines"
            )
        assert stored["incidents"] == stored["actions"] == count
        print(f"\nPlanning {count} matching events, each an incident of its own, {BATCH} to a transaction, fsync on:")
        print(
            f"  {seconds:.1f} s, {seconds / count * 1e3:.2f} ms an event"
            f" ({stored['incidents']} incidents, {stored['actions']} actions, {stored['lines']} journal lines)"
        )
    finally:
        await pool.close()
