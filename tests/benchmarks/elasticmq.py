"""Owns the comparison on ElasticMQ, a real SQS server; the one rule: neither the fill nor a cold JVM is part of a figure.

The queue is filled first and a throwaway run warms the server; what is timed is the middle of a run, between a tenth and
nine tenths deleted. Skipped with one line where Maven, Java or the library cannot be had.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from aiobotocore.session import get_session

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.benchmarks.clients import DAEMON, aws_environment, bare_loop, daemon_environment
from tests.benchmarks.messages import RULES, body
from tests.benchmarks.processes import Child, Died, child
from tests.benchmarks.report import spread, table
from tests.support.elasticmq import Unavailable, listens, server_command

_DEPTH = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]


@dataclass(frozen=True)
class _Sample:
    rate: float
    cpu: float


def compare_on_elasticmq(postgres: EmbeddedPostgres, folder: Path, *, count: int, rounds: int) -> None:
    """Print the daemon beside the bare loop, or why not."""
    home = folder / "elasticmq"
    home.mkdir()
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "storm.yaml").write_text(RULES, encoding="utf-8")
    try:
        command, url = server_command(home)
        with child(command, {}, home) as server:
            server.wait_until(lambda: listens(url), 30)
            anyio.run(_measure, url, count, None, folder)  # warms the server up
            bare: list[_Sample] = []
            full: list[_Sample] = []
            for number in range(rounds):
                database = f"emq_{uuid.uuid4().hex[:8]}"
                postgres.create_database(database)
                pair: list[tuple[list[_Sample], str | None]] = [(bare, None), (full, postgres.dsn(database))]
                # In turns, for the server goes on warming up.
                for samples, dsn in pair if number % 2 else reversed(pair):
                    samples.append(anyio.run(_measure, url, count, dsn, folder))
    except (Unavailable, Died) as error:
        print(f"\nElasticMQ: skipped, {str(error).splitlines()[0]}")
        return
    print(
        f"\nIntake on ElasticMQ: {count} messages that match nothing, {rounds} paired rounds after a warm-up; median (min-max)"
    )
    shares = [f.rate / b.rate for f, b in zip(full, bare, strict=True)]
    rows = [
        ["bare loop, the daemon's client", *_figures(bare), ""],
        ["daemon: match nothing", *_figures(full), spread(shares, 2)],
    ]
    table(["what", "msg/s", "CPU us/msg", "share of bare"], rows)


def _figures(samples: list[_Sample]) -> list[str]:
    return [spread([s.rate for s in samples]), spread([s.cpu for s in samples])]


async def _measure(url: str, count: int, dsn: str | None, folder: Path) -> _Sample:
    """Fill a queue of its own, then time the daemon (with `dsn`) or the bare loop over the middle of it."""
    name = f"alerts-{uuid.uuid4().hex[:8]}"
    options: dict[str, Any] = {"endpoint_url": url, "region_name": "ap-northeast-2"}
    options |= {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    async with get_session().create_client("sqs", **options) as client:
        queue = (await client.create_queue(QueueName=name))["QueueUrl"]
        await _fill(client, queue, count)
        if dsn is None:
            command, settings = bare_loop(name), aws_environment(url)
        else:
            command, settings = DAEMON, daemon_environment(url, dsn, folder / "rules", queue=name)
        with child(command, settings, folder) as process:
            tenth = await _until_left(client, queue, process, count * 9 // 10)
            end = await _until_left(client, queue, process, count // 10)
        await client.delete_queue(QueueUrl=queue)
    done = tenth.left - end.left
    return _Sample(done / (end.at - tenth.at), (end.cpu - tenth.cpu) / done * 1e6)


@dataclass(frozen=True)
class _Mark:
    left: int
    at: float
    cpu: float


async def _until_left(client: Any, queue: str, process: Child, wanted: int) -> _Mark:
    """Wait until at most `wanted` messages are left; returns that moment."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = await client.get_queue_attributes(QueueUrl=queue, AttributeNames=_DEPTH)
        mark = _Mark(sum(int(value) for value in answer["Attributes"].values()), time.monotonic(), process.cpu())
        if mark.left <= wanted:
            return mark
        await anyio.sleep(0.05)
    raise Died("its queue was not emptied within a minute")


async def _fill(client: Any, queue: str, count: int) -> None:
    async def send(start: int) -> None:
        entries = [{"Id": str(n), "MessageBody": body("unmatched", n)} for n in range(start, min(count, start + 10))]
        await client.send_message_batch(QueueUrl=queue, Entries=entries)

    for portion in range(0, count, 80):
        async with anyio.create_task_group() as tasks:
            for start in range(portion, min(count, portion + 80), 10):
                tasks.start_soon(send, start)
