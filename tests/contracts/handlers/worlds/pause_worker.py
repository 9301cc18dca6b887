"""The stop of the worker: an effect is a change of what feeds it, counted where it comes about."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.feeds import LambdaFeeds
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.world import World
from tests.support.faults import refuse
from tests.support.lambda_front import LambdaFront
from tests.support.sqs_server import REGION


class Fed(World):
    """A function with a mapping, and events that a failure destination catches."""

    handler, name = "pause_worker", "lambda"
    writes = frozenset({"UpdateEventSourceMapping", "PutFunctionConcurrency"})
    throttle = refuse(429, "TooManyRequestsException")

    def open(self) -> None:
        """Make the function."""
        self.front = LambdaFront().__enter__()
        self.faults = self.front.faults
        os.environ.update(self.front.environment())

    def close(self) -> None:
        """End the front."""
        for name in self.front.environment():
            os.environ.pop(name, None)
        self.front.__exit__(None, None, None)

    def params(self) -> Mapping[str, Any]:
        """Stop both ways in."""
        return {"function": self.front.function, "direct": True}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapter."""
        aws = await stack.enter_async_context(open_aws(REGION))
        return Capabilities(None, {}, None, feeds=LambdaFeeds(aws, await aws.client("lambda")))  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """Both are stopped."""
        return {"mapping off", "reserved 0"}

    def effects(self) -> Counter[str]:
        """What came about."""
        return Counter(self.front.changes)

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.front.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.front.let_go()


WORLDS = (Fed,)
