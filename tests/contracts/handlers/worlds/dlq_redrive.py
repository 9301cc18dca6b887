"""The redrive of a DLQ: an effect is a message that arrives in the worker's queue, or an event that its function is given."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, ClassVar

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.sqs_world import SqsWorld
from tests.support.faults import refuse
from tests.support.lambda_server import REGION, LambdaServer, arn_of


class Redrive(SqsWorld):
    """Twelve messages in a DLQ: a full batch and another."""

    handler = "dlq_redrive"
    writes = frozenset({"SendMessageBatch", "DeleteMessageBatch"})
    # Between sending a batch and remembering it: ten messages.
    windows: ClassVar = {"SendMessageBatch": 10, "redrive.sent": 10}

    def open(self) -> None:
        """Fill the DLQ."""
        super().open()
        self.bodies = {f"증거 {n:02}" for n in range(12)}
        self.fill()

    def fill(self) -> None:
        """Put the messages in."""
        self.server.put(self.dlq, sorted(self.bodies))

    def params(self) -> Mapping[str, Any]:
        """Redrive it."""
        return {"queue": self.dlq, "rate": 1000}

    def expected(self) -> set[str]:
        """Every message arrives."""
        return self.bodies

    def effects(self) -> Counter[str]:
        """How often each arrived."""
        return self.server.bodies(self.queue)

    def lost(self) -> set[str]:
        """Gone from the DLQ, and never arrived."""
        live = {"ready", "delayed", "in_flight"}
        return (
            self.bodies - set(self.effects()) - {e["body"] for e in self.server.ledger(self.dlq) if e["state"] in live}
        )


class RedriveFifo(Redrive):
    """The same with FIFO queues, which know a message again within five minutes: nothing arrives twice, and none overtakes."""

    name, worker = "fifo", "worker.fifo"
    windows: ClassVar = {}

    def fill(self) -> None:
        """Put the messages in, in four groups."""
        self.server.put(self.dlq, sorted(self.bodies), group=lambda n: f"group {n % 4}", deduplication_id=str)

    def effects(self) -> Counter[str]:
        """How often each arrived; those of a group in the order in which they died."""
        arrived = self.server.ledger(self.queue)
        for group in {entry["group"] for entry in arrived}:
            bodies = [entry["body"] for entry in arrived if entry["group"] == group]
            assert bodies == sorted(bodies), f"overtaken in {group}: {bodies}"
        return super().effects()


class Reinvoke(SqsWorld):
    """Two failures that Lambda recorded: each is an invocation of its own, and one of them at most is repeated."""

    handler, name = "dlq_redrive", "function"
    writes = frozenset({"Invoke", "DeleteMessageBatch"})
    # Between an invocation and remembering it.
    windows: ClassVar = {"Invoke": 1, "redrive.sent": 1}
    throttle = refuse(429, "TooManyRequestsException")

    def open(self) -> None:
        """Record the failures, with a request and an answer each."""
        super().open()
        self.functions = LambdaServer().__enter__()
        self.functions.faults = self.faults
        self.functions.make_function("leh-ai-worker")
        os.environ.update(self.functions.environment())
        self.records = {json.dumps(_record(n)): f'{{"n":{n}}}' for n in range(2)}
        self.server.put(self.dlq, list(self.records))

    def close(self) -> None:
        """End both servers."""
        self.functions.__exit__(None, None, None)
        for name in self.functions.environment():
            os.environ.pop(name, None)
        super().close()

    def params(self) -> Mapping[str, Any]:
        """Invoke the function that failed."""
        return {"queue": self.dlq, "rate": 1000, "function": "leh-ai-worker"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open both adapters."""
        can = await super().capabilities(stack, clock)
        aws = await stack.enter_async_context(open_aws(REGION))
        return replace(can, functions=LambdaFunctions(aws, await aws.client("lambda")))

    def expected(self) -> set[str]:
        """Each gets what it was given before."""
        return set(self.records.values())

    def effects(self) -> Counter[str]:
        """How often each was queued."""
        return Counter(payload.decode() for payload in self.functions.payloads())

    def lost(self) -> set[str]:
        """Gone from the DLQ, and never queued."""
        live = {"ready", "delayed", "in_flight"}
        there = {self.records[e["body"]] for e in self.server.ledger(self.dlq) if e["state"] in live}
        return self.expected() - set(self.effects()) - there

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return super().hung + self.functions.hung

    def let_go(self) -> None:
        """Let them go on."""
        super().let_go()
        self.functions.let_go()


def _record(number: int) -> dict[str, Any]:
    """What Lambda writes to a failure destination."""
    context = {"functionArn": f"{arn_of('leh-ai-worker')}:$LATEST", "condition": "RetriesExhausted"}
    answer = {"errorType": "KeyError", "errorMessage": "'text'"}
    return {"version": "1.0", "requestContext": context, "requestPayload": {"n": number}, "responsePayload": answer}


WORLDS = (Redrive, RedriveFifo, Reinvoke)
