"""The look at evidence: an effect is anything but a question."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.world import World
from tests.support.evidence_server import REGION, EvidenceServer
from tests.support.faults import refuse

_QUESTIONS = frozenset({"DescribeTable", "GetItem", "_count"})


class Indexed(World):
    """Evidence that DynamoDB knows nothing of, and the search index does: every question is asked."""

    handler, name = "evidence_exists", "indexed"
    throttle = refuse(429, "ThrottlingException")

    def open(self) -> None:
        """Start the server."""
        self.server = EvidenceServer().__enter__()
        self.faults = self.server.faults
        self.server.make_table("evidence", "case_id", "evidence_id")
        self.server.index("case_rag_case_1", {"evidence_id": "ev_1a2b"})
        os.environ.update(self.server.environment())

    def close(self) -> None:
        """End it."""
        for name in self.server.environment():
            os.environ.pop(name, None)
        self.server.__exit__(None, None, None)

    def params(self) -> Mapping[str, Any]:
        """Ask for it by its key."""
        return {"key": "cases/case_1/raw/ev_1a2b_녹취록.m4a"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters; what people are told goes nowhere."""
        aws = await stack.enter_async_context(open_aws(REGION))
        search = OpenSearch(self.server.url)
        stack.push_async_callback(search.close)
        return Capabilities(
            queues=None,  # type: ignore[arg-type]
            channels={"console": ConsoleChannel(io.StringIO())},
            letters=None,  # type: ignore[arg-type]
            tables=DynamoTables(aws, await aws.client("dynamodb")),
            search=search,
            evidence_table="evidence",
        )

    def expected(self) -> set[str]:
        """Nothing is changed."""
        return set()

    def effects(self) -> Counter[str]:
        """Requests that change something."""
        return Counter({name: hits for name, hits in self.faults.hits.items() if name not in _QUESTIONS})

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.server.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.server.let_go()


WORLDS = (Indexed,)
