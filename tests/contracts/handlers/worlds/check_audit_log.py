"""The check of audit logs: an effect is anything but a question to AWS, and whatever changes a line of the table."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.leh_database.audit_rows import LehAuditRows
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.leh_world import now, watched
from tests.contracts.handlers.world import World
from tests.support.audit_outside import BUCKET, GROUP, PREFIX, QUESTIONS, REGION, AuditOutside
from tests.support.checking import checking
from tests.support.faults import refuse
from tests.support.leh_product import Product

_made: dict[str, Product] = {}
"""By URL: tables are made once."""


class Clean(World):
    """A table, a log group and an object, none of which discloses anything: everything is asked."""

    handler, name = "check_audit_log", "clean"
    throttle = refuse(503, "ThrottlingException")

    def open(self) -> None:
        """Start the server."""
        self.server = AuditOutside().__enter__()
        self.faults = self.server.faults
        self.product: Product | None = None
        os.environ.update(self.server.environment())

    def close(self) -> None:
        """End it."""
        for name in self.server.environment():
            os.environ.pop(name, None)
        self.server.__exit__(None, None, None)

    def params(self) -> Mapping[str, Any]:
        """Look at what the settings name."""
        return {}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters; what people are told goes nowhere."""
        if self.dsn not in _made:
            _made[self.dsn] = await watched(self.dsn, closed=True)
        self.product = _made[self.dsn]
        at = clock.now() - timedelta(hours=2)
        await self.product.do("update audit_logs set timestamp = $1", at)
        self.server.stored_at, self.server.objects = at, {f"{PREFIX}a": b"view case_3f9c\n"}
        self.server.lines = [(at, f"view {number}") for number in range(3)]
        aws = await stack.enter_async_context(open_aws(REGION))
        table = LehAuditRows(self.product.dsn, self.product.names)
        return Capabilities(
            queues=None,  # type: ignore[arg-type]
            channels={"console": ConsoleChannel(io.StringIO())},
            letters=None,  # type: ignore[arg-type]
            checks=checking(aws, table=table, groups=(GROUP,), prefixes=((BUCKET, PREFIX),)),
        )

    def expected(self) -> set[str]:
        """Nothing is changed."""
        return set()

    def effects(self) -> Counter[str]:
        """Requests that change something, and lines that are not as they were."""
        changed = Counter({name: hits for name, hits in self.faults.hits.items() if name not in QUESTIONS})
        if self.product is not None:
            changed["lines"] = abs(len(now(lambda: self.product.do("select 1 from audit_logs"))) - 1)  # type: ignore[union-attr]
        return +changed

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.server.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.server.let_go()


WORLDS = (Clean,)
