"""Opening a circuit: an effect is a state that the worker's table took in the place of an older one."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.breaker_table import BreakerTable
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.engine.circuits import CircuitKeeper
from leh_guardian.engine.directory import People
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.planner import Planner
from leh_guardian.engine.progression import Progression
from leh_guardian.fields import parse_duration
from leh_guardian.model.spend.circuit import Recovery
from leh_guardian.registry import Registry
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.telemetry.metrics import Metrics
from tests.contracts.handlers.world import World
from tests.support.breaker_server import BreakerServer
from tests.support.evidence_server import REGION
from tests.support.faults import refuse

_TABLE = "leh-breaker"


class Table(World):
    """DynamoDB, which takes a write and loses its answer, or hangs, or refuses."""

    handler, name = "circuit_breaker", "table"
    writes = frozenset({"PutItem"})
    throttle = refuse(400, "ThrottlingException")

    def open(self) -> None:
        """Start the server."""
        self.server = BreakerServer().__enter__()
        self.faults = self.server.faults
        self.server.make_table(_TABLE, "id")
        os.environ.update(self.server.environment())

    def close(self) -> None:
        """End it."""
        for name in self.server.environment():
            os.environ.pop(name, None)
        self.server.__exit__(None, None, None)

    def params(self) -> Mapping[str, Any]:
        """Open a case's."""
        return {"key": "case_1", "tier": "park", "reason": "3100000 tokens"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapter, and the record in guardian's database."""
        pool = await self.pools.of("world")
        aws = await stack.enter_async_context(open_aws(REGION))
        client = await aws.client("dynamodb")
        board = BreakerTable(aws, client, DynamoTables(aws, client), _TABLE)
        progression = Progression(Registry(()), Escalator(People("console").directory))
        keeper = CircuitKeeper(
            pool,
            Planner(progression, {}, parse_duration("5m")),
            lambda: RuleSet("", ()),
            board,
            Recovery(),
            clock,
            Metrics(),
            replica="one",
            planned=lambda: None,
        )
        console = {"console": ConsoleChannel(io.StringIO())}
        return Capabilities(None, console, None, circuits=keeper)  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """It is open, in the first version."""
        return {"case#case_1 open 1"}

    def effects(self) -> Counter[str]:
        """What the table took."""
        return self.server.taken

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.server.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.server.let_go()


WORLDS = (Table,)
