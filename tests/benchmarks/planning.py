"""Owns the planning benchmark: matching events into incidents, actions and journal; the one rule: the disk is waited for.

Nothing but the intake's own path runs: batches from memory through `Intake.take_in`, one transaction each, fsync on.
"""

from __future__ import annotations

import time
from pathlib import Path

from leh_guardian.ports import ReceivedMessage
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.benchmarks.messages import body
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

_RULES = """
version: 1
rules:
  - id: storm
    mode: act
    pattern: {detail: {alarmName: [{prefix: storm-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    guards: {cooldown: 10m}
    actions: [{uses: fix, with: {what: "${event.detail.alarmName}"}}]
"""
_BATCH = 500


async def measure_planning(dsn: str, folder: Path, count: int) -> None:
    """Print how long `count` events take, each an incident of its own."""
    pool = await Pool.open(dsn, size=4)
    try:
        await migrate(pool)
        world = World()
        house = House(pool, rule_set(folder / "planning", _RULES, world), world, FakeClock())
        messages = [ReceivedMessage(f"m{n}", f"r{n}", body("distinct", n).encode()) for n in range(count)]
        began, cpu = time.perf_counter(), time.process_time()
        for start in range(0, count, _BATCH):
            await house.intake.take_in(messages[start : start + _BATCH])
        seconds, spent = time.perf_counter() - began, time.process_time() - cpu
        async with transaction(pool) as tx:
            fsync = await tx.fetchval("select current_setting('fsync') || current_setting('synchronous_commit')")
            stored = await tx.fetchrow(
                "select (select count(*) from incidents) as incidents, (select count(*) from actions) as actions,"
                " (select count(*) from inbox) as inbox, (select count(*) from journal) as lines"
            )
    finally:
        await pool.close()
    assert fsync == "onon", f"fsync and synchronous_commit: {fsync}"
    assert stored["incidents"] == stored["actions"] == stored["inbox"] == count == len(house.queue.deleted), dict(
        stored
    )
    print(f"\nPlanning {count} matching events, each an incident of its own, {_BATCH} to a transaction, fsync on:")
    print(
        f"  {seconds:.1f} s, {seconds / count * 1e3:.2f} ms an event, of it {spent / count * 1e3:.2f} ms our CPU"
        f" ({stored['incidents']} incidents, {stored['actions']} actions, {stored['lines']} journal lines in the database)"
    )
