"""Owns the whole repair of a large case in a process of its own, and its memory; the one rule: all that there is of LEH is elsewhere.

`python -m tests.support.reconcile_memory` reads where things are from its standard input, and prints what it came to as JSON.
"""

from __future__ import annotations

import json
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import anyio

from leh_guardian.adapters.admin_api import HttpAdminApi, admin_session
from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.context import Capabilities
from leh_guardian.engine.reprocessing import ReprocessingRows
from leh_guardian.handlers.reconcile_case import ReconcileCaseParams, reconcile_case
from leh_guardian.model.outcome import Outcome, Wait
from leh_guardian.model.text import dump_json
from leh_guardian.store.pool import Pool
from tests.support.attempt import Memory, again, attempt
from tests.support.clock import FakeClock
from tests.support.evidence_server import REGION

CASE = "case_1"
TABLE = "evidence"
BUCKET = "bucket"


def main() -> None:
    """Run it."""
    sys.stdout.write(json.dumps(anyio.run(_measured, json.load(sys.stdin))))


async def _measured(where: dict[str, str]) -> dict[str, Any]:
    clock, search = FakeClock(), OpenSearch(where["evidence"])
    pool = await Pool.open(where["dsn"], size=2)
    async with open_aws(REGION) as aws, admin_session(10.0) as session:
        can = Capabilities(
            queues=None,  # type: ignore[arg-type]
            channels={},
            letters=None,  # type: ignore[arg-type]
            tables=DynamoTables(aws, await aws.client("dynamodb")),
            search=search,
            evidence_table=TABLE,
            evidence_bucket=BUCKET,
            objects=S3Objects(aws, await aws.client("s3")),
            reprocessing=ReprocessingRows(pool, clock),
            admin=HttpAdminApi(session, where["admin"], None, deadline=10.0, idempotent=False),
        )
        # What the SDK loads at its first request is no matter of the case's size.
        await can.tables.layout(TABLE)  # type: ignore[union-attr]
        before = _resident("VmRSS")
        tracemalloc.start()
        outcome, waits, remembered = await _run(can, clock)
        _, peak = tracemalloc.get_traced_memory()
        said = {"outcome": type(outcome).__name__, "summary": getattr(outcome, "summary", "") or str(outcome)[:500]}
        grown = {"rss_mb": _resident("VmHWM") - before, "traced_mb": peak / 1e6}
    await search.close()
    await pool.close()
    return said | grown | {"waits": waits, "remembered": remembered, "facts": len(dump_json(outcome.facts))}  # type: ignore[union-attr]


async def _run(can: Capabilities, clock: FakeClock) -> tuple[Outcome, int, int]:
    """Plan, ask, wait and report; returns the outcome, how many waits that took, and how much was remembered between them."""
    params = ReconcileCaseParams(case=CASE, rate=1000.0, concurrency=100)
    memory = Memory()
    ctx = attempt(can, memory=memory, clock=clock, limits={"evidence": 10_000})
    for waits in range(1000):
        outcome = await reconcile_case(ctx, params)
        if not isinstance(outcome, Wait):
            return outcome, waits, len(dump_json(memory.values))
        clock.advance(seconds=max(1.0, (outcome.until - clock.now()).total_seconds()))
        ctx = again(ctx)
    raise AssertionError(f"there is no end: {outcome}")


def _resident(name: str) -> float:
    """Return a figure of this process in MB: VmRSS, or VmHWM, the most that VmRSS has been (proc(5))."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
