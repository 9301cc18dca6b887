"""A look at what was used changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, ClassVar

from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.store.use import StoreUse
from tests.contracts.handlers.worlds.reconcile_case import UnkeyedCase


class Measured(UnkeyedCase):
    """The same outside, where objects are listed, and guardian's own counters."""

    handler, name = "billing_review", "look"
    writes: ClassVar = frozenset()

    def params(self) -> Mapping[str, Any]:
        """Look."""
        return {"key": "case_1"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters."""
        pool = await self.pools.of("world")
        return replace(await super().capabilities(stack, clock), use=StoreUse(pool))

    def expected(self) -> set[str]:
        """Nothing."""
        return set()

    def effects(self) -> Counter[str]:
        """What was asked for all the same."""
        return Counter(self.outside.desk.requests)


WORLDS = (Measured,)
