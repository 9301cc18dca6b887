"""The release of parked work: an effect is a piece of work that arrives in the worker's queue, or that its function is given."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from typing import Any, ClassVar

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.parked import ParkedTable
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.sqs_world import SqsWorld
from tests.faults.sizes import LONG
from tests.support.forwarder import Forwarder
from tests.support.gate_tables import Tables
from tests.support.lambda_server import LambdaServer
from tests.support.shared_moto import shared_client, shared_moto
from tests.support.sqs_server import ACCOUNT, REGION

CASE = "case_a"


class Release(SqsWorld):
    """Two pieces in the table, of messages of a Standard queue."""

    handler = "release_parked"
    writes = frozenset({"SendMessageBatch", "DeleteItem"})
    # Between sending a piece and writing that down.
    windows: ClassVar = {"SendMessageBatch": 1, "release.sent": 1}
    origin = f"sqs:https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/worker"
    group: ClassVar[Mapping[str, str]] = {}

    def open(self) -> None:
        """Fill the table."""
        super().open()
        self._stack = ExitStack()
        self.store = Tables(shared_client("dynamodb"))
        self.front = Forwarder(shared_moto().url)
        # One plan for all of the outside.
        self.front.faults = self.faults
        self._stack.enter_context(self.front)
        self.named = {f"ev_{number}": f'{{"evidence_id": "ev_{number}"}}' for number in range(2)}
        for number, (evidence, body) in enumerate(self.named.items()):
            first = f"2026-11-22T09:00:0{number}+00:00"
            told = {"evidence_id": evidence, "body": body, "copy": evidence, "first_seen": first, "parked_at": first}
            item = told | {"case_id": CASE, "item": f"{evidence}#1", "origin": self.origin, **self.group}
            self.store.put(self.store.parked, **item)
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = self.front.url

    def close(self) -> None:
        """End the servers; the tables end with theirs."""
        os.environ.pop("AWS_ENDPOINT_URL_DYNAMODB", None)
        self._stack.close()
        super().close()

    def params(self) -> Mapping[str, Any]:
        """Send everything back."""
        return {"case": CASE, "queue": self.worker, "rate": 3000, "ramp": False, "settle": "0s"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters."""
        can = await super().capabilities(stack, clock)
        aws = await stack.enter_async_context(open_aws(REGION))
        dynamo = await aws.client("dynamodb")
        parked = ParkedTable(aws, dynamo, self.store.parked)
        return replace(can, tables=DynamoTables(aws, dynamo), parked=parked, breaker_table=self.store.breaker)

    def expected(self) -> set[str]:
        """Every piece."""
        return set(self.named.values())

    def effects(self) -> Counter[str]:
        """How often each arrived."""
        return self.server.bodies(self.queue)

    def lost(self) -> set[str]:
        """Gone from the table, and never arrived."""
        there = {self.named[item["evidence_id"]] for item in self.store.items()}
        return self.expected() - set(self.effects()) - there

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return super().hung + self.front.hung

    def let_go(self) -> None:
        """Let them go on."""
        super().let_go()
        self.front.let_go()


class ReleaseFifo(Release):
    """The same from a FIFO queue, which knows a copy again within five minutes: nothing arrives twice."""

    name, worker = "fifo", "worker.fifo"
    windows: ClassVar = {}
    origin = f"{Release.origin}.fifo"
    group: ClassVar = {"group": CASE}


class ReleaseEvents(Release):
    """What a function was invoked with: each is an invocation, and one of them at most is repeated."""

    name = "function"
    writes = frozenset({"Invoke", "DeleteItem"})
    windows: ClassVar = {"Invoke": 1, "release.sent": 1}
    origin = "lambda:leh-ai-worker"

    def open(self) -> None:
        """Make the function."""
        super().open()
        self.functions = LambdaServer()
        self.functions.faults = self.faults
        self._stack.enter_context(self.functions)
        self.functions.make_function("leh-ai-worker")
        os.environ["AWS_ENDPOINT_URL_LAMBDA"] = self.functions.url

    def close(self) -> None:
        """Forget it."""
        os.environ.pop("AWS_ENDPOINT_URL_LAMBDA", None)
        super().close()

    def params(self) -> Mapping[str, Any]:
        """Invoke it."""
        return {"case": CASE, "function": "leh-ai-worker", "rate": 3000, "ramp": False, "settle": "0s"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open that adapter, too."""
        can = await super().capabilities(stack, clock)
        aws = await stack.enter_async_context(open_aws(REGION))
        return replace(can, functions=LambdaFunctions(aws, await aws.client("lambda")))

    def effects(self) -> Counter[str]:
        """How often each was queued."""
        return Counter(payload.decode() for payload in self.functions.payloads())

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return super().hung + self.functions.hung

    def let_go(self) -> None:
        """Let them go on."""
        super().let_go()
        self.functions.let_go()


WORLDS = (Release, ReleaseFifo, ReleaseEvents) if LONG else (Release,)
