"""Owns the redrive benchmark: guardian's handler beside a plain receive, send, delete loop; the one rule: every letter is counted.

Both move the same letters from one queue of the tests' SQS server to another, each in a process of its own; guardian's with its
memory of letters and its checkpoints in PostgreSQL. The server tells what arrived, and how often.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.clock import SystemClock
from leh_guardian.context import Capabilities
from leh_guardian.engine.letters import Letters
from leh_guardian.handlers.dlq_redrive import DlqRedriveParams, dlq_redrive
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.outcome import Done, Wait
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.benchmarks.report import spread, table
from tests.support.attempt import Memory, again, attempt
from tests.support.process import clean_environment
from tests.support.sqs_server import REGION, SqsServer

_RATE = 3000.0


def compare_redrive(postgres: EmbeddedPostgres, letters: int, rounds: int) -> None:
    """Print how fast letters go back, and what memory it takes."""
    print(f"\nRedrive of {letters} letters of 1 KB, {rounds} paired rounds, the tests' SQS server, fsync on:")
    found: dict[str, list[dict[str, float]]] = {"bare loop": [], "dlq_redrive": []}
    for number in range(rounds):
        for name, runs in found.items():
            with _worker(letters) as (environment, count):
                database = f"redrive_{name[:4].strip()}_{number}"
                postgres.create_database(database)
                environment |= {"BENCH_DSN": postgres.dsn(database), "BENCH_LETTERS": str(letters)}
                told = subprocess.run(
                    [sys.executable, "-m", __name__, name], env=environment, check=True, capture_output=True, text=True
                )
                runs.append(json.loads(told.stdout.splitlines()[-1]))
                arrived = count()
                assert arrived == {1: letters}, f"{name}: letters by how often they arrived: {arrived}"
    table(
        ("", "letters/s", "CPU ms/letter", "RSS after a tenth, MB", "at the end, MB"),
        [
            (
                name,
                spread([letters / each["seconds"] for each in runs]),
                spread([each["cpu"] / letters * 1e3 for each in runs], 2),
                spread([each["early"] for each in runs]),
                spread([each["late"] for each in runs]),
            )
            for name, runs in found.items()
        ],
    )
    shares = [b["seconds"] / g["seconds"] for b, g in zip(found["bare loop"], found["dlq_redrive"], strict=True)]
    print(f"  share of the bare loop: {spread(shares, 2)}; each letter arrived once, in every round")


@contextmanager
def _worker(letters: int) -> Iterator[tuple[dict[str, str], Any]]:
    with SqsServer() as server:
        queue, dlq = server.make_pair("worker")
        for start in range(0, letters, 1000):
            server.put(dlq, [f"{n:08}".ljust(1000, "x") for n in range(start, min(letters, start + 1000))])

        def count() -> dict[int, int]:
            times = list(server.bodies(queue).values())
            return {each: times.count(each) for each in set(times)}

        environment = clean_environment(**server.environment(), BENCH_QUEUE=queue, BENCH_DLQ=dlq)
        yield environment, count


class _Watch:
    """Seconds, CPU and memory of this process."""

    def __init__(self, letters: int) -> None:
        self._began = time.perf_counter()
        self._tenth = letters / 10
        self._early = 0.0

    def moved(self, count: int) -> None:
        """Take note of how far it is."""
        if not self._early and count >= self._tenth:
            self._early = _resident()

    def tell(self) -> None:
        """Print what was seen."""
        cpu = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        seconds = time.perf_counter() - self._began
        print(json.dumps({"seconds": seconds, "cpu": cpu, "early": self._early, "late": _resident()}))


def _resident() -> float:
    # Not getrusage's maximum: that begins with what the process that started us had.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def _bare(letters: int) -> None:
    async with open_aws(REGION) as aws:
        client = await aws.client("sqs")
        urls = [
            (await client.get_queue_url(QueueName=os.environ[name]))["QueueUrl"]
            for name in ("BENCH_DLQ", "BENCH_QUEUE")
        ]
        watch, moved = _Watch(letters), 0
        while moved < letters:
            answer = await client.receive_message(QueueUrl=urls[0], MaxNumberOfMessages=10, WaitTimeSeconds=1)
            messages = answer.get("Messages", [])
            if not messages:
                continue
            entries = [{"Id": str(n), "MessageBody": m["Body"]} for n, m in enumerate(messages)]
            await client.send_message_batch(QueueUrl=urls[1], Entries=entries)
            gone = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
            await client.delete_message_batch(QueueUrl=urls[0], Entries=gone)
            moved += len(messages)
            watch.moved(moved)
        watch.tell()


class _Stored(Memory):
    """Checkpoints that cost what the real ones do: a row written in a transaction."""

    pool: Pool
    watch: _Watch

    async def save(self, name: str, value: Any) -> None:
        """Write it down."""
        async with transaction(self.pool) as tx:
            await tx.execute("update bench_checkpoint set value = $1", json.dumps({name: value}))
        self.values[name] = value
        self.watch.moved(value["moved"])


async def _guardian(letters: int) -> None:
    pool = await Pool.open(os.environ["BENCH_DSN"], size=2)
    await migrate(pool)
    async with transaction(pool) as tx:
        await tx.script("create table bench_checkpoint (value text); insert into bench_checkpoint values ('')")
    async with open_aws(REGION) as aws:
        memory = _Stored()
        memory.pool, memory.watch = pool, _Watch(letters)
        can = Capabilities(SqsQueues(aws, await aws.client("sqs")), {}, Letters(pool, SystemClock()))
        ctx = replace(attempt(can, memory=memory), action_id=UUID(int=1), clock=SystemClock())
        params = DlqRedriveParams(queue=os.environ["BENCH_DLQ"], rate=_RATE)
        while isinstance(outcome := await dlq_redrive(ctx, params), Wait):
            ctx = again(ctx)
        assert isinstance(outcome, Done), outcome
        memory.watch.tell()
    await pool.close()


if __name__ == "__main__":
    anyio.run(_bare if sys.argv[1] == "bare loop" else _guardian, int(os.environ["BENCH_LETTERS"]))
