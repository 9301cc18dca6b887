"""Writing a deployment down: an effect is a row that was not there before, by PostgreSQL's own count."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import anyio
import anyio.to_thread

from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.engine.reprocessing import NotedDeployments
from leh_guardian.errors import StoreUnavailable
from leh_guardian.model.deployment import Deployment
from leh_guardian.store.pool import Pool
from tests.contracts.handlers.world import World
from tests.support.faults import Faults, Kind, refuse

_NOTE = "note"


class Store(World):
    """guardian's database, which goes away before or after it has written, or hangs."""

    handler, name = "note_deployment", "store"
    writes = frozenset({_NOTE})
    throttle = refuse(503, "busy")

    def open(self) -> None:
        """Nothing has happened."""
        self.faults = Faults()
        self.written: Counter[str] = Counter()
        self.waiting = 0
        self.go = threading.Event()

    def close(self) -> None:
        """Let what hangs end."""
        self.let_go()

    def params(self) -> Mapping[str, Any]:
        """Note one."""
        about = {"at": "2026-11-22T18:00:00Z", "source": "event-1", "what": "UpdateFunctionCode20150331v2"}
        return {"function": "arn:aws:lambda:ap-northeast-2:123456789012:function:leh-ai-worker"} | about

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the store."""
        pool = await self.pools.of("world")
        console = {"console": ConsoleChannel(io.StringIO())}
        return Capabilities(None, console, None, deployments=_Faulty(self, pool, clock))  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """One row."""
        return {"leh-ai-worker"}

    def effects(self) -> Counter[str]:
        """How often one was written."""
        return self.written

    @property
    def hung(self) -> int:
        """Writes that hang."""
        return self.waiting

    def let_go(self) -> None:
        """Let them go on."""
        self.go.set()


class _Faulty(NotedDeployments):
    """The real port, whose answers get lost."""

    def __init__(self, world: Store, pool: Pool, clock: Clock) -> None:
        super().__init__(pool, clock)
        self._world, self._own_clock = world, clock

    async def note(self, deployment: Deployment) -> bool:
        """Write, or not."""
        fault = self._world.faults.decide(_NOTE)
        if fault is None or fault.applied:
            new = await self._apply(super(), deployment)
        if fault is None:
            return new
        if fault.kind is Kind.HANG:
            await anyio.to_thread.run_sync(self._hang, deployment, fault.applied, abandon_on_cancel=True)
        raise StoreUnavailable("PostgreSQL went away")

    async def _apply(self, real: Any, deployment: Deployment) -> bool:
        new: bool = await real.note(deployment)
        self._world.written.update([deployment.function] if new else [])
        return new

    def _hang(self, deployment: Deployment, applied: bool) -> None:
        self._world.waiting += 1
        self._world.go.wait(60)
        if not applied:
            # Whoever has hung up meanwhile: a statement that was held up is carried out.
            anyio.run(self._late, deployment)
        self._world.waiting -= 1

    async def _late(self, deployment: Deployment) -> None:
        pool = await Pool.open(self._world.dsn, size=1)
        try:
            await self._apply(NotedDeployments(pool, self._own_clock), deployment)
        finally:
            await pool.close()


WORLDS = (Store,)
