"""Owns the benchmark of absence rules: what open expectations cost; the one rule: the disk is waited for, and looks cost nothing.

The last look's own time is the other side's; here it finds everything at once, so that what is left is guardian's.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from leh_guardian.engine.absence import BATCH
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
  - id: stuck
    mode: act
    expect:
      after: {source: [aws.s3], detail-type: [Object Created], detail: {object: {key: [{wildcard: "cases/*/raw/*"}]}}}
      then: {source: [leh.ai-worker], detail-type: [EvidenceProcessed]}
      by: {after: detail.object.key, then: detail.s3_key}
      within: 15m
      unless: {uses: look, with: {what: "${event.detail.object.key}"}}
  - id: storm
    mode: act
    pattern: {detail: {alarmName: [{prefix: storm-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
"""
_BATCH = 500
_ROUNDS = 200
_ALARMS = 2_000


def _upload(number: int) -> dict[str, Any]:
    thing = {
        "key": f"cases/case_{number % 97}/raw/ev_{number:08x}_녹취록.m4a",
        "size": 1,
        "sequencer": f"{number:016X}",
    }
    detail = {"bucket": {"name": "leh-evidence-prod"}, "object": thing, "reason": "PutObject"}
    return {"source": "aws.s3", "detail-type": "Object Created", "id": f"u{number}", "detail": detail}


def _end(number: int) -> dict[str, Any]:
    detail = {"s3_key": _upload(number)["detail"]["object"]["key"], "status": "processed"}
    return {"source": "leh.ai-worker", "detail-type": "EvidenceProcessed", "id": f"e{number}", "detail": detail}


def _messages(bodies: Sequence[str]) -> list[ReceivedMessage]:
    return [ReceivedMessage(f"m{n}", f"r{n}", text.encode()) for n, text in enumerate(bodies)]


async def _taken_in(house: House, bodies: Sequence[str]) -> float:
    """Take bodies in; returns milliseconds for each."""
    messages = _messages(bodies)
    began = time.perf_counter()
    for start in range(0, len(messages), _BATCH):
        await house.intake.take_in(messages[start : start + _BATCH])
    return (time.perf_counter() - began) / len(messages) * 1e3


async def _rounds(once: Callable[[], Awaitable[int]], count: int) -> list[float]:
    """Run a service's rounds; returns the milliseconds of each."""
    spent: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        await once()
        spent.append((time.perf_counter() - began) * 1e3)
    return spent


async def measure_absence(dsn: str, folder: Path, count: int) -> None:
    """Print what `count` open expectations cost."""
    pool = await Pool.open(dsn, size=4)
    try:
        await migrate(pool)
        world = World()
        house = House(pool, rule_set(folder / "absence", _RULES, world), world, FakeClock())
        alarms = [[body("distinct", n) for n in range(start, start + _ALARMS)] for start in (0, _ALARMS)]
        without = await _taken_in(house, alarms[0])
        begun = await _taken_in(house, [json.dumps(_upload(n), ensure_ascii=False) for n in range(count)])
        beside = await _taken_in(house, alarms[1])
        idle = await _rounds(house.absence.run_once, _ROUNDS)
        half = count // 2
        ended = await _taken_in(house, [json.dumps(_end(n), ensure_ascii=False) for n in range(half)])
        house.clock.advance(minutes=16)
        busy = await _rounds(house.absence.run_once, (count - half) // BATCH)
        async with transaction(pool) as tx:
            row = await tx.fetchrow(
                "select count(*) as rows, count(due_at) as open, pg_total_relation_size('expectations') as bytes,"
                " (select count(*) from journal where kind = 'expectation.found') as found from expectations"
            )
    finally:
        await pool.close()
    assert (row["rows"], row["open"], row["found"]) == (count, 0, count - half), dict(row)
    print(f"\nAbsence: {count} expectations open at once, {_BATCH} events to a transaction, fsync on:")
    print(f"  an upload begins one in {begun:.2f} ms, its end completes it in {ended:.2f} ms")
    print(
        f"  a round with {count} open and none due: {statistics.median(idle):.2f} ms (largest of {_ROUNDS}: {max(idle):.1f}),"
        " once a second"
    )
    print(f"  an alarm beside them is planned in {beside:.2f} ms, without them in {without:.2f} ms")
    each = f"{statistics.median(busy):.1f} ms each without the looks' own time"
    print(f"  {count - half} due at once: {len(busy)} rounds of {BATCH}, {each}")
    print(f"  the table: {row['bytes'] / 1e6:.1f} MB for {count} rows, indexes and dead versions included")
