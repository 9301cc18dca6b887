"""Owns the AI worker as a process, fed by a queue; the one rule: its work goes through the gate as docs/breaker.md shows it.

It is forked by the fork server; GUARDIAN_TEST_WORKER (JSON, an `Order`) says where everything is, and at which instant it is
killed. What a piece costs is said in its message: so many calls to a provider of so many tokens. A piece that is done has a
finished record in the table of evidence. Nothing of guardian is used but its gate.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import boto3
from botocore.config import Config

from leh_guardian import gate
from leh_guardian.gate import Call, Gate, Work, handle_sqs
from tests.support.forks import ORDER

INSTANTS = ("reserved", "used", "parked", "saved", "deleted")
"""Where it can be killed: after a call was let through; after the provider has been paid; between parking a piece and deleting
its message; between its record and the deleting; after that."""
_ARN = "arn:aws:sqs:ap-northeast-2:123456789012:{}"


@dataclass(frozen=True)
class Order:
    """What a worker is told."""

    queue: str
    url: str
    """The queue's."""
    provider: str
    """Where its provider is."""
    breaker: str
    parked: str
    evidence: str
    """The names of its tables."""
    cache: float
    """Seconds for which it believes a circuit."""
    threads: int = 2
    kill: str = ""
    """instant:n, at whose n-th time it is killed."""

    def environment(self) -> dict[str, str]:
        """Return the variable that says all this."""
        return {ORDER: json.dumps(asdict(self))}


class _Mortal:
    """Where it dies."""

    def __init__(self, kill: str) -> None:
        self._instant, _, at = kill.partition(":")
        self._at = int(at or 1)
        self._hits: Counter[str] = Counter()
        self._turn = threading.Lock()

    def reach(self, instant: str) -> None:
        """Die here, if it is the one."""
        with self._turn:
            self._hits[instant] += 1
            if instant == self._instant and self._hits[instant] == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


class _Gate(Gate):
    """The gate, with the instants at which a process may end."""

    mortal: _Mortal

    def park(self, work: Work, reason: str) -> None:
        """Park; then maybe die."""
        super().park(work, reason)
        self.mortal.reach("parked")

    @contextmanager
    def call(self, work: Work, *, model: str, estimate: int, attempt: int = 1) -> Iterator[Call]:
        """Let a call through; maybe die with what it has reserved."""
        with super().call(work, model=model, estimate=estimate, attempt=attempt) as call:
            self.mortal.reach("reserved")
            yield call
            self.mortal.reach("used")


class _Worker:
    """One container with a few threads."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._mortal = _Mortal(order.kill)
        self._gate = _Gate(order.breaker, order.parked)
        self._gate.mortal = self._mortal
        config = Config(connect_timeout=2, read_timeout=15, retries={"total_max_attempts": 2})
        self._sqs = boto3.client("sqs", config=config)
        self._dynamo = boto3.client("dynamodb", config=config)

    def work(self) -> None:
        """Work until the end of the process."""
        for _ in range(self._order.threads - 1):
            threading.Thread(target=self._turns, daemon=True).start()
        self._turns()

    def _turns(self) -> None:
        while True:
            try:
                self._turn()
            except Exception:
                # Whatever is away: a mapping goes on asking.
                logging.exception("a turn has failed")
                time.sleep(0.2)

    def _turn(self) -> None:
        """Take a batch and work on it, as Lambda's event source mapping does with ReportBatchItemFailures."""
        asked = {"MessageSystemAttributeNames": ["All"], "MaxNumberOfMessages": 2, "WaitTimeSeconds": 10}
        taken = self._sqs.receive_message(QueueUrl=self._order.url, **asked).get("Messages", [])
        arn = _ARN.format(self._order.queue)
        records = [
            {"messageId": m["MessageId"], "body": m["Body"], "attributes": m["Attributes"], "eventSourceARN": arn}
            for m in taken
        ]
        if not records:
            return
        answer = handle_sqs(self._gate, {"Records": records}, self._process)
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        for message in taken:
            if message["MessageId"] not in failed:
                self._sqs.delete_message(QueueUrl=self._order.url, ReceiptHandle=message["ReceiptHandle"])
                self._mortal.reach("deleted")

    def _process(self, piece: Work) -> None:
        costs = json.loads(piece.body)["Records"][0]["costs"]
        own = replace(piece, user_id=costs["user"])
        for _ in range(costs["calls"]):
            with self._gate.call(own, model=costs["model"], estimate=costs["tokens"]) as call:
                self._ask(own, costs["tokens"])
                call.used(costs["tokens"], 0)
        self._gate.check(own.case_id, own.user_id)
        now = datetime.now(UTC).isoformat()  # noqa: TID251 - the worker's own clock
        record = {"evidence_id": own.evidence_id, "case_id": own.case_id, "status": "processed", "updated_at": now}
        item = {name: {"S": value} for name, value in record.items()}
        self._dynamo.put_item(TableName=self._order.evidence, Item=item)
        self._mortal.reach("saved")

    def _ask(self, piece: Work, tokens: int) -> None:
        """Pay for a call."""
        paid = {"case": piece.case_id, "evidence": piece.evidence_id, "tokens": tokens, "by": os.getpid()}
        with urllib.request.urlopen(f"{self._order.provider}/call", json.dumps(paid).encode(), timeout=10) as answer:
            answer.read()


def main() -> None:
    """Be a worker as the environment says; never returns."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    order = Order(**json.loads(os.environ[ORDER]))
    gate.CACHE_SECONDS = order.cache
    _Worker(order).work()
