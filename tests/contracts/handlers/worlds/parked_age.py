"""The look at how long work waits: an effect is anything but a question."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import Any

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.parked import ParkedTable
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.world import World
from tests.support.faults import refuse
from tests.support.forwarder import Forwarder
from tests.support.gate_tables import Tables
from tests.support.shared_moto import shared_client, shared_moto
from tests.support.sqs_server import REGION

_QUESTIONS = frozenset({"DescribeTable", "Scan"})


class Waiting(World):
    """One piece of work, that waits since a while."""

    handler, name = "parked_age", "waiting"
    throttle = refuse(400, "ThrottlingException")

    def open(self) -> None:
        """Fill the table."""
        self._stack = ExitStack()
        self.store = Tables(shared_client("dynamodb"))
        self.front = Forwarder(shared_moto().url)
        self.faults = self.front.faults
        self._stack.enter_context(self.front)
        first = "2026-11-22T17:30:00+00:00"
        told = {"evidence_id": "ev_1", "body": "{}", "copy": "1", "first_seen": first, "parked_at": first}
        self.store.put(self.store.parked, case_id="case_1", item="ev_1#1", origin="sqs:x", **told)
        self._environment = {**shared_moto().environment(), "AWS_ENDPOINT_URL_DYNAMODB": self.front.url}
        os.environ.update(self._environment)

    def close(self) -> None:
        """End the servers; the tables end with theirs."""
        for name in self._environment:
            os.environ.pop(name, None)
        self._stack.close()

    def params(self) -> Mapping[str, Any]:
        """It is young enough."""
        return {"most": "1h"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapter."""
        aws = await stack.enter_async_context(open_aws(REGION))
        parked = ParkedTable(aws, await aws.client("dynamodb"), self.store.parked)
        console = {"console": ConsoleChannel(io.StringIO())}
        return Capabilities(None, console, None, parked=parked, breaker_table=self.store.breaker)  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """Nothing is changed."""
        return set()

    def effects(self) -> Counter[str]:
        """Requests that change something."""
        return Counter({name: hits for name, hits in self.faults.hits.items() if name not in _QUESTIONS})

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.front.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.front.let_go()


WORLDS = (Waiting,)
