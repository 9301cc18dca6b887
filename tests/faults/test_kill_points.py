"""kill -9 at every named point of the path, then a restart: nothing lost, nothing planned twice, no effect twice but as declared."""

from __future__ import annotations

import json
import os
import re
import signal
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

import leh_guardian
from leh_guardian.adapters.aws import open_aws
from leh_guardian.local.aws import REGION, EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.process import Daemon
from tests.support.sqs import Queues, make_queues

RULES = """
version: 1
rules:
  - id: redrive
    mode: act
    pattern: {detail: {alarmName: [{prefix: redrive-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    guards: {budget: [{max: 5, per: 1h}]}
    actions:
      - uses: dlq_redrive
        with: {queue: "${event.detail.configuration.metrics[0].metricStat.metric.dimensions.QueueName}", rate: 500}
        retry: {attempts: 3, backoff: 1s}
  - id: people
    mode: act
    pattern: {detail: {alarmName: [{prefix: people-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    actions: []
"""
MESSAGES = 25
PEOPLE = 5
POINTS = sorted(
    name
    for file in Path(leh_guardian.__file__).parent.rglob("*.py")
    for name in re.findall(r'failpoint\("([a-z_.]+)"\)', file.read_text(encoding="utf-8"))
)


@dataclass
class Result:
    """What was found after the crash and the restart."""

    died: int | None
    incidents: dict[str, int]
    statuses: Counter[str]
    planned_twice: int
    unsettled: int
    arrived: Counter[str]
    dlq_left: int
    alerts_left: int
    log: str


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, aws_server: EmbeddedAws) -> Iterator[dict[str, Result]]:
    """Play the whole scenario once for each point, a few side by side, on a PostgreSQL that waits for its disk."""
    folder = tmp_path_factory.mktemp("kill")
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(RULES, encoding="utf-8")
    os.environ.update(aws_server.environment())
    postgres = EmbeddedPostgres.start(folder / "postgres")
    try:
        yield anyio.run(_play_all, folder, postgres, aws_server)
    finally:
        postgres.stop(remove=True)
        for name in aws_server.environment():
            os.environ.pop(name, None)


async def _play_all(folder: Path, postgres: EmbeddedPostgres, aws: EmbeddedAws) -> dict[str, Result]:
    results: dict[str, Result] = {}
    limit = anyio.CapacityLimiter(4)

    async def one(point: str) -> None:
        async with limit:
            results[point] = await _play(point, folder, postgres, aws)

    async with anyio.create_task_group() as tasks:
        for point in POINTS:
            tasks.start_soon(one, point)
    return results


async def _play(point: str, folder: Path, postgres: EmbeddedPostgres, aws: EmbeddedAws) -> Result:
    database = f"kill_{uuid.uuid4().hex[:10]}"
    await anyio.to_thread.run_sync(postgres.create_database, database)
    async with open_aws(REGION) as opened:
        client = await opened.client("sqs")
        queues = await make_queues(client, visibility=60)
        alerts = (await client.create_queue(QueueName=f"alerts-{uuid.uuid4().hex[:10]}"))["QueueUrl"]
        bodies = [f"message {n}" for n in range(MESSAGES)]
        await queues.fill(queues.dlq_url, bodies)
        await queues.fill(alerts, [json.dumps(event) for event in _events(queues)])
        environment = {
            **aws.environment(),
            "LEH_DATABASE_URL": postgres.dsn(database),
            "LEH_QUEUE__ALERTS": alerts,
            "LEH_QUEUE__WAIT": "1",
            "LEH_QUEUE__VISIBILITY": "5",
            "LEH_RULES__DIR": str(folder / "rules"),
            "LEH_HTTP__PORT": "0",
            "LEH_INCIDENTS__RESOLVE_HOLD": "500ms",
            "LEH_LOG__FORMAT": "json",
        }
        log = folder / f"{point}.log"
        died = await _run({**environment, "GUARDIAN_TEST_KILL": point}, log, until=None)
        pool = await Pool.open(postgres.dsn(database), size=2)
        try:
            await _run(environment, log, until=lambda: _quiet(pool, client, alerts))
            text = await anyio.Path(log).read_text(encoding="utf-8", errors="replace")
            return await _look(pool, client, queues, alerts, died, text[-3000:])
        finally:
            await pool.close()


