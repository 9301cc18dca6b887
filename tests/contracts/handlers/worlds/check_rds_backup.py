"""The check of database backups: an effect is anything but a question."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.world import World
from tests.support.checking import checking
from tests.support.faults import refuse
from tests.support.rds_outside import REGION, RdsOutside

_NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


class BackedUp(World):
    """An instance and a cluster with a snapshot of today: every question is asked."""

    handler, name = "check_rds_backup", "backed_up"
    throttle = refuse(400, "Throttling")

    def open(self) -> None:
        """Start the server."""
        self.server = RdsOutside(_NOW).__enter__()
        self.faults = self.server.faults
        for what, snapshot in (("DBInstance", "DBSnapshot"), ("DBCluster", "DBClusterSnapshot")):
            good = {"BackupRetentionPeriod": 1, "StorageEncrypted": True, "LatestRestorableTime": _NOW}
            self.server.add(f"Describe{what}s", **{f"{what}Identifier": "leh"}, **good)
            taken = {
                "SnapshotType": "automated",
                "Status": "available",
                "SnapshotCreateTime": _NOW - timedelta(hours=6),
            }
            named = {f"{what}Identifier": "leh", f"{snapshot}Identifier": "rds:leh"}
            self.server.add(f"Describe{snapshot}s", **named, **taken)
        os.environ.update(self.server.environment())

    def close(self) -> None:
        """End it."""
        for name in self.server.environment():
            os.environ.pop(name, None)
        self.server.__exit__(None, None, None)

    def params(self) -> Mapping[str, Any]:
        """Look at both."""
        return {"instances": ["leh"], "clusters": ["leh"]}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters; what people are told goes nowhere."""
        aws = await stack.enter_async_context(open_aws(REGION))
        return Capabilities(
            queues=None,  # type: ignore[arg-type]
            channels={"console": ConsoleChannel(io.StringIO())},
            letters=None,  # type: ignore[arg-type]
            checks=checking(aws),
        )

    def expected(self) -> set[str]:
        """Nothing is changed."""
        return set()

    def effects(self) -> Counter[str]:
        """Requests that change something."""
        return Counter({name: hits for name, hits in self.faults.hits.items() if not name.startswith("Describe")})

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.server.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.server.let_go()


WORLDS = (BackedUp,)
