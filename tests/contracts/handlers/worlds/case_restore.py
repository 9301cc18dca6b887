"""Opening a case: an effect is a line in LEH's own audit log, by PostgreSQL's own count."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.leh_database.cases import LehCases
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.model.case import CaseRecord, Restored
from tests.contracts.handlers.leh_world import LehWorld, now, watched
from tests.support.leh_product import Product

_LOOK, _RESTORE = "look", "restore"


class Leh(LehWorld):
    """LEH's database, which goes away before or after it has written, or hangs."""

    handler = "case_restore"
    writes = frozenset({_RESTORE})

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
        return Counter(line["action"] for line in now(self.product.log))

    def lost(self) -> set[str]:
        """A line without an open case, or an open case without a line."""
        assert self.product is not None
        is_open = now(self.product.status) == "active"
        return set() if is_open == bool(self.effects()) else {"status and log differ"}


_made: dict[str, Product] = {}
"""By URL: tables are made once, and emptied for each run."""


async def _fresh(dsn: str, clock: Clock) -> Product:
    if dsn not in _made:
        _made[dsn] = await watched(dsn)
    product = _made[dsn]
    await product.do("truncate audit_logs")
    await product.close_case(f"'{clock.now().isoformat()}'::timestamptz - interval '1 hour'")
    return product


class _Faulty(LehCases):
    """The real adapter, whose answers get lost."""

    def __init__(self, world: Leh, product: Product) -> None:
        super().__init__(product.dsn, product.names)
        self._world = world

    async def look(self, case: str) -> CaseRecord:
        """Look, or not."""
        return await self._world.do(_LOOK, lambda: super(_Faulty, self).look(case))

    async def restore(self, case: str, key: UUID, at: datetime, asked_at: datetime) -> Restored:
        """Restore, or not."""
        return await self._world.do(_RESTORE, lambda: super(_Faulty, self).restore(case, key, at, asked_at))


WORLDS = (Leh,)
