"""Reprocessing: an effect is a piece of evidence that the admin API gives to the worker."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, ClassVar

from leh_guardian.adapters.admin_api import HttpAdminApi, admin_session
from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.engine.reprocessing import ReprocessingRows
from leh_guardian.registry import Effect
from tests.contracts.handlers.world import World
from tests.support.faults import refuse
from tests.support.letters import Remembered
from tests.support.reprocess_outside import ASK, TABLE, ReprocessOutside
from tests.support.sqs_server import REGION, SqsServer


class Unkeyed(World):
    """One piece, and an API that knows nothing of keys: whatever is asked for twice is done twice."""

    handler, name = "reprocess_evidence", "unkeyed"
    writes: ClassVar = frozenset({ASK})
    throttle = refuse(429, "ThrottlingException")
    evidence: ClassVar = ("ev_0",)
    honours_keys: ClassVar = False

    def open(self) -> None:
        """Start the table and the API."""
        self.outside = ReprocessOutside(honours_keys=self.honours_keys).__enter__()
        self.faults = self.outside.faults
        self.outside.make_table(TABLE, "evidence_id")
        os.environ.update(self.outside.environment())

    def close(self) -> None:
        """End them."""
        for name in self.outside.environment():
            os.environ.pop(name, None)
        self.outside.__exit__(None, None, None)
        assert len(self.outside.desk.keys) <= len(self.evidence), "a repeated request has another key"

    def params(self) -> Mapping[str, Any]:
        """Have it processed."""
        return {"evidence": self.evidence[0]}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters, and the rows in a real store."""
        aws = await stack.enter_async_context(open_aws(REGION))
        session = await stack.enter_async_context(admin_session(10.0))
        pool = await self.pools.of("world")
        return Capabilities(
            queues=await self.queues(aws),
            channels={"console": ConsoleChannel(io.StringIO())},
            letters=self.letters,
            tables=DynamoTables(aws, await aws.client("dynamodb")),
            evidence_table=TABLE,
            admin=HttpAdminApi(session, self.outside.url, None, deadline=10.0, idempotent=self.honours_keys),
            reprocessing=ReprocessingRows(pool, clock),
        )

    letters: Any = None

    async def queues(self, aws: Aws) -> Any:
        """There are none."""
        return None

    def expected(self) -> set[str]:
        """Every piece."""
        return set(self.evidence)

    def effects(self) -> Counter[str]:
        """How often each was given to the worker."""
        return Counter(self.outside.desk.effects)

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.outside.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.outside.let_go()


class Keyed(Unkeyed):
    """Letters in a DLQ, and an API that honours keys: then all of them finish, whatever happens."""

    name = "keyed"
    promised = Effect.EXACTLY_ONCE
    evidence: ClassVar = ("ev_0", "ev_1")
    honours_keys: ClassVar = True

    def open(self) -> None:
        """Start them, and an SQS server with a DLQ."""
        super().open()
        self.server = SqsServer()
        # One plan for all of the outside.
        self.server.faults = self.faults
        self.server.__enter__()
        self.server.tune(longest_wait=0.01)
        self.letters = Remembered()
        self.queue, self.dlq = self.server.make_pair("worker")
        self.server.put(self.dlq, [json.dumps({"evidence_id": each}) for each in self.evidence])
        os.environ["AWS_ENDPOINT_URL_SQS"] = self.server.url

    def close(self) -> None:
        """End them."""
        os.environ.pop("AWS_ENDPOINT_URL_SQS", None)
        self.server.__exit__(None, None, None)
        super().close()

    def params(self) -> Mapping[str, Any]:
        """Have all of it processed."""
        return {"source": self.dlq, "rate": 1000}

    async def queues(self, aws: Aws) -> Any:
        """Those of the server."""
        return SqsQueues(aws, await aws.client("sqs"))

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return super().hung + self.server.hung

    def let_go(self) -> None:
        """Let them go on."""
        super().let_go()
        self.server.let_go()

    def advance(self, seconds: float) -> None:
        """Let time pass for visibility timeouts."""
        self.server.advance(seconds)

    def lost(self) -> set[str]:
        """Neither done nor in the DLQ, nor in quarantine."""
        live = {"ready", "delayed", "in_flight"}
        there = {entry["body"] for entry in self.server.ledger(self.dlq) if entry["state"] in live}
        there |= {letter.message.body.decode() for letter in self.letters.kept.values()}
        return self.expected() - set(self.effects()) - {json.loads(body)["evidence_id"] for body in there}


WORLDS = (Unkeyed, Keyed)
