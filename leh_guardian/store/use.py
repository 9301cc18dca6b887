"""Owns the look at what was used, for handlers; the one rule: it only reads, each look in a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from leh_guardian.model.spend.limits import Scope, Unit
from leh_guardian.store import spending
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction


class StoreUse:
    """The port `Use`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def between(self, scope: Scope, key: str, since: datetime, until: datetime) -> Mapping[Unit, Decimal]:
        """Return what was used from an instant until before another."""
        async with transaction(self._pool) as tx:
            return await spending.used_between(tx, scope, key, since, until)

    async def by_model(
        self, scope: Scope, key: str, since: datetime, until: datetime
    ) -> Mapping[str, Mapping[Unit, Decimal]]:
        """Return the same for each model, the dearest first; "" is what was counted without one."""
        async with transaction(self._pool) as tx:
            return await spending.models_between(tx, scope, key, since, until)
