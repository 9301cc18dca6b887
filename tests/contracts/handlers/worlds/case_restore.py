"""Opening a case: an effect is a line in LEH's own audit log, by PostgreSQL's own count."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any
from uuid import UUID

import anyio
import anyio.to_thread

from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.leh_database import connection
from leh_guardian.adapters.leh_database.cases import LehCases
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.errors import Unavailable
from leh_guardian.model.case import CaseRecord, Restored
from tests.contracts.handlers.world import World
from tests.support.faults import Fault, Faults, Kind, refuse
from tests.support.leh_product import Product, make_product

_LOOK, _RESTORE = "look", "restore"
_SOON = "set local lock_timeout = '300ms'; set local idle_in_transaction_session_timeout = '600ms'"


class Leh(World):
    """LEH's database, which goes away before or after it has written, or hangs."""

    handler, name = "case_restore", "leh"
    writes = frozenset({_RESTORE})
    throttle = refuse(503, "busy")

    def open(self) -> None:
        """The case is not made yet: the URL comes later."""
        self.faults = Faults()
        # An attempt that stands still in its transaction holds the case until PostgreSQL ends it: sooner here.
        self.limits, connection.LIMITS = connection.LIMITS, _SOON
        self.product: Product | None = None
        self.waiting = 0
        self.go = threading.Event()

    def close(self) -> None:
        """Let what hangs end."""
        connection.LIMITS = self.limits
        self.let_go()

    def params(self) -> Mapping[str, Any]:
        """Open it."""
        return {"case": "case_3f9c", "requested_by": "user_1"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Make the case, once, and open the adapter."""
        if self.product is None:
            self.product = await _fresh(self.dsn, clock)
        console = {"console": ConsoleChannel(io.StringIO())}
        return Capabilities(None, console, None, cases=_Faulty(self, self.product))  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """One line."""
        return {"CASE_RESTORED"}

    def effects(self) -> Counter[str]:
        """The lines of the log."""
        assert self.product is not None
        return Counter(line["action"] for line in _now(self.product.log))

    def lost(self) -> set[str]:
        """A line without an open case, or an open case without a line."""
        assert self.product is not None
        is_open = _now(self.product.status) == "active"
        return set() if is_open == bool(self.effects()) else {"status and log differ"}

    @property
    def hung(self) -> int:
        """Calls that hang."""
        return self.waiting

    def let_go(self) -> None:
        """Let them go on."""
        self.go.set()


_made: dict[str, Product] = {}
"""By URL: tables are made once, and emptied for each run."""


async def _fresh(dsn: str, clock: Clock) -> Product:
    if dsn not in _made:
        _made[dsn] = await make_product(dsn, closed=False)
    product = _made[dsn]
    await product.do("truncate audit_logs")
    await product.close_case(f"'{clock.now().isoformat()}'::timestamptz - interval '1 hour'")
    return product


def _now(ask: Any) -> Any:
    """Ask in a thread of its own: whoever counts may stand in an event loop."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(anyio.run(ask)))
    thread.start()
    thread.join()
    return found[0]


class _Faulty(LehCases):
    """The real adapter, whose answers get lost."""

    def __init__(self, world: Leh, product: Product) -> None:
        super().__init__(product.dsn, product.names)
        self._world = world

    async def look(self, case: str) -> CaseRecord:
        """Look, or not."""
        return await self._do(_LOOK, lambda: super(_Faulty, self).look(case))

    async def restore(self, case: str, key: UUID, at: datetime, asked_at: datetime) -> Restored:
        """Restore, or not."""
        return await self._do(_RESTORE, lambda: super(_Faulty, self).restore(case, key, at, asked_at))

    async def _do(self, operation: str, real: Any) -> Any:
        fault: Fault | None = self._world.faults.decide(operation)
        done = await real() if fault is None or fault.applied else None
        if fault is None:
            return done
        if fault.kind is Kind.HANG:
            await anyio.to_thread.run_sync(self._hang, None if fault.applied else real, abandon_on_cancel=True)
        raise Unavailable("LEH's database went away")

    def _hang(self, real: Any) -> None:
        self._world.waiting += 1
        self._world.go.wait(60)
        if real is not None:
            # Whoever has hung up meanwhile: what was held up is carried out.
            anyio.run(real)
        self._world.waiting -= 1


WORLDS = (Leh,)
