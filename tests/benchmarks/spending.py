"""Owns the time from a tripping event to the worker's table, idle and in a storm; the one rule: both ends are the servers'.

The begin is when the event lies in the queue, the end when the table of circuits took the write. The storm's alarms lie in the
alert queue and each opens an incident; records of use come by the urgent queue, and once, to compare, by the same.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.benchmarks.clients import DAEMON
from tests.benchmarks.messages import RULES, body
from tests.benchmarks.report import table
from tests.support.breaker_server import BreakerServer
from tests.support.faulty_http import Answer
from tests.support.process import Daemon, fresh, wait_for
from tests.support.sqs_server import SqsProcess
from tests.support.sqs_server.messages import State

_SHIPPED = Path(__file__).parents[2] / "rules"
_TOKENS = 6_000_000
"""At 10 USD a million more than the day's 50: a hard limit, which no cap on open circuits holds back."""


class _Timed(BreakerServer):
    """The table, which remembers when it took what."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, float] = {}

    def _put(self, asked: Mapping[str, Any]) -> Answer:
        self.at.setdefault(asked["Item"]["id"]["S"], time.monotonic())
        return super()._put(asked)


def measure_spending(postgres: EmbeddedPostgres, folder: Path, *, quick: bool) -> None:
    """Print how long it takes until the worker can read that a case is paused."""
    count, storm = (20, 2_000) if quick else (100, 10_000)
    print(
        "\nFrom a record of use in the queue to the circuit in the worker's table, one case after the other:"
        f" {count}, or as many as a storm lasts"
    )
    rows = [
        ("idle", *_run(postgres, folder / "idle", "idle", count, 0, urgent=True)),
        (
            f"storm of {storm} alarms, urgent queue",
            *_run(postgres, folder / "urgent", "urgent", count, storm, urgent=True),
        ),
        (f"storm of {storm} alarms, same queue", *_run(postgres, folder / "same", "same", count, storm, urgent=False)),
    ]
    table(("", "median s", "p99 s", "longest s", "cases", "alarms left at the end"), rows)


def _run(
    postgres: EmbeddedPostgres, folder: Path, name: str, count: int, storm: int, *, urgent: bool
) -> tuple[str, str, str, str, str]:
    folder.mkdir()
    rules = folder / "rules"
    rules.mkdir()
    for file in ("spend.yaml", "budget.yaml"):
        (rules / file).write_bytes((_SHIPPED / file).read_bytes())
    text = (rules / "spend.yaml").read_text(encoding="utf-8").replace("max: 30, per: 1h", "max: 9999, per: 1h")
    (rules / "spend.yaml").write_text(text, encoding="utf-8")
    (rules / "storm.yaml").write_text(RULES.lstrip(), encoding="utf-8")
    database = f"spending_{name}"
    postgres.create_database(database)
    with ExitStack() as stack:
        queues = stack.enter_context(SqsProcess())
        breaker = stack.enter_context(_Timed())
        # A tripped case is judged by its uploads, which are asked of S3.
        uploads = stack.enter_context(EmbeddedAws.start())
        for queue in ("alerts", "urgent"):
            queues.make_queue(queue)
        breaker.make_table("leh-breaker", "id")
        settings = {
            **queues.environment(),
            "AWS_ENDPOINT_URL_DYNAMODB": breaker.url,
            "AWS_ENDPOINT_URL_S3": uploads.url,
            "LEH_DATABASE_URL": postgres.dsn(database),
            "LEH_RULES__DIR": str(rules),
            "LEH_QUEUE__ALERTS": "alerts",
            "LEH_QUEUE__URGENT": "urgent",
            "LEH_BREAKER__TABLE": "leh-breaker",
            "LEH_HTTP__PORT": "0",
            "LEH_MODE": "act",
        }
        stack.enter_context(Daemon(folder / "log", fresh(*DAEMON), **settings))
        _one(queues, breaker, "urgent", "warm")
        if storm:
            queues.put("alerts", [body("distinct", number) for number in range(storm)])
        took: list[float] = []
        # Cases after the storm would be idle ones.
        while len(took) < count and (not took or not storm or _waiting(queues)):
            took.append(_one(queues, breaker, "urgent" if urgent else "alerts", str(len(took))))
        rest = _waiting(queues)
    ordered = sorted(took)
    p99 = ordered[min(len(ordered) - 1, round(len(ordered) * 0.99))]
    return f"{ordered[len(ordered) // 2]:.2f}", f"{p99:.2f}", f"{ordered[-1]:.2f}", str(len(took)), str(rest)


def _waiting(queues: SqsProcess) -> int:
    counts = queues.counts("alerts")
    return counts[State.READY] + counts[State.IN_FLIGHT]


def _one(queues: Any, breaker: _Timed, queue: str, name: str) -> float:
    case = f"case_{name}"
    detail = {"case_id": case, "model": "gpt-4-turbo", "prompt_tokens": _TOKENS, "completion_tokens": 0}
    event = {
        "id": f"use-{name}-{os.getpid()}",
        "source": "leh.ai-worker",
        "detail-type": "TokenUsage",
        "detail": detail,
    }
    began = time.monotonic()
    queues.put(queue, [json.dumps(event)])
    wait_for(lambda: f"case#{case}" in breaker.at, 120, pause=0.005)
    return breaker.at[f"case#{case}"] - began