def _events(queues: Queues) -> list[dict[str, Any]]:
    alarm = alarm_event("redrive-a", queue=queues.dlq, time="2026-11-22T17:59:00Z")
    ok = alarm_event("redrive-a", "OK", queue=queues.dlq, time="2026-11-22T17:59:30Z")
    people = [alarm_event(f"people-{n}") for n in range(PEOPLE)]
    return [alarm, *people, ok, *(alarm_event("unknown") for _ in range(7)), alarm, people[0]]


async def _run(environment: dict[str, str], log: Path, until: Callable[[], Awaitable[bool]] | None) -> int | None:
    """Run the daemon until it dies or `until()` holds; returns its exit code."""
    with Daemon(log, **environment) as daemon:
        with anyio.move_on_after(60):
            while daemon.code is None and not (until and await until()):  # noqa: ASYNC110 - another process is watched
                await anyio.sleep(0.2)
        if until is not None and daemon.code is None:
            await anyio.to_thread.run_sync(daemon.stop)
        return daemon.code


async def _quiet(pool: Pool, client: Any, alerts: str) -> bool:
    async with transaction(pool) as tx:
        busy = await tx.fetchval(
            "select count(*) from actions where status in ('scheduled', 'running', 'waiting', 'proposed')"
        )
        open_redrive = await tx.fetchval(
            "select count(*) from incidents where rule_id = 'redrive' and status <> 'resolved'"
        )
        people = await tx.fetchval("select count(*) from incidents where rule_id = 'people'")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    got = (await client.get_queue_attributes(QueueUrl=alerts, AttributeNames=names))["Attributes"]
    return busy == 0 and open_redrive == 0 and people == PEOPLE and all(int(got[name]) == 0 for name in names)


async def _look(pool: Pool, client: Any, queues: Queues, alerts: str, died: int | None, log: str) -> Result:
    async with transaction(pool) as tx:
        incidents = await overview.list_incidents(tx)
        actions = await overview.list_actions(tx, limit=1000)
        planned = await tx.fetch(
            "select action_id, count(*) as n from journal where kind = 'action.planned' group by 1"
        )
    return Result(
        died=died,
        incidents=dict(Counter(i["rule"] for i in incidents)),
        statuses=Counter(f"{a['role']} {a['status']}" for a in actions),
        planned_twice=sum(row["n"] > 1 for row in planned),
        unsettled=sum(a["status"] in {"scheduled", "running", "waiting"} for a in actions),
        arrived=await queues.bodies(queues.source_url),
        dlq_left=await queues.depth(queues.dlq_url),
        alerts_left=await queues.depth(alerts),
        log=log,
    )


@pytest.mark.parametrize("point", POINTS)
def test_kill_and_restart(results: dict[str, Result], point: str) -> None:
    """Killed at this point and started again, the daemon finishes everything, and only what is declared is repeated."""
    found = results[point]
    assert found.died == -signal.SIGKILL, f"the point was not reached: {found.log}"
    assert found.alerts_left == 0
    assert found.incidents == {"redrive": 1, "people": PEOPLE}, found.log
    assert found.unsettled == 0
    assert found.planned_twice == 0
    assert found.statuses["step succeeded"] == 1, found.statuses
    assert found.statuses["tell succeeded"] == PEOPLE
    assert set(found.arrived) == {f"message {n}" for n in range(MESSAGES)}
    # dlq_redrive declares it: a crash between sending a batch and remembering it sends up to ten messages twice.
    repeated = sum(found.arrived.values()) - MESSAGES
    assert repeated <= (10 if point == "redrive.sent" else 0)
    assert found.dlq_left == 0


def test_every_point_of_the_path_is_named() -> None:
    """The path's arrows all have a point; a new one is taken up by these tests by itself."""
    assert {point.split(".")[0] for point in POINTS} == {"intake", "executor", "redrive", "timers"}
    assert len(POINTS) == len(set(POINTS)) >= 14
