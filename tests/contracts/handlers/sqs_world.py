"""Owns the world of handlers that work on queues; the one rule: it is told by the SQS server's ledger."""

from __future__ import annotations

import io
import os
from contextlib import AsyncExitStack

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.world import World
from tests.support.faults import throttle
from tests.support.letters import Remembered
from tests.support.sqs_server import REGION, SqsServer


class SqsWorld(World):
    """An SQS server with a queue and its DLQ."""

    name, worker = "sqs", "worker"
    throttle = throttle()

    def open(self) -> None:
        """Start the server."""
        self.server = SqsServer().__enter__()
        self.faults = self.server.faults
        self.server.tune(longest_wait=0.01)
        self.letters = Remembered()
        self.queue, self.dlq = self.server.make_pair(self.worker)
        os.environ.update(self.server.environment())

    def close(self) -> None:
        """End the server."""
        for name in self.server.environment():
            os.environ.pop(name, None)
        self.server.__exit__(None, None, None)

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapter; what people are told goes nowhere."""
        aws = await stack.enter_async_context(open_aws(REGION))
        queues = SqsQueues(aws, await aws.client("sqs"))
        console = ConsoleChannel(io.StringIO())
        return Capabilities(queues=queues, channels={"console": console}, letters=self.letters)

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.server.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.server.let_go()

    def advance(self, seconds: float) -> None:
        """Let time pass for visibility timeouts."""
        self.server.advance(seconds)
