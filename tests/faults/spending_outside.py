"""Owns what is reached where work costs: a provider, DynamoDB's front, EventBridge; the one rule: what passes is kept.

Each keeps it in the order in which it came, on the monotonic clock of the harness.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from boto3.dynamodb.types import TypeDeserializer

from leh_guardian.clock import SystemClock
from tests.faults.world import ALERTS, World
from tests.support.faulty_http import Answer, FaultyServer, Request
from tests.support.forwarder import Forwarder
from tests.support.gate_tables import EventBus
from tests.support.sqs_server import ACCOUNT, REGION

_PAID_SECONDS: Final = 0.03


@dataclass(frozen=True)
class Paid:
    """A call at the provider."""

    at: float
    """On the monotonic clock of the harness, like all instants here."""
    case: str
    evidence: str
    tokens: int
    by: int
    """The worker's process."""


class Provider(FaultyServer):
    """What the workers pay."""

    def __init__(self) -> None:
        super().__init__()
        self.paid: list[Paid] = []

    async def answer(self, request: Request) -> Answer:
        """Write a call down; an answer takes its time."""
        self.paid.append(Paid(time.monotonic(), **json.loads(request.body)))
        await asyncio.sleep(_PAID_SECONDS)
        return Answer(200, b"{}")


@dataclass(frozen=True)
class Written:
    """A version of a circuit that the breaker table has taken."""

    at: float
    key: str
    state: str
    version: int
    actor: str
    reason: str


class DynamoFront(Forwarder):
    """DynamoDB as guardian and the workers reach it; what it takes into the breaker table is written down in order."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.table = ""
        self.written: list[Written] = []
        self.away: list[tuple[float, float]] = []
        """From when to when nobody could reach it."""
        self._turn = asyncio.Lock()

    async def answer(self, request: Request) -> Answer:
        """Pass it on; writes of circuits one by one."""
        if self.operation(request) != "PutItem" or (asked := json.loads(request.body))["TableName"] != self.table:
            return await super().answer(request)
        async with self._turn:
            answer = await super().answer(request)
            if answer.status == 200 and "state" in asked["Item"]:
                item = {name: TypeDeserializer().deserialize(value) for name, value in asked["Item"].items()}
                said = item["state"], int(item["version"]), item["actor"], item["reason"]
                self.written.append(Written(time.monotonic(), item["pk"], *said))
            return answer


class Bus(EventBus):
    """EventBridge, whose rule sends the worker's events into the alert queue; some of them twice."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def answer(self, request: Request) -> Answer:
        """Take events, and deliver them."""
        before = len(self.taken)
        answer = super().answer(request)
        bodies = [json.dumps(delivered(entry)) for entry in self.taken[before:]]
        again = [body for body in bodies if self._world.random.random() < 0.1]
        self._world.sqs.put(ALERTS, bodies + again)
        return answer


def delivered(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": ACCOUNT,
        "time": SystemClock().now().isoformat(),
        "region": REGION,
        "resources": [],
        "detail": json.loads(entry["Detail"]),
    }
