"""An installation of its own for the daemon as a process: a database, a rules folder, an alert queue."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leh_guardian.local.aws import REGION, EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres

RULE = """
version: 1
rules:
  - id: people
    mode: act
    pattern: {{detail: {{alarmName: [{{prefix: {prefix}}}], state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    actions: []
"""
TOKEN = "a-token-of-some-length"


def install(postgres: EmbeddedPostgres, aws_server: EmbeddedAws, folder: Path) -> dict[str, str]:
    """Make a database and a rules folder; returns the settings. The queue that they name is not there yet."""
    database = f"e2e_{uuid.uuid4().hex[:10]}"
    postgres.create_database(database)
    rules = folder / "rules"
    rules.mkdir(parents=True)
    (rules / "people.yaml").write_text(RULE.format(prefix="a-"), encoding="utf-8")
    return {
        **aws_server.environment(),
        "LEH_DATABASE_URL": postgres.dsn(database),
        "LEH_QUEUE__ALERTS": f"alerts-{uuid.uuid4().hex[:10]}",
        "LEH_QUEUE__WAIT": "1",
        "LEH_RULES__DIR": str(rules),
        "LEH_RULES__POLL": "200ms",
        "LEH_HTTP__PORT": "0",
        "LEH_HTTP__TOKEN": TOKEN,
        "LEH_LOG__FORMAT": "json",
    }


@contextmanager
def alert_queue(settings: dict[str, str]) -> Iterator[Callable[[object], None]]:
    """Make the queue that the settings name; gives a function that sends to it."""
    with client("sqs", settings) as sqs:
        url = sqs.create_queue(QueueName=settings["LEH_QUEUE__ALERTS"])["QueueUrl"]

        def send(event: object) -> None:
            sqs.send_message(QueueUrl=url, MessageBody=event if isinstance(event, str) else json.dumps(event))

        yield send


@contextmanager
def client(service: str, settings: dict[str, str]) -> Iterator[Any]:
    """A client of the AWS stand-in that the settings name."""
    import boto3

    made = boto3.client(
        service,
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    try:
        yield made
    finally:
        made.close()
