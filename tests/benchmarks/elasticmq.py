"""The same comparison on ElasticMQ, a real SQS server, where Maven and Java can be had; skipped with a word where not."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import anyio
from aiobotocore.session import get_session

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.benchmarks.intake import POLLERS, Sample, child, cpu_seconds, daemon_environment, environment
from tests.support.builders import alarm_event
from tests.support.process import PROGRAM, wait_for

_POM = """<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies><dependency><groupId>org.elasticmq</groupId><artifactId>elasticmq-server_2.13</artifactId>
<version>1.6.9</version></dependency></dependencies></project>"""
_DELAY = 15
"""Seconds after which what was sent becomes visible: by then the client polls."""


def compare_on_elasticmq(postgres: EmbeddedPostgres, folder: Path, *, count: int) -> None:
    """Print the daemon beside the bare loop, or why not."""
    if not (shutil.which("mvn") and shutil.which("java")):
        print("\nElasticMQ: skipped, it needs Maven and Java")
        return
    home = folder / "elasticmq"
    home.mkdir()
    (home / "pom.xml").write_text(_POM, encoding="utf-8")
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    try:
        subprocess.run(command, cwd=home, check=True, timeout=240, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (subprocess.SubprocessError, OSError):
        print("\nElasticMQ: skipped, Maven cannot fetch it here")
        return
    port = _free_port()
    # The addresses in its answers and the statistics page must name the free ports, too.
    options = [f"-Drest-sqs.bind-port={port}", f"-Dnode-address.port={port}", "-Dnode-address.host=127.0.0.1"]
    options += ["-Drest-sqs.bind-hostname=127.0.0.1", "-Drest-stats.enabled=false"]
    with child(["java", "-Xmx512m", *options, "-cp", f"{home}/lib/*", "org.elasticmq.server.Main"], {}) as server:
        wait_for(lambda: _listens(port) or server.poll() is not None, 60)
        if server.poll() is not None:
            print("\nElasticMQ: skipped, it did not start")
            return
        url = f"http://127.0.0.1:{port}"
        bare = anyio.run(_measure, url, count, None, folder)
        database = f"emq_{uuid.uuid4().hex[:8]}"
        postgres.create_database(database)
        full = anyio.run(_measure, url, count, postgres.dsn(database), folder)
        print(f"\nIntake on ElasticMQ, {count} messages that match nothing, one round:")
        print(f"  bare loop {bare.rate:.0f} msg/s, {bare.cpu:.0f} CPU µs/msg")
        print(f"  daemon    {full.rate:.0f} msg/s, {full.cpu:.0f} CPU µs/msg: {full.rate / bare.rate:.2f} of bare")


async def _measure(url: str, count: int, dsn: str | None, folder: Path) -> Sample:
    settings = environment(url)
    session = get_session()
    options: Any = {
        "endpoint_url": url,
        "region_name": "ap-northeast-2",
        "aws_access_key_id": "x",
        "aws_secret_access_key": "x",
    }
    async with session.create_client("sqs", **options) as client:
        name = f"alerts-{uuid.uuid4().hex[:8]}"
        queue = (await client.create_queue(QueueName=name))["QueueUrl"]
        began = time.monotonic()
        await _fill(client, queue, count)
        if dsn is None:
            command = [sys.executable, "-m", "tests.benchmarks.bare_loop", "--queue", name, "--pollers", str(POLLERS)]
        else:
            command = [*PROGRAM, "run"]
            settings = {**daemon_environment(url, dsn, folder / "rules"), "LEH_QUEUE__ALERTS": name}
        with child(command, settings) as process:
            await anyio.sleep(began + _DELAY - 0.5 - time.monotonic())
            before = cpu_seconds(process.pid)
            start = began + _DELAY
            with anyio.fail_after(120):
                while await _left(client, queue):
                    await anyio.sleep(0.1)
            seconds = time.monotonic() - start
            return Sample(count / seconds, (cpu_seconds(process.pid) - before) / count * 1e6)


async def _fill(client: Any, queue: str, count: int) -> None:
    async def send(start: int) -> None:
        entries = [
            {"Id": str(n), "MessageBody": json.dumps(alarm_event("unknown", queue="q")), "DelaySeconds": _DELAY}
            for n in range(start, start + 10)
        ]
        await client.send_message_batch(QueueUrl=queue, Entries=entries)

    for portion in range(0, count, 80):
        async with anyio.create_task_group() as tasks:
            for start in range(portion, min(count, portion + 80), 10):
                tasks.start_soon(send, start)


async def _left(client: Any, queue: str) -> int:
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    answer = await client.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(value) for value in answer["Attributes"].values())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
