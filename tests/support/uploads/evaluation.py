"""Owns the figures of the verdicts over made-up logs; the one rule: a share never stands without its Wilson interval."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from leh_guardian.rules.upload_signals import built_in_upload_signals
from leh_guardian.uploads import Judgement, Record, judge, record_of
from tests.support.uploads.traffic import Log

Family = Callable[[Log], None]
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def rows_of(family: Family, seed: int) -> list[dict[str, Any]]:
    """Return the log of a family's incident number `seed`, others' work included."""
    log = Log(random.Random(f"{family.__name__}/{seed}"))
    log.bystanders()
    family(log)
    log.rng.shuffle(log.rows)
    return log.rows


def judged(rows: Iterable[dict[str, Any]]) -> Judgement:
    """Return what the shipped signals make of a log."""
    return judge(filter(None, map(record_of, rows)), built_in_upload_signals(), NOW)


def records(rows: Iterable[dict[str, Any]]) -> list[Record]:
    """Return the records of rows."""
    return [record for row in rows if (record := record_of(row))]


def verdicts(
    family: Family, seeds: Iterable[int], change: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> Counter[str]:
    """Return how many incidents of a family got which verdict; `change` looks at each row before."""
    return Counter(
        judged(map(change, rows) if change else rows).verdict.value
        for rows in (rows_of(family, seed) for seed in seeds)
    )


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    if not of:
        return 0.0, 1.0
    p, spread = hits / of, z * z / of
    middle, width = p + spread / 2, z * math.sqrt((p * (1 - p) + spread / 4) / of)
    return max(0.0, (middle - width) / (1 + spread)), min(1.0, (middle + width) / (1 + spread))
